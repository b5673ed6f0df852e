import type { TrustView } from "./define-agent.ts";
import type { Accepted, ErrorInfo, PersonId, Refused, RunId } from "./domain.ts";
import { mayCancel } from "./policy.ts";
import { refusal } from "./policy/refusal.ts";
import type { Store } from "./ports.ts";
import { type UndoAct, type UndoClick, type UndoRef, undoRefOf } from "./undo-types.ts";

/** What is asked of the engine; see `src/engine/undo.ts`. */
interface UndoEngine {
  undo(
    run: RunId,
    by: PersonId,
  ): Promise<"undoing" | "irreversible" | "nothing-to-undo" | "not-ended" | "unknown">;
  settleUndo(
    undo: UndoRef,
    o: {
      readonly act: UndoAct;
      readonly attempt?: number | undefined;
      readonly by: PersonId;
      readonly adapter: string;
      readonly note: string | null;
    },
  ): Promise<"settled" | "not-stuck" | "unknown">;
}
/** Undoing runs, for whom policy lets cancel other people's requests. Refusals are recorded. */
export interface UndoDesk {
  /** Undoes a run that has ended, or tries all of it again that could not be undone. */
  undo(run: RunId, person: PersonId): Promise<Accepted | Refused>;
  /** What a person makes of one undo that is stuck. */
  act(click: UndoClick): Promise<Accepted | Refused>;
}

const longestNote = 2_000;
const longestClaim = 500;

export function createUndoDesk({
  store,
  engine,
  trust,
}: {
  readonly store: Pick<Store, "appendJournal">;
  readonly engine: UndoEngine;
  readonly trust: () => TrustView;
}): UndoDesk {
  /** The journal's clear facts name only people of the company; who was merely claimed is sealed text. */
  async function refuse(claimed: PersonId, run: RunId | null, error: ErrorInfo): Promise<Refused> {
    const person = trust().person(claimed)?.id ?? null;
    const body = person === null ? { body: { person: claimed.slice(0, longestClaim) } } : {};
    await store.appendJournal([{ kind: "refusal", run, facts: { code: error.code, person }, ...body }]);
    return { outcome: "refused", error };
  }
  return {
    async undo(run, person) {
      const refused = mayUndo(trust(), person);
      if (refused !== null) {
        return refuse(person, run, refused);
      }
      const result = await engine.undo(run, person);
      return result === "undoing"
        ? { outcome: "accepted", run }
        : refuse(person, run, refusal(`undo-${result}`, `run "${run}" cannot be undone: ${why[result]}`));
    },
    async act({ undo, person, act, note = "", attempt, adapter }) {
      const ref = undoRefOf(undo);
      const refused = mayUndo(trust(), person) ?? badClick(act, note);
      if (refused !== null) {
        return refuse(person, ref?.run ?? null, refused);
      }
      if (ref === undefined) {
        return refuse(person, null, refusal("undo-unknown", `there is no undo "${undo.slice(0, 100)}"`));
      }
      const said = note.trim() === "" ? null : note.trim();
      const result = await engine.settleUndo(ref, { act, attempt, by: person, adapter, note: said });
      const message = {
        settled: "",
        "not-stuck": `undo "${undo}" does not wait for a person, or somebody else was first: look at it again`,
        unknown: `there is no undo "${undo}"`,
      }[result];
      return result === "settled"
        ? { outcome: "accepted", run: ref.run }
        : refuse(person, ref.run, refusal(`undo-${result}`, message));
    },
  };
}

/** Why somebody may not undo: nobody may for being the requester, because what was done was decided by others. */
export function mayUndo(view: Pick<TrustView, "policy" | "person">, person: PersonId): ErrorInfo | null {
  return mayCancel(view.policy, view.person(person), person, "");
}

function badClick(act: UndoAct, note: string): ErrorInfo | null {
  if (act !== "retry" && note.trim() === "") {
    return refusal("note-missing", "say what was done by hand, or why it stays as it is");
  }
  return note.length > longestNote
    ? refusal("note-too-long", `the note has ${note.length} characters; at most ${longestNote} are kept`)
    : null;
}

const why = {
  irreversible: "orders were placed, or may have been, which their suppliers alone can take back",
  "nothing-to-undo": "nothing of it is left that can be undone",
  "not-ended": "it has not ended: cancel it",
  unknown: "it does not exist",
} as const;
