import type { Card } from "../../../src/card.ts";
import { approvalBlocks } from "./approval-blocks.ts";
import { factLines } from "./card-lines.ts";
import { actions, type Block, button, fitting, lines, section } from "./elements.ts";
import { progressBlocks } from "./progress-blocks.ts";
import { questionBlocks } from "./question-blocks.ts";
import { undoBlocks } from "./undo-blocks.ts";
import { line, notificationText, paragraph } from "./safe-text.ts";
import { actionIds, valueOf } from "./slack-actions.ts";

/** A message as `chat.postMessage` and `chat.update` take it. `text` is what notifications and screen readers say. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: Block[];
}
const longestText = 600;

/** A card as a message: within every limit of Slack whatever the card holds, and no text of it is read as markup. */
export function cardMessage(card: Card): SlackMessage {
  const total = card.kind === "approval" ? card.facts[0] : undefined;
  const fact = total === undefined ? [] : [`${total.label} ${total.value}.`];
  return {
    text: notificationText([card.title, ...fact, card.text].join(" "), longestText),
    blocks: blocksOf(card),
  };
}
/** A sentence or two for one person, as they are. */
export function plainMessage(text: string): SlackMessage {
  return {
    text: notificationText(text, longestText),
    blocks: [section(text)],
  };
}

function blocksOf(card: Card): Block[] {
  switch (card.kind) {
    case "progress":
      return progressBlocks(card);
    case "question":
      return questionBlocks(card);
    case "approval":
      return approvalBlocks(card);
    case "undo":
      return undoBlocks(card);
    case "result":
    case "notice":
      return resultBlocks(card);
  }
}
const marks = { good: "✓ ", bad: "✕ ", waiting: "", neutral: "" } as const;
function resultBlocks(card: Card): Block[] {
  return fitting([3000, 1000, 300, 60], (room) => [
    lines([
      [[marks[card.tone] + line(card.title, 500), true]],
      [paragraph(card.text, room)],
      ...factLines(card.facts, room),
    ]),
    ...quoteButton(card),
  ]);
}
/** Under the result of what was done. */
function quoteButton({ kind, tone, run }: Card): Block[] {
  return kind === "result" && tone === "good" && run !== null
    ? [actions([button(actionIds.quoteFile, "Quote", valueOf.run({ run }))])]
    : [];
}
