import type { ReceivedEnvelope } from "../link-types.ts";
import type { EngineOptions } from "./engine-options.ts";
import { applyReply } from "./replies.ts";
import { agentOf } from "./requests.ts";
import type { RunChanger } from "./run-changer.ts";
import { rowId } from "./run-draft.ts";
import type { RunDraft } from "./run-draft.ts";

/** Takes the agents' results and errors. */
export function createInbox(
  options: EngineOptions,
  changer: RunChanger,
): { receive(message: ReceivedEnvelope): Promise<void> } {
  const { store, log } = options;

  /**
   * Refused messages are not acknowledged: what a granted sender has to say, it says again, by the instance that was asked last.
   */
  async function refuse(message: ReceivedEnvelope, kind: "refusal" | "alarm", code: string): Promise<void> {
    const { subject, from, hash } = message;
    const { run, revision, step, attempt } = subject;
    log[kind === "alarm" ? "error" : "warn"]({ run, step, code, from: from.atSign }, "message-refused");
    const facts = { code, from: from.atSign, role: from.role, revision, step, attempt, hash };
    await store.appendJournal([{ kind, run, facts }]);
  }

  return {
    async receive(message) {
      const { kind, subject, from } = message;
      if (kind !== "result" && kind !== "error") {
        log.info({ run: subject.run, step: subject.step, kind }, "message-ignored");
        return;
      }
      const close = [rowId("request", subject), rowId("cancel", subject)];
      const inbox = { sender: from.atSign, kind, subject };
      const result = await changer.apply(subject.run, (draft) => applied(draft, message), {
        inbox,
        fencing: message.fencing,
        close,
      });
      if (result === undefined) {
        await refuse(message, "refusal", "unknown-run");
      } else if (result === "fenced") {
        // Whoever has the step now answers with what stands in the books, be it this.
        await refuse(message, "refusal", "fenced");
      } else if (result === "wrong-sender") {
        await refuse(message, "alarm", "wrong-sender");
      } else {
        await options.acknowledge(message);
      }
    },
  };
}

function applied(draft: RunDraft, message: ReceivedEnvelope): "applied" | "stale" | "wrong-sender" {
  if (agentOf(draft, message.subject.step) !== message.from.role) {
    draft.abandoned = true;
    return "wrong-sender";
  }
  const fresh = applyReply(draft, message);
  const { subject, from, kind, hash } = message;
  const { revision, step, attempt } = subject;
  const facts = { direction: "in", envelope: kind, from: from.atSign, instance: from.instance };
  draft.note("envelope", { ...facts, revision, step, attempt, hash, stale: !fresh });
  return fresh ? "applied" : "stale";
}
