import type { EnvelopeKind, MessageSubject } from "../link-types.ts";
import type { JournalEntry } from "../record-types.ts";

/** The journal's line on an envelope; both sides write the same hash. */
export function envelopeEntry(
  direction: "in" | "out",
  o: {
    readonly peer: string;
    readonly kind: EnvelopeKind;
    readonly subject: MessageSubject;
    readonly messageId: string;
    readonly hash: string;
  },
): JournalEntry {
  const { run, revision, step, attempt } = o.subject;
  return {
    kind: "envelope",
    run,
    facts: {
      direction,
      peer: o.peer,
      envelope: o.kind,
      revision,
      step,
      attempt,
      messageId: o.messageId,
      hash: o.hash,
    },
  };
}

/** The journal's line on something refused; an alarm when it must not have happened at all. */
export function refusalEntry(
  kind: "refusal" | "alarm",
  o: {
    readonly peer: string;
    readonly subject: MessageSubject;
    readonly code: string;
    readonly messageId: string;
  },
): JournalEntry {
  const { run, revision, step, attempt } = o.subject;
  const facts = { peer: o.peer, revision, step, attempt, code: o.code, messageId: o.messageId };
  return { kind, run, facts };
}
