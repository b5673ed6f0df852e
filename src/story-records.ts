import { isoSecond } from "./iso-minute.ts";
import { type JournalKind, journalKinds } from "./record-types.ts";
import { moneyText, shortHash } from "./step-words.ts";

/** How the story of a run tells its journal: which records get a sentence, and which are told otherwise, or not. */

/** A journal record as the story needs it; `at` in milliseconds. */
export interface StoryRecord {
  readonly at: number;
  readonly kind: string;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}
type Facts = StoryRecord["facts"];
export type RecordHeading =
  | "Asked"
  | "Changed"
  | "Decided"
  | "Reviewed"
  | "Ordered"
  | "Interrupted"
  | "Undone"
  | "Refused or alarmed"
  | "Exported"
  | "Erased";

export interface Telling {
  readonly heading: RecordHeading;
  /** One sentence, without its time; null where this record says nothing more. `erased`: the run's texts are gone. */
  readonly words: (facts: Facts, erased: boolean) => string | null;
}
/** A text: why records of this kind get no sentence of their own. */
type Untold = string;

const noRun: Untold = "belongs to no run";
const settled: Readonly<Record<string, string>> = {
  retry: "had it tried again",
  "by-hand": "settled it by hand",
  "given-up": "left it as it is",
};

export const tellings: Readonly<Record<JournalKind, Telling | Untold>> = {
  request: told("Asked", ({ person }, erased) =>
    erased ? `${text(person)} asked; what was said is erased` : null,
  ),
  "ask-back": told("Asked", ({ by }, erased) => (erased ? `${text(by)} asked back` : null)),
  answer: told("Asked", ({ question }, erased) =>
    erased ? `question ${text(question)} was answered` : null,
  ),
  shadow: told("Asked", () => "it runs in shadow: whatever it does has no effect outside"),
  edit: told("Changed", ({ by, fields, planHash, revision, adapter, givenUp }) => {
    const [old, next] = [Number(revision), Number(revision) + 1];
    return givenUp === true
      ? `what was changed could not be planned: plan ${old} was given up, and plan ${next} is made without it`
      : `${text(by)} changed ${text(fields).split(" ").map(fieldName).join(", ")} of plan ${shortHash(text(planHash))} in ${text(adapter)}: from plan ${old} to plan ${next}`;
  }),
  step: told("Changed", ({ error, revision, step, status }) =>
    error === "plan-drifted" && status === "failed"
      ? `plan ${text(revision)} was stopped at “${text(step)}” before anything of it was sent: prices or stock had moved`
      : null,
  ),
  approval: told("Decided", ({ approval, status, notices }, erased) => {
    if (status === "reminded" || status === "escalated") {
      const how = status === "escalated" ? "was passed on to others" : "was called to mind";
      return `approval ${text(approval)} ${how} (notice ${text(notices)})`;
    }
    return erased && (status === "expired" || status === "withdrawn")
      ? `approval ${text(approval)} ${status === "expired" ? "expired" : "was withdrawn"}`
      : null;
  }),
  decision: told("Decided", ({ by, verdict, planHash, adapter, assurance, state }, erased) =>
    erased && (state === "counted" || state === "recorded")
      ? `${text(by)} ${text(verdict)} plan ${shortHash(text(planHash))} in ${text(adapter)}, assurance ${text(assurance)}`
      : null,
  ),
  standing: told("Decided", ({ grant, state, amount, currency }) => {
    const sum = moneyText({ amount: text(amount), currency: text(currency) });
    return `${sum} of standing grant ${text(grant)} ${state === "released" ? "was given back" : "was used"}`;
  }),
  review: told("Reviewed", ({ by, state }) =>
    state === "reviewed"
      ? `${text(by)} reviewed what was decided alone`
      : "a review of what was decided alone was asked for again",
  ),
  effect: told("Ordered", ({ agent, skill }, erased) =>
    erased ? `${text(agent)} did “${text(skill)}”, which cannot be taken back` : null,
  ),
  cancel: told("Interrupted", ({ by, withdrawn }) =>
    withdrawn === true ? `${text(by)} took the request back` : `${text(by)} cancelled it`,
  ),
  pause: told("Interrupted", ({ by, paused }) =>
    paused === true ? `${text(by)} paused it` : `${text(by)} let it go on`,
  ),
  undo: told("Undone", ({ by, what, step }) =>
    step === undefined
      ? `${text(by)} had the run undone`
      : `${text(step)} could not be undone; ${text(by)} ${settled[text(what)] ?? text(what)}`,
  ),
  refusal: told(
    "Refused or alarmed",
    ({ code, person }) =>
      `${typeof person === "string" ? `${person} was refused` : "refused"}: ${text(code)}`,
  ),
  alarm: told("Refused or alarmed", ({ code }) => `alarm: ${text(code)}`),
  export: told("Exported", ({ by }) => `${text(by)} had the journal exported with what was said`),
  erasure: told("Erased", ({ by }) => `${text(by)} had what was said erased`),
  run: "the headline says how it stands",
  envelope: "counted, and named with the step that it answers",
  model: "summed up by model",
  account: noRun,
  delegation: noRun,
  freeze: noRun,
  import: noRun,
  "sign-in-link": noRun,
};

/** The sentences below one heading, oldest first, each with its time. */
export function recordLines(
  heading: RecordHeading,
  records: readonly StoryRecord[],
  o: { readonly erased: boolean },
): readonly string[] {
  return records.flatMap(({ at, kind, facts }) => {
    const telling = isKind(kind) ? tellings[kind] : undefined;
    if (telling === undefined || typeof telling === "string" || telling.heading !== heading) {
      return [];
    }
    const words = telling.words(facts, o.erased);
    return words === null ? [] : [`${isoSecond(at)}: ${words}`];
  });
}
function isKind(kind: string): kind is JournalKind {
  return (journalKinds as readonly string[]).includes(kind);
}
function told(heading: RecordHeading, words: Telling["words"]): Telling {
  return { heading, words };
}
function text(fact: Facts[string] | undefined): string {
  return String(fact ?? "somebody");
}
function fieldName(field: string): string {
  return { marginPercent: "margin", leaveOut: "lines left out" }[field] ?? field;
}
