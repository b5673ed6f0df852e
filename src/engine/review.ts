import type { Approval, PersonId } from "../domain.ts";
import type { RunDraft } from "./run-draft.ts";

/** What becomes of a decision that somebody made alone, after it was made. */

/** Writes a review down, once; the run may have ended long ago. */
export function review(
  draft: RunDraft,
  { id, step, revision, planHash }: Approval,
  { by, note, reminders }: { readonly by: PersonId; readonly note: string; readonly reminders: number },
): "reviewed" | "reviewed-before" {
  const isIt = (each: { step: string; revision: number; name: string }) =>
    each.step === step && each.revision === revision && each.name === "review";
  if (draft.contents.some(isIt)) {
    return "reviewed-before";
  }
  draft.add(step, "review", { by, at: draft.around.now, note }, revision);
  draft.note("review", { approval: id, planHash, by, state: "reviewed" }, note);
  draft.touch(`announced-${id}`);
  draft.touch(`approval-${id}`);
  for (let number = 1; number <= reminders; number += 1) {
    draft.touch(`review-${id}-${number}`, []);
  }
  return "reviewed";
}

/** Brings to mind that nobody has reviewed it; to those whom it was announced to. */
export function remindReview(draft: RunDraft, approval: Approval, number: number): void {
  const { id, planHash } = approval;
  draft.note("review", { approval: id, planHash, state: "reminded", number });
  draft.touch(`review-${id}-${number}`, draft.around.approvalPlaces(draft.run, approval));
}
