import type { types } from "@slack/bolt";
import type { Card } from "../../../src/card.ts";
import { rowLine } from "./card-lines.ts";
import {
  actions,
  type Block,
  button,
  context,
  header,
  jsonBytes,
  type Line,
  limits,
  lines,
  points,
  section,
} from "./elements.ts";
import { modal } from "./modals.ts";
import { line } from "./safe-text.ts";
import { actionIds, callbackIds, valueOf } from "./slack-actions.ts";

/** Rows of one block; the text of one block in UTF-16 units, if it holds more than one row. */
const mostRows = 20;
const blockText = 2500;
const longestCell = 1100;
/** Beside the page's own blocks: head, foot and buttons. */
const besides = 4;

/** Everything that the decision is about, page by page; a page beyond the last is the last. From 0. */
export function detailsModal(card: Card, page = 0): types.ModalView {
  const pages = paged(contentBlocks(card));
  const shown = Math.min(Math.max(0, page), pages.length - 1);
  const { plan } = card;
  return modal(callbackIds.details, "Details", [
    header(card.title),
    ...(pages.length > 1 ? [context(`Page ${shown + 1} of ${pages.length}`)] : []),
    ...(pages[shown] ?? []),
    ...(plan === null
      ? []
      : [context(`Plan hash ${plan.hash}`), navigation(plan.approval, shown, pages.length)]),
  ]);
}
function navigation(approval: string, page: number, pages: number): Block {
  return actions([
    ...(page > 0
      ? [button(actionIds.previousPage, "Previous", valueOf.page({ approval, page: page - 1 }))]
      : []),
    ...(page < pages - 1
      ? [button(actionIds.nextPage, "Next", valueOf.page({ approval, page: page + 1 }))]
      : []),
    button(actionIds.planFile, "Send me the file", valueOf.page({ approval, page })),
  ]);
}

function contentBlocks(card: Card): Block[] {
  const facts = card.facts.filter(({ value }) => value !== card.plan?.hash);
  return [
    section(card.text),
    ...chunks(facts.map(({ label, value }) => [[line(label, 100), true], ` ${line(value, blockText)}`])).map(
      lines,
    ),
    ...card.tables.flatMap(({ title, columns, rows }) => {
      const heading = line(title, 1000);
      return chunks(rows.map((row) => rowLine(columns, row, longestCell))).map((chunk, index) =>
        points(index === 0 ? heading : `${line(title, 200)} (continued)`, chunk),
      );
    }),
  ];
}
/** Rows in groups that each fit a block. */
function chunks(rows: readonly Line[]): Line[][] {
  return grouped(rows, (group, row) => group.length < mostRows && size([...group, row]) <= blockText);
}
function size(rows: readonly Line[]): number {
  return rows.flat().reduce((sum, piece) => sum + (typeof piece === "string" ? piece : piece[0]).length, 0);
}
/** Blocks in groups that each fit a view. */
function paged(blocks: readonly Block[]): Block[][] {
  return grouped(
    blocks,
    (group, block) =>
      group.length < limits.viewBlocks - besides && jsonBytes([...group, block]) <= limits.viewBytes,
  );
}
function grouped<T>(all: readonly T[], fits: (group: readonly T[], next: T) => boolean): T[][] {
  const groups: T[][] = [];
  for (const each of all) {
    const last = groups.at(-1);
    if (last !== undefined && fits(last, each)) {
      last.push(each);
    } else {
      groups.push([each]);
    }
  }
  return groups;
}
