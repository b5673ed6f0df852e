import type { Run } from "../domain.ts";
import { undoCardKey, undoContent, type UndoHappening } from "../undo-types.ts";
import type { RunDraft } from "./run-draft.ts";
import type { StepRef } from "./run-events.ts";

/** The cards of undos that need a person, or needed one. */

/** Keeps what happened about an undo; its card shows it. */
export function noteUndo(draft: RunDraft, { step, revision }: StepRef, happened: UndoHappening): void {
  const number = notesOf(draft, step, revision) + 1;
  draft.add(step, `${undoContent}${number}`, { ...happened }, revision);
}

/** Puts a stuck undo before those who may do something about it. */
export function openUndoCard(draft: RunDraft, ref: StepRef, why: string): void {
  const { run, around } = draft;
  const { step, revision, attempt } = ref;
  noteUndo(draft, ref, { what: "stuck", at: around.now, attempt, why });
  draft.touch(undoCardKey({ run: run.id, step, revision }), around.undoPlaces(run));
}

/** Redraws the cards of undos whose steps are now otherwise than they were. */
export function touchUndoCards(draft: RunDraft, before: Run): void {
  if (!draft.contents.some(({ name }) => name.startsWith(undoContent))) {
    return;
  }
  const { id, revision, steps } = draft.run;
  for (const state of steps) {
    const was = before.steps.find((each) => each.id === state.id);
    if (state !== was && notesOf(draft, state.id, revision) > 0) {
      draft.touch(undoCardKey({ run: id, step: state.id, revision }));
    }
  }
}

function notesOf(draft: RunDraft, step: string, revision: number): number {
  return draft.contents.filter(
    (each) => each.step === step && each.revision === revision && each.name.startsWith(undoContent),
  ).length;
}
