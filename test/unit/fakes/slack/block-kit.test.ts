import assert from "node:assert/strict";
import { test } from "node:test";
import {
  acceptAttachments,
  acceptBlocks,
  acceptMetadata,
  acceptView,
} from "../../../fakes/slack/block-kit/payloads.ts";
import type { Fields } from "../../../fakes/slack/model.ts";
import { SlackFailure } from "../../../fakes/slack/slack-failure.ts";

let counter = 0;
const nextId = () => `id-${(counter += 1)}`;
const long = (length: number) => "x".repeat(length);
const plain = (length: number) => ({ type: "plain_text", text: long(length) });
const mrkdwn = (length: number) => ({ type: "mrkdwn", text: long(length) });
const many = <Item>(count: number, item: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => item(index));

/** Slack's error for these blocks, and the places complained about; "ok" when they pass. */
function answerTo(accept: () => unknown): { error: string; messages: readonly string[] } {
  try {
    accept();
    return { error: "ok", messages: [] };
  } catch (error) {
    assert.ok(error instanceof SlackFailure);
    return { error: error.error, messages: (error.details["errors"] as string[] | undefined) ?? [] };
  }
}
const blocks = (...list: readonly Fields[]) => answerTo(() => acceptBlocks(list, nextId));
const button = (more: Fields = {}) => ({ type: "button", text: plain(5), ...more });
const actions = (...elements: readonly Fields[]) => ({ type: "actions", elements });
const option = (text: number, value: number) => ({ text: plain(text), value: long(value) });
const select = (more: Fields) => ({ type: "static_select", ...more });
const section = (more: Fields) => ({ type: "section", ...more });
const input = (element: Fields, more: Fields = {}) => ({ type: "input", label: plain(5), element, ...more });
const richSection = { type: "rich_text_section", elements: [{ type: "text", text: "a" }] };

/** Each limit: the largest that passes, and one more, which does not. */
const limits: Readonly<Record<string, (size: number) => Fields>> = {
  "3000 section text": (size) => section({ text: mrkdwn(size) }),
  "10 section fields": (size) => section({ fields: many(size, () => mrkdwn(1)) }),
  "2000 section field": (size) => section({ fields: [mrkdwn(size)] }),
  "255 block_id": (size) => section({ text: mrkdwn(1), block_id: long(size) }),
  "150 header": (size) => ({ type: "header", text: plain(size) }),
  "10 context elements": (size) => ({ type: "context", elements: many(size, () => mrkdwn(1)) }),
  "3000 context text": (size) => ({ type: "context", elements: [mrkdwn(size)] }),
  "25 actions": (size) => actions(...many(size, (index) => button({ action_id: `a${index}` }))),
  "75 button text": (size) => actions({ type: "button", text: plain(size) }),
  "2000 button value": (size) => actions(button({ value: long(size) })),
  "255 action_id": (size) => actions(button({ action_id: long(size) })),
  "75 accessibility label": (size) => actions(button({ accessibility_label: long(size) })),
  "100 confirm title": (size) => actions(button({ confirm: { title: plain(size), text: plain(1) } })),
  "300 confirm text": (size) => actions(button({ confirm: { text: mrkdwn(size) } })),
  "30 confirm button": (size) => actions(button({ confirm: { text: plain(1), confirm: plain(size) } })),
  "30 deny button": (size) => actions(button({ confirm: { text: plain(1), deny: plain(size) } })),
  "100 select options": (size) => actions(select({ options: many(size, () => option(1, 1)) })),
  "100 option groups": (size) =>
    actions(select({ option_groups: many(size, () => ({ label: plain(1), options: [option(1, 1)] })) })),
  "75 option text": (size) => actions(select({ options: [option(size, 1)] })),
  "150 option value": (size) => actions(select({ options: [option(1, size)] })),
  "150 placeholder": (size) => actions(select({ placeholder: plain(size), options: [option(1, 1)] })),
  "5 overflow options": (size) => actions({ type: "overflow", options: many(size, () => option(1, 1)) }),
  "10 checkboxes": (size) => actions({ type: "checkboxes", options: many(size, () => option(1, 1)) }),
  "10 radio buttons": (size) => actions({ type: "radio_buttons", options: many(size, () => option(1, 1)) }),
  "2000 image alt text": (size) => ({
    type: "image",
    image_url: "https://example.test/a.png",
    alt_text: long(size),
  }),
  "2000 image title": (size) => ({
    type: "image",
    image_url: "https://example.test/a.png",
    alt_text: "a",
    title: plain(size),
  }),
  "2000 input label": (size) => input({ type: "plain_text_input" }, { label: plain(size) }),
  "2000 input hint": (size) => input({ type: "plain_text_input" }, { hint: plain(size) }),
  "3000 input max_length": (size) => input({ type: "plain_text_input", max_length: size }),
  "12000 markdown": (size) => ({ type: "markdown", text: long(size) }),
  "100 table rows": (size) => ({ type: "table", rows: many(size, () => [{ type: "raw_text", text: "a" }]) }),
  "20 table cells": (size) => ({
    type: "table",
    rows: [many(size, () => ({ type: "raw_text", text: "a" }))],
  }),
  "8 list indent": (size) => ({
    type: "rich_text",
    elements: [{ type: "rich_text_list", style: "bullet", indent: size, elements: [richSection] }],
  }),
  "10 carousel cards": (size) => ({
    type: "carousel",
    elements: many(size, () => ({ type: "card", title: mrkdwn(1) })),
  }),
  "200 card body": (size) => ({ type: "card", body: mrkdwn(size) }),
  "10 container blocks": (size) => ({
    type: "container",
    title: plain(1),
    child_blocks: many(size, () => ({ type: "divider" })),
  }),
  "5 context actions": (size) => ({
    type: "context_actions",
    elements: many(size, (index) => ({
      type: "icon_button",
      action_id: `a${index}`,
      icon: "trash",
      text: plain(1),
    })),
  }),
};
for (const [name, make] of Object.entries(limits)) {
  test(`blocks: no more than ${name}`, () => {
    const size = Number.parseInt(name, 10);
    assert.deepEqual(blocks(make(size)), { error: "ok", messages: [] });
    assert.equal(blocks(make(size + 1)).error, "invalid_blocks");
  });
}

