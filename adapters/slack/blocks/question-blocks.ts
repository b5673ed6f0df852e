import type { Card } from "../../../src/card.ts";
import { firstLines } from "./card-lines.ts";
import { actions, type Block, button, context, fitting, limits, lines, points } from "./elements.ts";
import { line, paragraph } from "./safe-text.ts";
import { actionIds, valueOf } from "./slack-actions.ts";

const mostButtons = 10;
/** A longer answer does not fit its button. Then, or where there are many, all are listed under numbers. */
const longestLabel = 40;

/** The question; while it is open one button per offered answer, and how to answer otherwise. */
export function questionBlocks(card: Card): Block[] {
  const { run, options, tone } = card;
  if (run === null || options.length === 0) {
    const hint = tone === "waiting" ? [context("Answer in this thread, in your own words.")] : [];
    return fitting([3000, 1000], (room) => [questionLines(card, room), ...hint]);
  }
  const offered = options
    .slice(0, mostButtons)
    .map((answer, index) => ({ answer, index, value: valueOf.answer({ run, answer }) }))
    .filter(({ answer, value }) => answer !== "" && value.length <= limits.buttonValue);
  const listed = options.length > mostButtons || options.some((each) => each.length > longestLabel);
  const label = (answer: string, index: number) => (listed ? `${index + 1}` : line(answer, longestLabel));
  return fitting(
    [
      { text: 2000, option: 500, value: limits.buttonValue },
      { text: 800, option: 200, value: 500 },
      { text: 400, option: 100, value: 150 },
      { text: 300, option: 40, value: 80 },
    ],
    (room) => {
      const buttons = offered
        .filter(({ value }) => value.length <= room.value)
        .map(({ answer, index, value }) =>
          button(`${actionIds.answer}${index}`, label(answer, index), value),
        );
      return [
        questionLines(card, room.text),
        ...(listed
          ? [
              points(
                null,
                firstLines(
                  options.map((each, index) => `${index + 1}. ${line(each, room.option)}`),
                  mostButtons,
                  (text) => [text],
                  "",
                ),
              ),
            ]
          : []),
        ...(buttons.length === 0 ? [] : [actions(buttons)]),
        context("Or answer in this thread, in your own words."),
      ];
    },
  );
}
function questionLines(card: Card, room: number): Block {
  return lines([[[line(card.title, 300), true]], [paragraph(card.text, room)]]);
}
