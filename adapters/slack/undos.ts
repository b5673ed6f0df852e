import type { UndoAct } from "../../src/undo-types.ts";
import { AppError } from "../../src/errors.ts";
import { inTime } from "../../src/with-deadline.ts";
import { noticeModal } from "./blocks/modals.ts";
import { undoNoteModal } from "./blocks/undo-blocks.ts";
import type { UndoNote } from "./blocks/slack-actions.ts";
import type { Parts, View } from "./parts.ts";
import { adapterName } from "./slack-ids.ts";
import { type Caller, strangerText } from "./who.ts";

/** Slack gives up on a click after three seconds; what is not committed by this is not acknowledged. */
const commitMs = 2_500;
const mostLines = 10;

/** What people do here about undos that are stuck. */
export interface Undos {
  /** Resolves after the commit. `text` says to the person what became of it. */
  act(
    caller: Caller,
    o: { readonly undo: string; readonly act: UndoAct; readonly attempt?: number; readonly note?: string },
  ): Promise<{ readonly done: boolean; readonly text: string }>;
  /** The view that asks for the note, or says why there is nothing to note. */
  noteView(caller: Caller, note: UndoNote): Promise<View>;
  /** Those that wait for somebody, as lines. */
  list(person: string): Promise<string>;
}

const late = () => new AppError("undo-late", `not committed within ${commitMs} ms`, { retryable: true });
const doneText = {
  retry: "It is tried again.",
  "by-hand": "Noted: settled by hand.",
  "given-up": "Noted: it stays as it is.",
} as const;

export function createUndos({ inbox, desk, after }: Pick<Parts, "inbox" | "desk" | "after">): Undos {
  return {
    async act(caller, o) {
      const click = { ...o, person: caller.by, adapter: adapterName };
      const outcome = await inTime(inbox.undo(click), { ms: commitMs, after, late });
      if (outcome.outcome === "accepted") {
        return { done: true, text: doneText[o.act] };
      }
      // Strangers are refused, and recorded, by the inbox.
      const text =
        "stranger" in caller ? strangerText[caller.stranger] : `Not taken: ${outcome.error.message}.`;
      return { done: false, text };
    },
    async noteView(caller, note) {
      if ("stranger" in caller) {
        await inbox.refused(caller.by, caller.stranger);
        return noticeModal("Undo", strangerText[caller.stranger]);
      }
      const card = await desk.undoCard(note.undo, caller.person.id);
      if (card === undefined) {
        await inbox.refused(caller.by, "not-visible");
        return noticeModal("Undo", "This does not exist, or you may not see it.");
      }
      if (card.undo === null) {
        await inbox.refused(caller.by, "undo-not-stuck");
        return noticeModal("Undo", `You can do nothing about it here: ${card.title}. ${card.text}`);
      }
      return undoNoteModal(note, card.title);
    },
    async list(person) {
      const found = await desk.undos(person);
      const lines = found.slice(0, mostLines).map(({ id, card }) => `${id} · ${card.title}`);
      const more = found.length > mostLines ? [`and ${found.length - mostLines} more`] : [];
      return lines.length === 0
        ? "Nothing that could not be undone waits for you."
        : [...lines, ...more].join("\n");
    },
  };
}
