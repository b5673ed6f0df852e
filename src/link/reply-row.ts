import { canonicalJson } from "../canonical.ts";
import type { ErrorInfo, Json } from "../domain.ts";
import type { MessageSubject, ReceivedEnvelope } from "../link-types.ts";
import { AppError } from "../errors.ts";
import type { Fence } from "../instance-types.ts";
import type { InboxKey, OutboxRow } from "../record-types.ts";
import { maxContainerBytes } from "./envelope.ts";
import { maxHeaderBytes } from "./envelope-header.ts";

/** How long an answer is offered to a requester that does not acknowledge it. */
const replyLifetimeMs = 24 * 3_600_000;
const maxReplyBytes = maxContainerBytes - 2 * maxHeaderBytes;

/** The stored answer to a request: one row per requester and subject, so that nobody can close another's. */
export function replyRow(
  message: ReceivedEnvelope,
  answer: { readonly output: Json } | { readonly error: ErrorInfo },
  now: number,
): OutboxRow {
  const kind = "output" in answer ? "result" : "error";
  const body: Json =
    "output" in answer
      ? { output: answer.output }
      : {
          code: answer.error.code,
          message: answer.error.message.slice(0, 10_000),
          retryable: answer.error.retryable,
        };
  if (Buffer.byteLength(canonicalJson(body)) > maxReplyBytes) {
    throw new AppError("reply-too-large", `the skill's output is over ${maxReplyBytes} bytes`);
  }
  return {
    id: replyId(kind, message.from.role, message.subject),
    to: message.from.role,
    instance: message.from.instance,
    fencing: message.fencing,
    kind,
    subject: message.subject,
    body,
    dueAt: now,
    tries: 0,
    expiresAt: Math.max(message.expiresAt, now + replyLifetimeMs),
  };
}

/** Both rows that an acknowledgement may close. */
export function acknowledgedRows(ack: ReceivedEnvelope): readonly string[] {
  return (["result", "error"] as const).map((kind) => replyId(kind, ack.from.role, ack.subject));
}

/** Under which a request is known, whatever message brings it. */
export function requestKey(message: ReceivedEnvelope): InboxKey {
  return { sender: message.from.atSign, kind: "request", subject: message.subject };
}

/** The request, and the token its sender gave us for its step. */
export function fenceOf(message: ReceivedEnvelope): Fence {
  return { inbox: requestKey(message), token: message.fencing };
}

function replyId(kind: "result" | "error", to: string, subject: MessageSubject): string {
  return [kind, to, subject.run, subject.revision, subject.step, subject.attempt].join("-");
}
