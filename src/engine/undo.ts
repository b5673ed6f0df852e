import type { PersonId, RunId, StepId } from "../domain.ts";
import { happen } from "./happen.ts";
import type { RunChanger } from "./run-changer.ts";
import { planOf } from "./run-record.ts";
import { stuckSteps, undoOutlook } from "./undo-later.ts";

/** What people may ask for once a run has ended. */
export interface UndoEngine {
  /**
   * Undoes what a run that has ended did, last step first, or tries again what could not be undone. "irreversible":
   * something that cannot be taken back was done or may have been, so what goes with it stays too.
   */
  undo(
    run: RunId,
    by: PersonId,
  ): Promise<"undoing" | "irreversible" | "nothing-to-undo" | "not-ended" | "unknown">;
  /** Says of a step that could not be undone that a person did it by hand, or that it stays as it is; and why. */
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
      return result === undefined || result === "duplicate" ? "unknown" : result;
    },

    async settleUndo(id, { step, outcome, by, note }) {
      const result = await changer.change(id, (draft) => {
        if (!stuckSteps(draft.run).some((state) => state.id === step)) {
          return "not-stuck";
        }
        const { revision } = draft.run;
        happen(draft, { type: "undo-settled", step, revision, outcome }, () =>
          draft.note("undo", { by, what: outcome, step, revision }, note),
        );
        return "settled";
      });
      return result === undefined || result === "duplicate" ? "unknown" : result;
    },
  };
}
