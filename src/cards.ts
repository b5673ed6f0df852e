import { announcementCard, answeredCard, approvalCard, decidedText, reminderCard } from "./approval-card.ts";
import { emptyCard as empty, moneyText, stepLabel, subjectOf } from "./card-words.ts";
import type { StepId } from "./domain.ts";
import type { Card } from "./card.ts";
import type { RunView } from "./run-view.ts";
import {
  irreversibleMayBeDone,
  isUndoRefused,
  surelyDone,
  unknownOutcomes,
  waitsForOthers,
} from "./step-errors.ts";
import { undoCard } from "./undo-card.ts";
import { undoCardKey } from "./undo-types.ts";
import { remaining } from "./what-remains.ts";

/** Pure: what each card shows. Everything is plain text; adapters add no meaning. */

/**
 * The card a key stands for ("progress-RUN", "question-RUN-n" from 1 or "-now" for the open one, "approval-ID",
 * "reminder-ID-n",
 * "announced-ID", "review-ID-n", "answered-ID-n", "undo-ID", "result-RUN"); null = nothing to show.
 */
export function cardFor(key: string, view: RunView): Card | null {
  if (key.startsWith("progress-")) {
    return progressCard(view);
  }
  if (key.startsWith("question-")) {
    return questionCard(view, Number(key.slice(key.lastIndexOf("-") + 1)));
  }
  if (key.startsWith("approval-")) {
    const approval = view.approvals.find((each) => each.id === key.slice("approval-".length));
    return approval === undefined ? null : approvalCard(view, approval);
  }
  if (key.startsWith("announced-")) {
    const approval = view.approvals.find((each) => key === `announced-${each.id}`);
    return approval === undefined ? null : announcementCard(view, approval);
  }
  if (key.startsWith("review-")) {
    const approval = view.approvals.find((each) => key.startsWith(`review-${each.id}-`));
    return approval === undefined ? null : announcementCard(view, approval, { again: true });
  }
  if (key.startsWith("reminder-")) {
    const approval = view.approvals.find((each) => key.startsWith(`reminder-${each.id}-`));
    return approval === undefined ? null : reminderCard(view, approval);
  }
  if (key.startsWith("undo-")) {
    const story = view.undos.find((each) => undoCardKey(each) === key);
    return story === undefined ? null : undoCard(view, story);
  }
  if (key.startsWith("answered-")) {
    const approval = view.approvals.find((each) => key.startsWith(`answered-${each.id}-`));
    const number = Number(key.slice(key.lastIndexOf("-") + 1));
    return approval === undefined ? null : answeredCard(view, approval, number);
  }
  return key.startsWith("result-") ? resultCard(view) : null;
}

/** Live: every step with its agent, its atSign and how long it took. */
function progressCard(view: RunView): Card {
  const { run } = view;
  const done = view.steps.filter((step) => step.status === "completed").length;
  const total = view.workflow === null ? view.steps.length : view.workflow.steps.length + 1;
  return {
    ...empty,
    kind: "progress",
    run: run.id,
    title: subjectOf(view),
    text: statusText(view, done, total),
    tone: run.status === "completed" ? "good" : toneOf(run.status),
    steps: view.steps.map((step) => ({
      id: step.id,
      label: stepLabel(step.id),
      agent: step.agent,
      atSign: step.atSign,
      status: step.status,
      ms: step.ms,
    })),
  };
}
function toneOf(status: RunView["run"]["status"]): Card["tone"] {
  if (status === "waiting") {
    return "waiting";
  }
  return status === "failed" || status === "cancelled" ? "bad" : "neutral";
}
function statusText(view: RunView, done: number, total: number): string {
  switch (view.run.status) {
    case "running":
      return waitText(view) ?? `Working: ${done} of ${total} steps done.`;
    case "waiting":
      return view.question === null ? decisionText(view) : answerText(view.question);
    case "compensating":
      return [undoingText(view), ...stuckUndos(view)].join(" ");
    case "completed":
      return "Done.";
    case "failed":
      return [sentence(view.run.error?.message ?? "Failed"), ...afterFailure(view)].join(" ");
    case "cancelled":
      return `Ended: ${endWords[view.run.reason ?? "requested"]}.`;
  }
}

function answerText({ by = null }: NonNullable<RunView["question"]>): string {
  return by === null ? "Waiting for your answer." : `${by} waits for your answer before deciding.`;
}
/** Whom the run waits for, and what has been done about it. */
function decisionText({ approvals }: RunView): string {
  const open = approvals.find(({ status }) => status === "open");
  if (open === undefined || (open.quorum === 1 && open.notices === 0)) {
    return "Waiting for a manager's decision.";
  }
  const count = open.quorum === 1 ? "a decision" : `approvals: ${open.decisions.length} of ${open.quorum}`;
  const passedOn = open.escalatedAt === null ? "" : " It was passed on to others.";
  const reminded =
    open.notices === 0 ? "" : ` Reminded ${open.notices === 1 ? "once" : `${open.notices} times`}.`;
  return `Waiting for ${count}.${reminded}${passedOn}`;
}