test("blocks: what is wrong is said as Slack says it", () => {
  assert.deepEqual(blocks(section({ text: mrkdwn(3001) })).messages, [
    "failed to match all allowed schemas [json-pointer:/blocks/0]",
    "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
    "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
  ]);
  assert.ok(
    blocks({ type: "divider" }, actions(...many(26, () => button()))).messages.includes(
      "no more than 25 items allowed [json-pointer:/blocks/1/elements]",
    ),
  );
});

const refused: Readonly<Record<string, Fields>> = {
  "empty text": section({ text: { type: "mrkdwn", text: "" } }),
  "a section of nothing": { type: "section" },
  "an unknown block": { type: "carpet" },
  "a block without type": { text: plain(1) },
  "an unknown field": section({ text: mrkdwn(1), colour: "red" }),
  "mrkdwn in a header": { type: "header", text: mrkdwn(1) },
  "mrkdwn on a button": actions({ type: "button", text: mrkdwn(1) }),
  "an unknown style": actions(button({ style: "loud" })),
  "no elements": actions(),
  "two elements of one action id": actions(button({ action_id: "a" }), button({ action_id: "a" })),
  "a text input among actions": actions({ type: "plain_text_input" }),
  "a button in an input": input(button()),
  "options and groups": actions(
    select({ options: [option(1, 1)], option_groups: [{ label: plain(1), options: [option(1, 1)] }] }),
  ),
  "an image without a source": { type: "image", alt_text: "a" },
  "an alert in a message": { type: "alert", text: plain(1) },
  "a mention in preformatted text": {
    type: "rich_text",
    elements: [{ type: "rich_text_preformatted", elements: [{ type: "user", user_id: "U0MANAGER1" }] }],
  },
  "an address that is none": actions(button({ url: "not an address" })),
};
for (const [name, block] of Object.entries(refused)) {
  test(`blocks: refused: ${name}`, () => {
    assert.equal(blocks(block).error, "invalid_blocks");
  });
}

