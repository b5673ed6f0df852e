import { toErrorInfo } from "../errors.ts";
import type { Logger, StepQueue } from "../ports.ts";
import type { Engine } from "./engine.ts";

/** Works on the queue's jobs. A job that fails is thrown back: the queue tries again, or the sweeper finds its step. */
export async function startWorker(o: {
  readonly queue: StepQueue;
  readonly engine: Pick<Engine, "dispatch">;
  readonly log: Logger;
}): Promise<void> {
  await o.queue.work(async (job) => {
    try {
      await o.engine.dispatch(job);
    } catch (error) {
      o.log.warn({ run: job.run, step: job.step, code: toErrorInfo(error).code }, "dispatch-failed");
      throw error;
    }
  });
}
