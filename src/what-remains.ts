import { stepLabel } from "./card-words.ts";
import type { PlannedStep, StepState } from "./domain.ts";
import type { RunView } from "./run-view.ts";
import { isUndoRefused, irreversibleMayBeDone, surelyDone, undoGivenUpCode } from "./step-errors.ts";

/**
 * Whatever of a run that failed or was cancelled is not undone, or was by hand, each with the reason, in the plan's
 * words: all by which the books and the suppliers' order lists may differ from before it. Pure.
 */
export function remaining(view: RunView): readonly string[] {
  const { run, workflow } = view;
  if (workflow === null || (run.status !== "failed" && run.status !== "cancelled")) {
    return [];
  }
  const { planned } = workflow;
  const states = new Map(run.steps.map((state) => [state.id, state]));
  return planned.flatMap((each) => {
    const state = states.get(each.id);
    const why = state === undefined ? null : whyItStays(view, planned, each, state);
    return why === null ? [] : [`${whatOf(view, each)}: ${why}`];
  });
}

function whyItStays(
  { run, undos }: RunView,
  planned: readonly PlannedStep[],
  step: PlannedStep,
  state: StepState,
): string | null {
  if (state.error?.code === undoGivenUpCode) {
    return "a person left it as it is";
  }
  const act = undos.find(({ step: each }) => each === step.id)?.happened.at(-1);
  if (act?.what === "by-hand" && state.status === "compensated") {
    return step.effect === "irreversible"
      ? `${act.by} settled it by hand; the books count it as open`
      : `${act.by} settled it by hand`;
  }
  if (isUndoRefused(state)) {
    return "it could not be undone; a person has to look";
  }
  const mayStand = irreversibleMayBeDone(planned, run);
  if (step.effect === "irreversible" && mayStand) {
    return surelyDone(state) ? "it cannot be undone" : "it may have been done, and could not be undone then";
  }
  return step.undo !== null && state.status === "completed" && mayStand ? "kept for the orders" : null;
}

function whatOf({ plan }: RunView, { id }: PlannedStep): string {
  return plan?.document.effects.find(({ step }) => step === id)?.description ?? stepLabel(id);
}