/** Whoever reads "requested" takes it for the request itself. */
const endWords = { requested: "cancelled", rejected: "rejected", expired: "expired" } as const;

/** Why the run stands still although nobody is asked, and that it goes on by itself. */
function waitText({ run }: RunView): string | undefined {
  const waiting = run.steps.find(
    ({ status, error }) =>
      (status === "queued" || status === "waiting") && error !== null && waitsForOthers(error),
  );
  return waiting === undefined ? undefined : `Waiting at step ${waiting.id}: ${waiting.error?.message}.`;
}
function undoingText({ run, workflow }: RunView): string {
  const unknown = unknownOutcomes(workflow?.planned ?? [], run);
  return unknown.some(({ status }) => status === "compensating")
    ? "Finding out whether orders were placed; everything stays held until that is known."
    : "Releasing what was reserved.";
}
/** Undos that have failed: tried again until they are done, or refused for good. */
function stuckUndos({ run }: RunView): readonly string[] {
  const refused = run.steps
    .filter(isUndoRefused)
    .map(({ error }) => `A person has to look: ${sentence(error?.message ?? "")}`);
  const tried = run.steps
    .filter(({ status, attempt }) => status === "compensating" && attempt > 1)
    .map(
      ({ id, attempt, error }) =>
        `Step ${id} could not be released in ${attempt - 1} tries and is tried again: ${error?.message ?? "no answer"}.`,
    );
  return [...refused, ...tried];
}
/**
 * Says what a person has to let go of when nobody knows whether orders were placed, and that an approval came to
 * nothing.
 */
function afterFailure({ run, workflow, approvals }: RunView): readonly string[] {
  if (workflow !== null && irreversibleMayBeDone(workflow.planned, run)) {
    const final = new Set(
      workflow.planned.filter(({ effect }) => effect === "irreversible").map(({ id }) => id),
    );
    const known = run.steps.some((state) => final.has(state.id) && surelyDone(state));
    const orders = known ? "Orders were placed" : "Orders may have been placed";
    return [`${orders}, so what was reserved for them stays reserved.`];
  }
  const approved = approvals.some(
    ({ revision, status, decision }) =>
      revision === run.revision && status === "decided" && decision?.verdict === "approved",
  );
  return approved ? ["It was approved, but nothing was ordered."] : [];
}
function sentence(text: string): string {
  return text.endsWith(".") ? text : `${text}.`;
}

/** A run asks one question at a time: those before the open one are answered, each in its own card. */
function questionCard(view: RunView, number: number): Card {
  const answered = view.dialogue.find((each, index) => (each.number ?? index + 1) === number);
  const open = answered === undefined ? view.question : null;
  const base = { ...empty, kind: "question", run: view.run.id } as const;
  if (open !== null) {
    const { by = null, text, options } = open;
    const title = by === null ? "One question" : `${by} asks before deciding`;
    return { ...base, title, text, tone: "waiting", options };
  }
  return answered === undefined
    ? { ...base, title: "Not answered", text: notAnswered(view), tone: "neutral" }
    : { ...base, title: "Answered", text: `${answered.question} — ${answered.answer}`, tone: "neutral" };
}

function notAnswered({ run, approvals }: RunView): string {
  const decided = approvals.some(({ decision, revision }) => decision !== null && revision === run.revision);
  return decided ? "It was decided without the answer." : "The request ended before.";
}

function resultCard(view: RunView): Card {
  const { run, workflow } = view;
  const good = run.status === "completed";
  return {
    ...empty,
    kind: "result",
    run: run.id,
    title: `${resultWord(view)}: ${subjectOf(view)}`,
    text:
      good && workflow !== null && view.request !== null
        ? workflow.summary({ input: view.request, outputs: view.outputs })
        : statusText(view, 0, 0),
    tone: good ? "good" : "bad",
    facts: [
      ...(good && view.plan !== null
        ? [
            { label: "Ordered", value: moneyText(view.plan.document.total) },
            { label: "Quote", value: moneyText(view.plan.document.quote.total) },
          ]
        : []),
      ...decisionFacts(view),
      ...(view.reason === null ? [] : [{ label: "Reason", value: view.reason }]),
      ...remaining(view).map((value) => ({ label: "Stays", value })),
    ],
  };
}
/** Whoever asked sees no approval card: here they read who decided, when and where. */
function decisionFacts({ run, approvals }: RunView): Card["facts"] {
  const approval = approvals.findLast((each) => each.revision === run.revision);
  const verdict = approval?.decision?.verdict;
  return approval === undefined || verdict === undefined
    ? []
    : [{ label: verdict === "approved" ? "Approved" : "Rejected", value: decidedText(approval) }];
}
function resultWord(view: RunView): string {
  if (view.run.status === "completed") {
    return "Done";
  }
  return view.run.status === "failed"
    ? "Failed"
    : endWords[view.run.reason ?? "requested"].replace(/^./, (c) => c.toUpperCase());
}
