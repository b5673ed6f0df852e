import type { Fields } from "../model.ts";
import { asFields, asList } from "../model.ts";
import { boolean, byType, integer, list, object, oneOf, Place, string, url } from "./checks.ts";
import type { Check } from "./checks.ts";
import { image, imageFields, mrkdwn, oneImage, plainText, text } from "./composition.ts";
import { actionsElements, button, contextActions, inputElements, sectionAccessories } from "./elements.ts";
import { richText } from "./rich-text.ts";

/** Blocks. Limits: https://docs.slack.dev/reference/block-kit/blocks and @slack/types. */

const blockId = { block_id: string(255) };
const cell = byType({
  raw_text: object({ text: string(Number.MAX_SAFE_INTEGER, 1) }),
  raw_number: object({ value: () => {}, text: string(Number.MAX_SAFE_INTEGER, 1) }),
  rich_text: richText,
});
const taskCard = object(
  {
    task_id: string(255, 1),
    title: string(3000, 1),
    status: oneOf("pending", "in_progress", "complete", "error"),
  },
  {
    ...blockId,
    details: richText,
    output: richText,
    sources: list(byType({ url: object({ url, text: string(3000, 1) }) }), 100, 0),
  },
);
const card = object(
  {},
  {
    ...blockId,
    hero_image: byType({ image }),
    icon: byType({ image }),
    title: mrkdwn(150),
    subtitle: mrkdwn(150),
    body: mrkdwn(200),
    actions: list(byType({ button }), 25),
  },
  (fields, at) => {
    if (["hero_image", "title", "actions", "body"].every((name) => fields[name] === undefined)) {
      at.refuse("must define one of `hero_image`, `title`, `actions`, `body`");
    }
  },
);
/** What may also stand inside a container. */
const simple: Readonly<Record<string, Check>> = {
  actions: object({ elements: list(byType(actionsElements), 25) }, blockId),
  context: object(
    {
      elements: list(byType({ image, plain_text: plainText(), mrkdwn: mrkdwn() }), 10),
    },
    blockId,
  ),
  divider: object({}, blockId),
  header: object({ text: plainText(150) }, { ...blockId, level: integer(1, 4) }),
  image: object(
    { alt_text: string(2000, 1) },
    { ...blockId, ...imageFields, title: plainText(2000) },
    oneImage,
  ),
  rich_text: richText,
  section: object(
    {},
    {
      ...blockId,
      text: text(3000),
      fields: list(text(2000), 10),
      accessory: byType({ ...sectionAccessories, image }),
      expand: boolean,
    },
    (fields, at) => {
      if (fields["text"] === undefined && fields["fields"] === undefined) {
        at.refuse("must define either `text` or `fields`");
      }
    },
  ),
  table: object(
    { rows: list(list(cell, 20), 100) },
    {
      ...blockId,
      column_settings: list(object({}, { align: oneOf("left", "center", "right"), is_wrapped: boolean }), 20),
    },
  ),
  video: object(
    { alt_text: string(2000, 1), title: plainText(199), thumbnail_url: url, video_url: url },
    {
      ...blockId,
      title_url: url,
      description: plainText(200),
      author_name: string(49),
      provider_name: string(255),
      provider_icon_url: url,
    },
  ),
  input: object(
    { label: plainText(2000), element: byType(inputElements) },
    { ...blockId, hint: plainText(2000), optional: boolean, dispatch_action: boolean },
  ),
};
const messageBlocks: Readonly<Record<string, Check>> = {
  ...simple,
  card,
  carousel: object({ elements: list(byType({ card }), 10) }, blockId),
  container: object(
    { child_blocks: list(byType(simple), 10) },
    {
      ...blockId,
      title: plainText(150),
      rich_text_title: richText,
      subtitle: text(150),
      width: oneOf("narrow", "standard", "wide", "full"),
      icon: byType({ image }),
      is_collapsible: boolean,
      default_collapsed: boolean,
      has_header_divider: boolean,
    },
  ),
  context_actions: object({ elements: list(byType(contextActions), 5) }, blockId),
  data_table: object(
    { rows: list(list(cell, 20), 101, 2), caption: string(3000, 1) },
    { ...blockId, page_size: integer(1, 100), row_header_column_index: integer(0, 19) },
  ),
  /** https://docs.slack.dev/reference/block-kit/blocks/markdown-block: 12,000 characters in all of a payload's. */
  markdown: object({ text: string(12_000, 1) }, blockId),
  plan: object(
    { title: string(3000, 1) },
    { ...blockId, tasks: list(byType({ task_card: taskCard }), 50, 0) },
  ),
  task_card: taskCard,
};
const { markdown: _notInViews, ...bothBlocks } = messageBlocks;
const viewBlocks: Readonly<Record<string, Check>> = {
  ...bothBlocks,
  /** https://docs.slack.dev/reference/block-kit/blocks/alert-block: in modals only, 200 characters (slackapi/java-slack-sdk#1624). */
  alert: object(
    { text: text(200) },
    { ...blockId, level: oneOf("default", "info", "warning", "error", "success") },
  ),
};

/** Complaints about a message's blocks: each block, at most 50, and what holds for all of them together. */
export function findInMessageBlocks(blocks: unknown): readonly string[] {
  const at = new Place("/blocks");
  list(byType(messageBlocks), 50, 0)(blocks, at);
  together(asList(blocks), at);
  return at.found;
}

/** Complaints about a view's blocks, at most 100 of them. */
export function findInViewBlocks(blocks: unknown, at: Place): void {
  list(byType(viewBlocks), 100, 0)(blocks, at);
  together(asList(blocks), at);
}

function together(blocks: readonly Fields[], at: Place): void {
  const blockIds = new Set<unknown>();
  for (const [index, block] of blocks.entries()) {
    const here = at.into(index);
    const blockId = block["block_id"];
    if (blockId !== undefined && blockId !== "" && blockIds.has(blockId)) {
      here.refuse("`block_id` already exists for another block");
    }
    blockIds.add(blockId);
    const actionIds = new Set<unknown>();
    for (const element of elementsOf(block)) {
      const actionId = element["action_id"];
      if (actionId !== undefined && actionIds.has(actionId)) {
        here.refuse(`\`action_id\` already exists for another element`);
      }
      actionIds.add(actionId);
    }
  }
  const markdown = blocks.filter((each) => each["type"] === "markdown");
  if (markdown.reduce((sum, each) => sum + String(each["text"]).length, 0) > 12_000) {
    at.refuse("must be less than 12001 characters in all markdown blocks");
  }
  /** https://docs.slack.dev/reference/block-kit/blocks/table-block: one table a message. */
  if (blocks.filter((each) => each["type"] === "table").length > 1) {
    at.refuse("only_one_table_allowed");
  }
}

/** What a user can work in a block: an accessory, the elements of actions, the element of an input, a card's buttons. */
export function elementsOf(block: Fields): readonly Fields[] {
  const single = [block["accessory"], block["type"] === "input" ? block["element"] : undefined].map(asFields);
  const nested = [
    ...asList(block["child_blocks"]),
    ...(block["type"] === "carousel" ? asList(block["elements"]) : []),
  ];
  return [
    ...single.filter((each) => each !== undefined),
    ...(block["type"] === "actions" || block["type"] === "context_actions" ? asList(block["elements"]) : []),
    ...(block["type"] === "card" ? asList(block["actions"]) : []),
    ...nested.flatMap(elementsOf),
  ].filter((each) => each["type"] !== "image");
}
