import type { PersonId, RunId, StepId } from "./domain.ts";

/** What people do about an undo that is stuck. */

export const undoActs = ["retry", "by-hand", "given-up"] as const;
/** Try it again; it was settled by hand; it stays as it is. */
export type UndoAct = (typeof undoActs)[number];

/** One undo that needs or needed a person. */
export interface UndoRef {
  readonly run: RunId;
  readonly revision: number;
  readonly step: StepId;
}
/** As people see and name it. */
export type UndoId = string;

export function undoIdOf({ run, revision, step }: UndoRef): UndoId {
  return `${run}-${revision}-${step}`;
}
/** Undefined where it is not the id of an undo. */
export function undoRefOf(id: UndoId): UndoRef | undefined {
  // No "-" in a step's id.
  const [, run, revision, step] = /^(.{1,200})-(\d{1,6})-([a-z][A-Za-z0-9]{0,99})$/.exec(id) ?? [];
  return run === undefined || revision === undefined || step === undefined
    ? undefined
    : { run, revision: Number(revision), step };
}

/** What somebody did on a card or by a verb. */
export interface UndoClick {
  readonly undo: UndoId;
  readonly person: PersonId;
  readonly act: UndoAct;
  /** What was done by hand, or why it stays; needed for both. */
  readonly note?: string;
  /** Of the try that the card showed; absent where there was no card. */
  readonly attempt?: number;
  readonly adapter: string;
}

/** Kept with the run: that an undo needed a person, or what a person did about it. */
export type UndoHappening =
  | { readonly what: "stuck"; readonly at: number; readonly attempt: number; readonly why: string }
  | {
      readonly what: UndoAct;
      readonly at: number;
      readonly by: PersonId;
      readonly adapter: string;
      readonly note: string | null;
    };
/** An undo that needs or needed a person, and what happened about it; oldest first. */
export interface UndoStory extends UndoRef {
  readonly id: UndoId;
  /** The try that is stuck; null when nobody has to do anything about it. */
  readonly stuckAttempt: number | null;
  readonly happened: readonly UndoHappening[];
}
/** Of the contents that hold what happened, numbered from 1 for each step. */
export const undoContent = "undo:";
/** The card of an undo. */
export function undoCardKey(undo: UndoRef): string {
  return `undo-${undoIdOf(undo)}`;
}
