import type { TrustView } from "./define-agent.ts";
import type { Accepted, ErrorInfo, PersonId, Refused, RunId, StepId } from "./domain.ts";
import { mayCancel } from "./policy.ts";
import type { Store } from "./ports.ts";

/** What is asked of the engine; see `src/engine/undo.ts`. */
interface UndoEngine {
  undo(
    run: RunId,
    by: PersonId,
  ): Promise<"undoing" | "irreversible" | "nothing-to-undo" | "not-ended" | "unknown">;
  settleUndo(
    run: RunId,
    o: {
      readonly step: StepId;
      readonly outcome: "by-hand" | "given-up";
      readonly by: PersonId;
      readonly note: string;
    },
  ): Promise<"settled" | "not-stuck" | "unknown">;
}
/** Undoing runs that have ended, for whom policy lets cancel other people's requests. Refusals are recorded. */
export interface UndoDesk {
  undo(run: RunId, person: PersonId): Promise<Accepted | Refused>;
  /** Says of a step that could not be undone what a person made of it. */
  settle(
    run: RunId,
    person: PersonId,
    o: { readonly step: StepId; readonly outcome: "by-hand" | "given-up"; readonly note: string },
  ): Promise<Accepted | Refused>;
}

export function createUndoDesk({
  store,
  engine,
  trust,
}: {
  readonly store: Pick<Store, "appendJournal">;
  readonly engine: UndoEngine;
  readonly trust: () => TrustView;
}): UndoDesk {
  async function refuse(person: PersonId, run: RunId, error: ErrorInfo): Promise<Refused> {
    const known = trust().person(person)?.id ?? null;
    await store.appendJournal([{ kind: "refusal", run, facts: { code: error.code, person: known } }]);
    return { outcome: "refused", error };
  }
  /** Nobody undoes for being the requester: what was done was decided by others. */
  const refusedTo = (person: PersonId): ErrorInfo | null => {
    const view = trust();
    return mayCancel(view.policy, view.person(person), person, "");
  };
  return {
    async undo(run, person) {
      const refused = refusedTo(person);
      if (refused !== null) {
        return refuse(person, run, refused);
      }
      const result = await engine.undo(run, person);
      return result === "undoing"
        ? { outcome: "accepted", run }
        : refuse(person, run, refusal(`undo-${result}`, `run "${run}" cannot be undone: ${why[result]}`));
    },
    async settle(run, person, o) {
      const refused = refusedTo(person);
      if (refused !== null) {
        return refuse(person, run, refused);
      }
      const result = await engine.settleUndo(run, { ...o, by: person });
      const message = `step "${o.step}" of run "${run}" does not wait for a person`;
      return result === "settled"
        ? { outcome: "accepted", run }
        : refuse(person, run, refusal(`undo-${result}`, message));
    },
  };
}

const why = {
  irreversible: "orders were placed, or may have been, which their suppliers alone can take back",
  "nothing-to-undo": "nothing of it is left that can be undone",
  "not-ended": "it has not ended: cancel it",
  unknown: "it does not exist",
} as const;

function refusal(code: string, message: string): ErrorInfo {
  return { code, message, retryable: false };
}
