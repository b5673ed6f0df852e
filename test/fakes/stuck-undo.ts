import type { RunId } from "../../src/domain.ts";
import type { RunView } from "../../src/run-view.ts";
import { undoFailedCode } from "../../src/step-errors.ts";
import { type UndoClick, undoIdOf, type UndoStory } from "../../src/undo-types.ts";
import orderParts from "../../src/workflows/order-parts.ts";
import { sampleRun, sampleStep } from "./sample-run.ts";

/** A run that was cancelled, of which the undo of one step was refused for good. */

const error = {
  code: undoFailedCode,
  message: 'step "budget" could not be undone: closed',
  retryable: false,
};

export function stuckView(view: RunView): Pick<RunView, "run" | "undos" | "workflow"> {
  const ref = { run: view.run.id, revision: view.run.revision, step: "budget" };
  const stuck = { what: "stuck", at: view.run.createdAt, attempt: 1, why: error.message } as const;
  return {
    workflow: orderParts,
    run: {
      ...sampleRun(view.run.id, view.run),
      status: "failed",
      error,
      steps: [
        sampleStep({ id: "reserve", status: "compensated" }),
        sampleStep({ id: "budget", status: "failed", error, dueAt: null }),
      ],
    },
    undos: [{ ...ref, id: undoIdOf(ref), stuckAttempt: 1, happened: [stuck] }],
  };
}

/** The same after somebody did something about it. */
export function settledView(view: RunView, click: UndoClick, at: number): Pick<RunView, "run" | "undos"> {
  const { act, person: by, adapter, note = null } = click;
  const status = act === "retry" ? "compensating" : act === "by-hand" ? "compensated" : "failed";
  const settle = (story: UndoStory): UndoStory => ({
    ...story,
    stuckAttempt: null,
    happened: [...story.happened, { what: act, at, by, adapter, note }],
  });
  return {
    run: {
      ...view.run,
      steps: view.run.steps.map((step) =>
        step.id === "budget" ? { ...step, status, error: act === "given-up" ? step.error : null } : step,
      ),
    },
    undos: view.undos.map(settle),
  };
}

export function stuckKey(run: RunId): string {
  return `undo-${run}-1-budget`;
}
