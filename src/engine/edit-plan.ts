import type { Approval, Json, StepId } from "../domain.ts";
import { type Edited, editFields, editKey, type GivenEdit } from "../edit-types.ts";
import { editAt, editContent, type KeptEdit } from "../plan/kept-edit.ts";
import { happen } from "./happen.ts";
import { maxRevisions } from "./plan.ts";
import { asJson } from "./as-json.ts";
import type { RunDraft } from "./run-draft.ts";

/** Changing the plan of an open approval: what belongs into the commit of the edit, and of giving it up. */

/**
 * Withdraws an open approval and begins the run's next revision with these changes, on top of all earlier ones. Whoever
 * made any of them is an editor of every later plan.
 */
export function editPlan(
  draft: RunDraft,
  { id, step, revision, planHash }: Pick<Approval, "id" | "step" | "revision" | "planHash">,
  { by, adapter, changes, key }: GivenEdit,
): Edited {
  if (draft.approvals.find((each) => each.id === id)?.status !== "open" || revision !== draft.run.revision) {
    return "stale";
  }
  if (revision >= maxRevisions) {
    return "too-often";
  }
  const before = editAt(draft.contents, revision);
  const editors = [...new Set([...(before?.editors ?? []), by])];
  const fields = editFields.filter((field) => changes[field] !== undefined).join(" ");
  const happened = happen(draft, { type: "revised", step, revision, attempt: 0 }, () => {
    keep(draft, step, { values: { ...before?.values, ...changes }, editors, by, givenUp: null });
    // Says under the run's seal that the message belongs to it.
    draft.add(step, "answer-key:edit", editKey(key));
    draft.note("edit", { approval: id, planHash, revision, by, adapter, fields }, changes as Json);
  });
  return happened ? "edited" : "stale";
}

/** The approval step whose plan is being made anew because somebody changed the last one; undefined where it is not. */
export function editedStep({ contents, run }: RunDraft): StepId | undefined {
  const own = contents.find((each) => each.name === editContent && each.revision === run.revision);
  return own !== undefined && editAt(contents, run.revision)?.by !== null ? own.step : undefined;
}

/** What was changed last cannot be planned: the next revision is without it, and its card says why. */
export function giveUpEdit(draft: RunDraft, step: StepId, why: string): void {
  const { revision } = draft.run;
  const before = editAt(draft.contents, revision - 1);
  const { values = {}, editors = [] } = before ?? {};
  keep(draft, step, { values, editors, by: null, givenUp: why });
  draft.note("edit", { revision, by: null, fields: "", givenUp: true }, why);
}

function keep(draft: RunDraft, step: StepId, kept: KeptEdit): void {
  draft.add(step, editContent, asJson(kept), draft.run.revision + 1);
}
