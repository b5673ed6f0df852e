import { isLasting } from "../clock-ahead.ts";
import type { AppError } from "../errors.ts";
import { toErrorInfo } from "../errors.ts";
import type { Timers } from "../link/timers.ts";
import type { Clock, Logger } from "../ports.ts";

/** An instance that runs under the keys it was started with. */
export interface RunningInstance {
  /** False once its grant was taken back or has ended. */
  isGranted(): boolean;
  stop(): Promise<void>;
}
export interface KeepOptions {
  /** `onLost`: nothing can be received any more. */
  readonly start: (onLost: (error: AppError) => void) => Promise<RunningInstance>;
  /** Changes when the instance's keys are replaced. */
  readonly stamp: () => Promise<string>;
  /** Told when the instance cannot go on for another reason than that it was let out. */
  readonly onFatal: (error: AppError) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
}

const lookMs = 1_000;
const tryAgainMs = 30_000;
/** Grants and enrollments that ended: new keys or a new grant heal it, another try does not. */
const outCodes = new Set([
  "grant-revoked",
  "grant-expired",
  "no-grant",
  "AT0025",
  "AT0027",
  "AT0028",
  "AT0029",
  "AT0401",
]);

/**
 * Runs an instance for as long as it may: one that is revoked stops by itself and waits to be let in again, one whose
 * keys were replaced changes over. The other agents of the process do not notice either.
 */
export async function keepInstance(o: KeepOptions): Promise<{ stop(): Promise<void> }> {
  const { clock, timers, log } = o;
  let running: RunningInstance | undefined;
  let stamp = "";
  let isLost = false;
  let triedAt = 0;
  let stopped = false;
  let cancel = (): void => undefined;
  let working: Promise<void> = Promise.resolve();

  const start = async (): Promise<void> => {
    stamp = await o.stamp();
    triedAt = clock.now();
    isLost = false;
    running = await o.start((error) => {
      if (isOut(error)) {
        isLost = true;
      } else {
        o.onFatal(error);
      }
    });
  };
  const end = async (reason: string): Promise<void> => {
    log.error({ reason }, "instance-stopped");
    const ended = running;
    running = undefined;
    await ended?.stop();
  };
  const look = async (): Promise<void> => {
    const isNew = (await o.stamp()) !== stamp;
    if (running !== undefined) {
      if (isNew) {
        await end("its keys were replaced");
      } else if (isLost) {
        await end("its enrollment has ended");
      } else if (!running.isGranted()) {
        await end("its grant has ended");
      }
    }
    const isTime = isNew || !isLasting(triedAt + tryAgainMs, tryAgainMs, clock.now());
    if (running === undefined && isTime) {
      await start();
      log.info({}, "instance-started");
    }
  };
  const lookOnce = async (): Promise<void> => {
    try {
      await look();
    } catch (error) {
      log.warn({ code: codeOf(error) }, "instance-not-started");
    }
    if (!stopped) {
      lookLater();
    }
  };
  const lookLater = (): void => {
    cancel = timers.after(lookMs, () => {
      working = lookOnce();
    });
  };

  try {
    await start();
  } catch (error) {
    if (!isOut(error)) {
      throw error;
    }
    log.error({ code: codeOf(error) }, "instance-not-started");
  }
  lookLater();
  return {
    async stop() {
      stopped = true;
      cancel();
      await working;
      await running?.stop();
    },
  };
}

function isOut(error: unknown): boolean {
  return outCodes.has(codeOf(error)) || (error instanceof Error && outCodes.has(codeOf(error.cause)));
}
/** Errors of the atSDK carry their code like ours. */
function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : toErrorInfo(error).code;
}
