import type { Approval, PersonId } from "../domain.ts";
import { waitsForPerson } from "./plan.ts";
import type { RunDraft } from "./run-draft.ts";
import { approvalAt, lastQuestion, questionCount } from "./run-record.ts";

/** So often the requester is asked about one plan. */
const mostQuestions = 10;

export type AskedBack = "asked" | "not-answered" | "too-many" | "stale";

/**
 * Has whoever may decide ask the requester a question, which appears in the run's thread. The approval stays open, with
 * its times. "not-answered": the question before still is.
 */
export function askBack(
  draft: RunDraft,
  { id, step, revision }: Pick<Approval, "id" | "step" | "revision">,
  { by, text }: { readonly by: PersonId; readonly text: string },
): AskedBack {
  const { run, around } = draft;
  const approval = approvalAt(draft, { step, revision });
  const state = run.steps.find((each) => each.id === step);
  const isOpen = approval?.id === id && approval.status === "open" && approval.expiresAt > around.now;
  if (!isOpen || revision !== run.revision || state === undefined || !waitsForPerson(state)) {
    return "stale";
  }
  if (lastQuestion(draft, step)?.open === true) {
    return "not-answered";
  }
  const asked = draft.contents.filter(
    (each) => each.step === step && each.revision === revision && each.name.startsWith("question:"),
  );
  if (asked.length >= mostQuestions) {
    return "too-many";
  }
  const number = questionCount(draft) + 1;
  draft.add(step, `question:${number}`, { text, options: [], by });
  draft.note("ask-back", { approval: id, step, question: number, by }, text);
  draft.touch(`question-${run.id}-${number}`);
  touchAsked(draft, approval);
  return "asked";
}

/** The requester's answer to who is about to decide; false where the step asks nothing back. */
export function answerBack(draft: RunDraft, step: string, text: string): boolean {
  const { revision } = draft.run;
  const approval = approvalAt(draft, { step, revision });
  const question = lastQuestion(draft, step);
  if (approval?.status !== "open" || question?.open !== true) {
    return false;
  }
  const { number } = question;
  draft.add(step, `answer:${number}`, text);
  draft.note("answer", { approval: approval.id, step, question: number }, text);
  draft.touch(`question-${draft.run.id}-${number}`);
  draft.touch(`answered-${approval.id}-${number}`, draft.around.approvalPlaces(draft.run, approval));
  touchAsked(draft, approval);
  return true;
}

/** What waits for nobody's answer any more says so. */
export function closeQuestion(draft: RunDraft, step: string): void {
  const question = lastQuestion(draft, step);
  if (question?.open === true) {
    draft.touch(`question-${draft.run.id}-${question.number}`);
  }
}

function touchAsked(draft: RunDraft, { id }: Approval): void {
  draft.touch(`approval-${id}`);
  draft.touch(`progress-${draft.run.id}`);
}
