import type { Context } from "hono";
import { stream } from "hono/streaming";
import type { ErrorInfo } from "../../src/domain.ts";

/** Well below what whoever asks waits for a word. */
const everyMs = 10_000;

/**
 * Answers with what the work gives, as JSON, however long that takes: as long as nothing is known an empty line now and
 * then says that this process does not stand still. It begins before the outcome is known, so that an error is told by
 * the answer, `{"error":…}`, and not by its status.
 */
export function longAnswer(
  context: Context,
  work: () => Promise<unknown>,
  o: { readonly errorInfo: (error: unknown) => ErrorInfo; readonly everyMs?: number },
): Response {
  context.header("content-type", "application/json");
  return stream(context, async (out) => {
    const alive = setInterval(() => void out.write("\n"), o.everyMs ?? everyMs);
    try {
      const answer = await work().catch((error: unknown) => ({ error: o.errorInfo(error) }));
      await out.write(JSON.stringify(answer));
    } finally {
      clearInterval(alive);
    }
  });
}
