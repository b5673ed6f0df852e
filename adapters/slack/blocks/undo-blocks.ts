import type { types } from "@slack/bolt";
import type { Card } from "../../../src/card.ts";
import { factLines } from "./card-lines.ts";
import { actions, type Block, button, context, fitting, limits, lines, plain, section } from "./elements.ts";
import { modal } from "./modals.ts";
import { line, paragraph } from "./safe-text.ts";
import { actionIds, callbackIds, reasonField, type UndoNote, valueOf } from "./slack-actions.ts";

const marks = { good: "✓ ", bad: "✕ ", waiting: "", neutral: "– " } as const;
/** What the view says that takes the note, by what is said of the undo. */
const noteWords = {
  "by-hand": {
    title: "Settled by hand",
    label: "What did you do, and where?",
    hint: "It counts as undone from then on, and is not tried again.",
  },
  "given-up": {
    title: "Stays as it is",
    label: "Why does it stay?",
    hint: "It is not tried again, and stays among what could not be undone.",
  },
} as const;

/** An undo that needs a person: what is stuck, why, what can be done, and the buttons; afterwards what came of it. */
export function undoBlocks(card: Card): Block[] {
  return fitting([3000, 1000, 300, 60], (room) => [
    lines([
      [[marks[card.tone] + line(card.title, 500), true]],
      [paragraph(card.text, room)],
      ...factLines(card.facts, room),
    ]),
    ...undoButtons(card),
  ]);
}
function undoButtons({ undo }: Pick<Card, "undo">): Block[] {
  return undo === null
    ? []
    : [
        actions([
          button(actionIds.undoRetry, "Try again", valueOf.undo(undo), { style: "primary" }),
          button(actionIds.undoByHand, "Settled by hand", valueOf.undo(undo)),
          button(actionIds.undoLeave, "Stays as it is", valueOf.undo(undo)),
        ]),
      ];
}

/** Asks for the note, without which nothing counts as settled. `title` says what it is about. */
export function undoNoteModal(note: UndoNote, title: string): types.ModalView {
  const words = noteWords[note.act];
  return {
    ...modal(callbackIds.undoNote, words.title, [
      section(title, 1000),
      {
        type: "input",
        block_id: reasonField.block,
        label: plain(words.label, 100),
        element: {
          type: "plain_text_input",
          action_id: reasonField.action,
          multiline: true,
          min_length: 1,
          max_length: limits.reason,
          focus_on_load: true,
        },
      },
      context(words.hint),
    ]),
    submit: plain("Save", limits.viewTitle),
    close: plain("Back", limits.viewTitle),
    private_metadata: valueOf.undoNote(note),
  };
}
