import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "../errors.ts";
import type { ControlClient } from "./control-client.ts";

const tryAgainMs = 200;
const lostCodes = new Set(["ECONNRESET", "EPIPE", "ECONNREFUSED", "ENOENT"]);

/** Whether the other process went away, or what it stands on did, rather than that it answered. */
export function isLost(error: unknown): boolean {
  if (error instanceof AppError) {
    return error.code === "not-running" || (error.code === "data-unavailable" && error.retryable);
  }
  return error instanceof Error && "code" in error && lostCodes.has(String(error.code));
}

/**
 * A client that waits for a bot that was killed and started again, or for its database, up to `patienceMs` each time. All that it repeats
 * is harmless to repeat: requests carry their own key, and the first decision counts.
 */
export function patientClient(client: ControlClient, patienceMs: number, waiting: () => void): ControlClient {
  async function patiently<T>(call: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + patienceMs;
    for (let first = true; ; first = false) {
      try {
        return await call();
      } catch (error) {
        if (!isLost(error) || performance.now() > deadline) {
          throw error;
        }
        if (first) {
          waiting();
        }
        await pause(tryAgainMs);
      }
    }
  }
  return {
    get: (url) => patiently(() => client.get(url)),
    post: (url, body) => patiently(() => client.post(url, body)),
    async *lines(url) {
      const deadline = () => performance.now() + patienceMs;
      for (let until = deadline(); ;) {
        let lost: unknown = new AppError("connection-lost", "the bot ends the stream again and again");
        try {
          for await (const line of client.lines(url)) {
            yield line;
            // What the reader took counts for nothing.
            until = deadline();
          }
        } catch (error) {
          if (!isLost(error)) {
            throw error;
          }
          lost = error;
        }
        if (performance.now() > until) {
          throw lost;
        }
        waiting();
        await pause(tryAgainMs);
      }
    },
  };
}
