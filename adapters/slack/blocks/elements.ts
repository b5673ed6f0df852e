import type { types } from "@slack/bolt";
import { line, paragraph } from "./safe-text.ts";

/**
 * The few block elements that cards are made of. No text is mrkdwn: bold comes from rich text, whose texts Slack takes
 * as they are, and everything else is plain text.
 */

export type Block = types.KnownBlock;
/** A piece of a line; `true` = bold. */
export type Piece = string | readonly [text: string, bold: true];
export type Line = readonly Piece[];

/** https://docs.slack.dev/reference/block-kit, in UTF-16 units, which are never fewer than Slack counts. */
export const limits = {
  viewBlocks: 100,
  header: 150,
  section: 3000,
  buttonText: 75,
  buttonValue: 2000,
  viewTitle: 24,
  reason: 2000,
  /** All blocks of a message, in bytes of JSON; Slack refuses more than about 13,200 without naming a figure. */
  messageBytes: 12_000,
  /** Slack takes 250 kB; less opens sooner. */
  viewBytes: 60_000,
} as const;

export function plain(text: string, longest: number): types.PlainTextElement {
  return { type: "plain_text", text: line(text, longest), emoji: false };
}
export function header(text: string): Block {
  return { type: "header", text: plain(text, limits.header) };
}
/** A paragraph as it is. */
export function section(text: string, longest: number = limits.section): Block {
  return { type: "section", text: { type: "plain_text", text: paragraph(text, longest), emoji: false } };
}
/** Small and grey. */
export function context(text: string): Block {
  return { type: "context", elements: [plain(text, 1000)] };
}
export const divider: Block = { type: "divider" };

/** Lines under each other. */
export function lines(shown: readonly Line[]): Block {
  const pieces = shown.flatMap((each, index): Line => (index === 0 ? each : ["\n", ...each]));
  return { type: "rich_text", elements: [richSection(pieces)] };
}
/** A bold heading, if any, over a list of points. */
export function points(heading: string | null, shown: readonly Line[]): Block {
  const list: types.RichTextList = {
    type: "rich_text_list",
    style: "bullet",
    elements: shown.map(richSection),
  };
  return {
    type: "rich_text",
    elements: [...(heading === null ? [] : [richSection([[heading, true]])]), list],
  };
}
/** Neighbours of one style become one element: a message's JSON is limited. */
function richSection(pieces: Line): types.RichTextSection {
  const elements: types.RichTextText[] = [];
  for (const piece of pieces) {
    const [text, bold] = typeof piece === "string" ? [piece, false] : piece;
    const last = elements.at(-1);
    if (last !== undefined && (last.style?.bold === true) === bold) {
      last.text += text;
    } else {
      elements.push({ type: "text", text, ...(bold ? { style: { bold } } : {}) });
    }
  }
  return { type: "rich_text_section", elements };
}

/** `value` is JSON; see `slack-actions.ts`. */
export function button(
  id: string,
  text: string,
  value: string,
  more: { readonly style?: "primary" | "danger"; readonly confirm?: types.ConfirmationDialog } = {},
): types.Button {
  return { type: "button", action_id: id, text: plain(text, limits.buttonText), value, ...more };
}
export function actions(elements: types.Button[]): Block {
  return { type: "actions", elements };
}

/** The first of several drawings, from roomy to tight, whose JSON is within the limit; the last one if none is. */
export function fitting<R>(rooms: readonly [R, ...R[]], draw: (room: R) => readonly Block[]): Block[] {
  let blocks: readonly Block[] = [];
  for (const room of rooms) {
    blocks = draw(room);
    if (jsonBytes(blocks) <= limits.messageBytes) {
      break;
    }
  }
  return [...blocks];
}
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
