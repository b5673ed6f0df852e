import type { PersonId, RunId } from "../domain.ts";
import { stuckSteps } from "../step-errors.ts";
import type { UndoAct, UndoRef } from "../undo-types.ts";
import { happen } from "./happen.ts";
import type { RunChanger } from "./run-changer.ts";
import { planOf } from "./run-record.ts";
import { noteUndo } from "./undo-cards.ts";
import { undoOutlook } from "./undo-later.ts";

/** What people may ask for once a run was undone, or could not be. */
export interface UndoEngine {
  /**
   * Undoes what a run that has ended did, last step first, or tries again what could not be undone. "irreversible":
   * something that cannot be taken back was done, so what goes with it stays too.
   */
  undo(
    run: RunId,
    by: PersonId,
  ): Promise<"undoing" | "irreversible" | "nothing-to-undo" | "not-ended" | "unknown">;
  /**
   * Has a stuck undo tried again, or says that a person did it by hand or leaves it, and why. "not-stuck": it needs
   * nobody any more, or another try of it is stuck than `attempt`.
   */
  settleUndo(
    undo: UndoRef,
    o: {
      readonly act: UndoAct;
      readonly attempt?: number | undefined;
      readonly by: PersonId;
      readonly adapter: string;
      readonly note: string | null;
    },
  ): Promise<"settled" | "not-stuck" | "unknown">;
}

export function createUndo(changer: Pick<RunChanger, "change">): UndoEngine {
  return {
    async undo(id, by) {
      const result = await changer.change(id, (draft) => {
        const outlook = undoOutlook(planOf(draft.definition), draft.run);
        if (outlook === "undo" || outlook === "retry") {
          happen(draft, { type: "undo-requested" }, () => draft.note("undo", { by, what: outlook }));
          return "undoing";
        }
        return outlook === "nothing" ? "nothing-to-undo" : outlook;
      });
      return result ?? "unknown";
    },

    async settleUndo({ run: id, revision, step }, { act, attempt, by, adapter, note }) {
      const result = await changer.change(id, (draft) => {
        const state = stuckSteps(draft.run).find((each) => each.id === step);
        const ref = { step, revision, attempt: attempt ?? state?.attempt ?? 0 };
        const keep = () => {
          const facts = { by, what: act, step, revision, adapter };
          draft.note("undo", facts, note ?? undefined);
          noteUndo(draft, ref, { what: act, at: draft.around.now, by, adapter, note });
        };
        const settled =
          act === "retry"
            ? happen(draft, { type: "undo-retried", ...ref }, keep)
            : happen(draft, { type: "undo-settled", outcome: act, ...ref }, keep);
        return settled ? "settled" : "not-stuck";
      });
      return result ?? "unknown";
    },
  };
}
