import type { Card } from "./card.ts";
import { emptyCard as empty, stepLabel, subjectOf } from "./card-words.ts";
import { isoMinute } from "./iso-minute.ts";
import type { RunView } from "./run-view.ts";
import { isUndoRefused } from "./step-errors.ts";
import type { UndoHappening, UndoStory } from "./undo-types.ts";

/** Pure: what the card of an undo shows that needs a person, or needed one. */

type Act = Exclude<UndoHappening, { readonly what: "stuck" }>;

/** What is stuck and why, what is done, what a person can do; afterwards what came of it, by whom, when and where. */
export function undoCard(view: RunView, story: UndoStory): Card {
  const { run } = view;
  const { step, stuckAttempt } = story;
  const open = stuckAttempt !== null;
  const asks = isAsking(view, step);
  return {
    ...empty,
    kind: "undo",
    run: run.id,
    title: `${titles(view, story, asks)}: ${subjectOf(view)}`,
    text: open ? openText(view, story, asks) : closedText(view, story),
    tone: open ? "waiting" : closedTone(view, story),
    facts: [
      { label: "Concerns", value: whatOf(view, step) },
      ...(open ? [{ label: "Why", value: whyOf(view, story) }] : []),
      ...restFacts(view, step),
      ...(open ? guidance(view, step, asks) : []),
      ...actFacts(story, open),
      { label: "Undo", value: story.id },
    ],
    undo: stuckAttempt === null ? null : { id: story.id, attempt: stuckAttempt },
  };
}

/** Whether the step is one of which it is asked whether it was done at all. */
function isAsking({ workflow }: RunView, step: string): boolean {
  return workflow?.planned.some(({ id, effect }) => id === step && effect === "irreversible") === true;
}
function titles(view: RunView, { stuckAttempt, step }: UndoStory, asks: boolean): string {
  if (stuckAttempt !== null) {
    return asks ? "Nobody knows whether this was ordered" : "Could not be undone";
  }
  const status = statusOf(view, step);
  if (status === "compensating") {
    return asks ? "Being asked again" : "Being undone again";
  }
  return status === "compensated" ? (asks ? "Surely not ordered" : "Undone") : "Stays as it is";
}
function statusOf({ run }: RunView, step: string) {
  return run.steps.find(({ id }) => id === step)?.status;
}

function openText({ run }: RunView, { step }: UndoStory, asks: boolean): string {
  const state = run.steps.find(({ id }) => id === step);
  const tries = state === undefined ? 0 : isUndoRefused(state) ? state.attempt : state.attempt - 1;
  const times = tries === 1 ? "once" : `${tries} times`;
  const tried = asks ? `It was asked for ${times}` : `It was tried ${times}`;
  const goesOn =
    state !== undefined && isUndoRefused(state)
      ? "and refused for good: nothing happens before a person does something."
      : "without success, and is tried again by itself, at most five minutes apart.";
  return `${tried} ${goesOn}`;
}
function closedText(view: RunView, story: UndoStory): string {
  const act = lastAct(story);
  const said = act === undefined ? "" : ` ${actWords[act.what]} by ${whoText(act)}.`;
  const notes = act?.note === undefined || act.note === null ? "" : ` ${act.note}`;
  const status = statusOf(view, story.step);
  if (status === "compensating") {
    return `It is under way.${said}`;
  }
  if (act?.what === "by-hand" || act?.what === "given-up") {
    return `${said}${notes}`.trim();
  }
  return status === "compensated" ? `It is done now.${said}` : `${currentError(view, story.step)}.${said}`;
}
function closedTone(view: RunView, { step }: UndoStory): Card["tone"] {
  const status = statusOf(view, step);
  return status === "compensated" ? "good" : status === "compensating" ? "neutral" : "bad";
}
const actWords = {
  retry: "Tried again",
  "by-hand": "Settled by hand",
  "given-up": "Left as it is",
} as const;
function whoText({ by, adapter, at }: Act): string {
  return `${by} in ${adapter} at ${isoMinute(at)}`;
}
function isAct(happened: UndoHappening): happened is Act {
  return happened.what !== "stuck";
}
function lastAct({ happened }: UndoStory): Act | undefined {
  return happened.findLast(isAct);
}
/** What people did while it is open again. */
function actFacts({ happened }: UndoStory, open: boolean): Card["facts"] {
  return open
    ? happened.filter(isAct).map((act) => ({ label: actWords[act.what], value: `by ${whoText(act)}` }))
    : [];
}

/** What the step did, as the plan says it. */
function whatOf({ plan, steps }: RunView, step: string): string {
  const effect = plan?.document.effects.find((each) => each.step === step);
  const agent = steps.find(({ id }) => id === step)?.agent ?? null;
  const who = agent === null ? "" : ` (${agent})`;
  return `${stepLabel(step)}${effect === undefined ? "" : `: ${effect.description}`}${who}`;
}
function whyOf(view: RunView, { step, happened }: UndoStory): string {
  const stuck = happened.findLast((each) => each.what === "stuck");
  const now = currentError(view, step);
  return now === "" ? (stuck?.why ?? "no answer") : now;
}
function currentError({ run }: RunView, step: string): string {
  return run.steps.find(({ id }) => id === step)?.error?.message ?? "";
}

/** How it stands with everything else that was or is to be undone. */
function restFacts({ run, workflow }: RunView, step: string): Card["facts"] {
  const planned = new Map(workflow?.planned.map((each) => [each.id, each]));
  const others = run.steps.filter(({ id }) => id !== step && (planned.get(id)?.undo ?? null) !== null);
  const names = (list: readonly { readonly id: string }[]) => list.map(({ id }) => stepLabel(id)).join(", ");
  const done = others.filter(({ status }) => status === "compensated");
  const stuck = others.filter((state) => state.status === "compensating" || isUndoRefused(state));
  const kept = others.filter(({ status }) => status === "completed");
  return [
    ...(done.length === 0 ? [] : [{ label: "Undone already", value: names(done) }]),
    ...(stuck.length === 0 ? [] : [{ label: "Not undone either", value: names(stuck) }]),
    ...(kept.length === 0 ? [] : [{ label: "Kept meanwhile", value: names(kept) }]),
  ];
}

function guidance(view: RunView, step: string, asks: boolean): Card["facts"] {
  const definition = view.workflow?.steps.find(({ id }) => id === step);
  const byHand = definition?.kind === "call" ? definition.agent.skills[definition.skill]?.byHand : undefined;
  const then = asks
    ? `If nothing of it stands, say “settled by hand”: what was kept for it is released. If it stands, say “stays as it is”.`
    : "Then say “settled by hand”, and how.";
  return [{ label: "What you can do", value: byHand === undefined ? then : `${byHand} ${then}` }];
}