test("messages: fifty blocks, one table, distinct block ids, and 13,200 characters of JSON in all", () => {
  const divider = { type: "divider" };
  const table = { type: "table", rows: [[{ type: "raw_text", text: "a" }]] };
  assert.equal(blocks(...many(50, () => divider)).error, "ok");
  assert.equal(blocks(...many(51, () => divider)).error, "invalid_blocks");
  assert.equal(blocks(table, table).error, "invalid_blocks");
  assert.equal(blocks({ ...divider, block_id: "a" }, { ...divider, block_id: "a" }).error, "invalid_blocks");
  assert.equal(blocks(...many(4, () => section({ text: mrkdwn(3000) }))).error, "ok");
  assert.equal(blocks(...many(5, () => section({ text: mrkdwn(3000) }))).error, "msg_blocks_too_long");
  assert.equal(answerTo(() => acceptBlocks("[", nextId)).error, "invalid_blocks_format");
});

test("messages: ids that were left out are made up", () => {
  const [block] = acceptBlocks([actions(button())], nextId);
  assert.match(JSON.stringify(block), /"block_id":"id-\d+"/);
  assert.match(JSON.stringify(block), /"action_id":"id-\d+"/);
});

test("attachments: at most a hundred, and their blocks are checked", () => {
  const accept = (list: unknown) => answerTo(() => acceptAttachments(list, nextId)).error;
  assert.equal(accept(many(100, () => ({ text: "a" }))), "ok");
  assert.equal(accept(many(101, () => ({ text: "a" }))), "too_many_attachments");
  assert.equal(accept([{ blocks: [{ type: "section" }] }]), "invalid_blocks");
});

test("metadata: an event type and flat values, not too large", () => {
  const accept = (metadata: unknown) => answerTo(() => acceptMetadata(metadata)).error;
  assert.equal(
    accept({ event_type: "card", event_payload: { key: "a", list: ["b"], object: { c: 1 } } }),
    "ok",
  );
  assert.equal(accept({ event_type: "card" }), "invalid_metadata_schema");
  assert.equal(
    accept({ event_type: "card", event_payload: { deep: { deeper: { deepest: 1 } } } }),
    "invalid_metadata_schema",
  );
  assert.equal(accept({ event_type: "card", event_payload: { key: long(9000) } }), "metadata_too_large");
  assert.equal(accept("text"), "invalid_metadata_format");
});

const modal = (more: Fields = {}) => ({ type: "modal", title: plain(5), blocks: [], ...more });
const view = (body: unknown, type: "modal" | "home" = "modal") =>
  answerTo(() => acceptView(body, type, nextId)).error;
const viewLimits: Readonly<Record<string, (size: number) => Fields>> = {
  "24 title": (size) => modal({ title: plain(size) }),
  "24 submit": (size) => modal({ submit: plain(size) }),
  "24 close": (size) => modal({ close: plain(size) }),
  "200 alert": (size) => modal({ blocks: [{ type: "alert", text: plain(size) }] }),
  "3000 private_metadata": (size) => modal({ private_metadata: long(size) }),
  "255 callback_id": (size) => modal({ callback_id: long(size) }),
  "255 external_id": (size) => modal({ external_id: long(size) }),
  "100 blocks": (size) => modal({ blocks: many(size, () => ({ type: "divider" })) }),
};
for (const [name, make] of Object.entries(viewLimits)) {
  test(`views: no more than ${name}`, () => {
    const size = Number.parseInt(name, 10);
    assert.equal(view(make(size)), "ok");
    assert.equal(view(make(size + 1)), "invalid_arguments");
  });
}

test("views: a modal with inputs needs a submit, no markdown, at most 250 kB; a home tab has no title", () => {
  const text = input({ type: "plain_text_input" });
  assert.equal(view(modal({ blocks: [text] })), "invalid_arguments");
  assert.equal(view(modal({ blocks: [text], submit: plain(4) })), "ok");
  assert.equal(view(modal({ blocks: [{ type: "markdown", text: "a" }] })), "invalid_arguments");
  assert.equal(view(modal({ blocks: many(90, () => section({ text: mrkdwn(2900) })) })), "view_too_large");
  assert.equal(view({ type: "home", blocks: [] }, "home"), "ok");
  assert.equal(view({ type: "home", blocks: [], title: plain(4) }, "home"), "invalid_arguments");
  assert.equal(view({ type: "home", blocks: [] }, "modal"), "invalid_arguments");
});
