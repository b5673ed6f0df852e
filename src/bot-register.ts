import { isLasting } from "./clock-ahead.ts";
import { toErrorInfo } from "./errors.ts";
import type { Clock, Logger } from "./ports.ts";
import type { LeaseRecord } from "./record-types.ts";

/** The bots that work on one record: who is there, and which of them does what only one may do. */
export interface BotRegister {
  start(): Promise<void>;
  /** Whether other bots were there at the last look. */
  others(): boolean;
  /** True while this bot alone may have the journal witnessed. */
  leads(): boolean;
  stop(): Promise<void>;
}

const prefix = "bot:";
const leadership = "witness";
const renewMs = 2_000;
/** Longer than most pauses of a process; a dead bot's work is taken up after this. */
const leaseMs = 10_000;
/** A lease is believed a little shorter than others see it: clocks and pauses. */
const marginMs = 2_000;

/** For the one bot of a record that nobody else can open. */
export function alone(onLeads: (leads: boolean) => void): BotRegister {
  return {
    start: async () => onLeads(true),
    others: () => false,
    leads: () => true,
    stop: async () => undefined,
  };
}

export function createBotRegister(o: {
  readonly leases: LeaseRecord;
  /** Of this process's life. */
  readonly id: string;
  /** Leadership was gained or lost. */
  readonly onLeads: (leads: boolean) => void;
  readonly clock: Clock;
  readonly timers: { after(ms: number, call: () => void): () => void };
  readonly log: Logger;
}): BotRegister {
  const { leases, id, clock, log } = o;
  const own = `${prefix}${id}`;
  let others = 0;
  let ledUntil = Number.NEGATIVE_INFINITY;
  let told = false;
  let stopped = false;
  let cancel = (): void => undefined;
  let renewing: Promise<void> = Promise.resolve();

  const leads = (): boolean => isLasting(ledUntil - marginMs, leaseMs, clock.now());
  const tell = (): void => {
    if (told !== leads()) {
      told = leads();
      log.info({ leads: told }, "witness-leader");
      o.onLeads(told);
    }
  };
  const renew = async (): Promise<void> => {
    const now = clock.now();
    await leases.hold(own, id, { now, leaseMs });
    ledUntil = (await leases.hold(leadership, id, { now, leaseMs }))
      ? now + leaseMs
      : Number.NEGATIVE_INFINITY;
    const count = (await leases.held(prefix, now)).filter(({ holder }) => holder !== id).length;
    if (count !== others) {
      log.info({ others: count }, "bots");
    }
    others = count;
  };
  const renewAgain = (): void => {
    cancel = o.timers.after(renewMs, () => {
      renewing = renew()
        .catch((error: unknown) => log.warn({ code: toErrorInfo(error).code }, "lease-not-renewed"))
        .finally(() => {
          if (!stopped) {
            tell();
            renewAgain();
          }
        });
    });
  };

  return {
    async start() {
      await renew();
      tell();
      renewAgain();
    },
    others: () => others > 0,
    leads,
    async stop() {
      stopped = true;
      cancel();
      await renewing;
      await leases.release(id).catch(() => undefined);
    },
  };
}
