import type { Fence } from "../../src/instance-types.ts";
import type { InboxKey, OutboxRow } from "../../src/record-types.ts";

/** The key of the bot's request to reserve for a run. */
export function key(run: string): InboxKey {
  return { sender: "@cs-bot", kind: "request", subject: { run, revision: 1, step: "reserve", attempt: 1 } };
}
/** What the instance chosen first for it holds. */
export function fenceOf(run: string, token = 1): Fence {
  return { inbox: key(run), token };
}
export function replyId(run: string): string {
  return `result-bot-${run}-1-reserve-1`;
}
/** The answer to it. */
export function reply(run: string, dueAt: number): OutboxRow {
  return {
    id: replyId(run),
    to: "bot",
    kind: "result",
    subject: { run, revision: 1, step: "reserve", attempt: 1 },
    body: { output: { ok: true, text: "ünï" } },
    dueAt,
    tries: 0,
    expiresAt: 99_999,
  };
}
