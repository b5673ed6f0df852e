import type { AgentAddress } from "../domain.ts";
import { toErrorInfo } from "../errors.ts";
import type { AgentLink } from "../link-port.ts";
import { clockSkewMs } from "./envelope-header.ts";
import type { Clock, Logger } from "../ports.ts";
import { type Announcement, type InstanceFacts, leaseMs, presenceRun, renewMs } from "./presence-message.ts";
import { pause, type Timers } from "./timers.ts";

/** Tells the bot, again and again, that this instance is there. */
export interface Announcer {
  /** `lease` is the instance's in its books: what it says now counts for more than what it said in an earlier life. */
  start(lease: number): void;
  /** It takes nothing new from now on. */
  drain(): void;
  /** Says goodbye, as far as that can be said within two seconds. */
  stop(): Promise<void>;
}
export interface AnnouncerOptions {
  readonly link: Pick<AgentLink, "send">;
  /** The bot's address; throws AppErrors. */
  readonly bot: () => AgentAddress;
  readonly facts: InstanceFacts;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

const retryMs = 1_000;
const goodbyeMs = 2_000;

/**
 * Announcements are progress messages of a run of their own: frequent, unsigned, and worthless once they are old. The bot
 * counts their lease from receipt: they must not be old to it when they arrive because this clock is behind.
 */
export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { link, clock, timers, log } = options;
  let lease = 0;
  let sequence = 0;
  let health: Announcement["health"] = "ok";
  let cancelNext = (): void => undefined;

  const send = async (): Promise<void> => {
    sequence += 1;
    await link.send({
      to: options.bot(),
      kind: "progress",
      subject: { run: presenceRun, revision: 1, step: "instance", attempt: lease },
      sequence,
      body: { facts: options.facts, health },
      expiresAt: clock.now() + leaseMs + clockSkewMs,
    });
  };
  const sendLogged = (): Promise<boolean> =>
    send().then(
      () => true,
      (error: unknown) => {
        log.warn({ code: toErrorInfo(error).code }, "not-announced");
        return false;
      },
    );
  const announce = (): void => {
    void announceNow();
  };
  const announceNow = async (): Promise<void> => {
    cancelNext();
    const sent = await sendLogged();
    if (health !== "gone") {
      cancelNext();
      cancelNext = timers.after(sent ? renewMs : retryMs, announce);
    }
  };

  return {
    start(number) {
      lease = number;
      announce();
    },
    drain() {
      health = "draining";
      announce();
    },
    async stop() {
      health = "gone";
      cancelNext();
      const said = new AbortController();
      const goodbye = async (): Promise<void> => {
        await sendLogged();
        said.abort();
      };
      void goodbye();
      await pause(timers, goodbyeMs, said.signal);
    },
  };
}
