import type { OutboxRow } from "../record-types.ts";

/**
 * What people wait for goes first: their decisions, cancellations and what these set in motion; what is only told comes
 * last.
 */
export function urgencyOf({ kind, to, subject }: Pick<OutboxRow, "kind" | "to" | "subject">): 0 | 1 | 2 {
  if (kind === "cancel" || to === "hitl" || subject.step.startsWith("undo-")) {
    return 0;
  }
  return subject.step.startsWith("status-") ? 2 : 1;
}
