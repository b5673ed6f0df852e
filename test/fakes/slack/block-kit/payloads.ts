import type { Fields } from "../model.ts";
import { asFields, asList, asText } from "../model.ts";
import { SlackFailure } from "../slack-failure.ts";
import { findInMessageBlocks, findInViewBlocks } from "./blocks.ts";
import { boolean, byType, object, Place, string } from "./checks.ts";
import { plainText } from "./composition.ts";

/**
 * All blocks of a message together, as JSON. Slack names no figure; it was measured at about 13,200 characters:
 * https://github.com/slackapi/bolt-js/issues/2509 and /2867.
 */
const maxBlocksJson = 13_200;
/** https://docs.slack.dev/reference/methods/chat.postMessage, "too_many_attachments". */
const maxAttachments = 100;
/** Slack says only "metadata_too_large"; 8,000 characters of JSON are what its 16-kilobyte message leaves. */
const maxMetadataJson = 8_000;
/** https://docs.slack.dev/reference/methods/views.open, "view_too_large": 250 kB. */
const maxViewBytes = 250_000;

function refuse(error: string, found: readonly string[]): SlackFailure {
  return new SlackFailure(error, {
    errors: found,
    response_metadata: { messages: found.map((each) => `[ERROR] ${each}`) },
  });
}

/** A message's blocks as Slack keeps them: checked, each with a `block_id` and every element with an `action_id`. */
export function acceptBlocks(blocks: unknown, nextId: () => string): readonly Fields[] {
  if (blocks === undefined) {
    return [];
  }
  if (!Array.isArray(blocks)) {
    throw new SlackFailure("invalid_blocks_format");
  }
  const found = findInMessageBlocks(blocks);
  if (found.length > 0) {
    throw refuse("invalid_blocks", found);
  }
  if (JSON.stringify(blocks).length > maxBlocksJson) {
    throw new SlackFailure("msg_blocks_too_long");
  }
  return withIds(asList(blocks), nextId);
}

/** Secondary attachments with blocks of their own; all else in them is legacy and passes. */
export function acceptAttachments(attachments: unknown, nextId: () => string): readonly Fields[] {
  if (attachments === undefined) {
    return [];
  }
  if (!Array.isArray(attachments)) {
    throw new SlackFailure("invalid_attachments");
  }
  if (attachments.length > maxAttachments) {
    throw new SlackFailure("too_many_attachments");
  }
  return asList(attachments).map((each, index) => ({
    ...each,
    id: index + 1,
    ...(each["blocks"] === undefined ? {} : { blocks: acceptBlocks(each["blocks"], nextId) }),
  }));
}

/** https://docs.slack.dev/messaging/message-metadata: `event_type` and an object of flat values. */
export function acceptMetadata(metadata: unknown): Fields | undefined {
  if (metadata === undefined) {
    return undefined;
  }
  const fields = asFields(metadata);
  if (fields === undefined) {
    throw new SlackFailure("invalid_metadata_format");
  }
  if (Object.keys(fields).length === 0) {
    return undefined;
  }
  const payload = asFields(fields["event_payload"]);
  const eventType = asText(fields, "event_type");
  if (eventType === undefined || eventType === "" || eventType.length > 255 || payload === undefined) {
    throw new SlackFailure("invalid_metadata_schema");
  }
  const flat = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);
  const flatObject = (value: unknown) =>
    asFields(value) !== undefined && Object.values(value as Fields).every(flat);
  const wrong = Object.values(payload).some(
    (each) =>
      !flat(each) &&
      !flatObject(each) &&
      !(Array.isArray(each) && each.every((item) => flat(item) || flatObject(item))),
  );
  if (wrong) {
    throw new SlackFailure("invalid_metadata_schema");
  }
  if (JSON.stringify(fields).length > maxMetadataJson) {
    throw new SlackFailure("metadata_too_large");
  }
  return { event_type: eventType, event_payload: payload };
}

const common = {
  callback_id: string(255),
  private_metadata: string(3000),
  external_id: string(255),
  blocks: findInViewBlocks,
};
const viewCheck = byType({
  /** https://docs.slack.dev/reference/views/modal-views */
  modal: object(
    { title: plainText(24), blocks: findInViewBlocks },
    {
      ...common,
      close: plainText(24),
      submit: plainText(24),
      clear_on_close: boolean,
      notify_on_close: boolean,
    },
    (view, at) => {
      if (view["submit"] === undefined && asList(view["blocks"]).some((each) => each["type"] === "input")) {
        at.refuse("missing required field: submit");
      }
    },
  ),
  /** https://docs.slack.dev/reference/views/home-tab-views */
  home: object({ blocks: findInViewBlocks }, common),
});

/** A view of this type, checked; Slack answers `invalid_arguments` for one that breaks a rule. */
export function acceptView(
  view: unknown,
  type: "modal" | "home",
  nextId: () => string,
): { body: Fields; blocks: readonly Fields[] } {
  const body = asFields(view);
  if (body === undefined) {
    throw new SlackFailure("invalid_arguments");
  }
  const at = new Place("/view");
  viewCheck(body, at);
  if (body["type"] !== type) {
    at.refuse(`unsupported type: ${String(body["type"])}`);
  }
  if (at.found.length > 0) {
    throw refuse("invalid_arguments", at.found);
  }
  if (Buffer.byteLength(JSON.stringify(body)) > maxViewBytes) {
    throw new SlackFailure("view_too_large");
  }
  return { body, blocks: withIds(asList(body["blocks"]), nextId) };
}

/** Slack makes up the ids that were left out. */
function withIds(blocks: readonly Fields[], nextId: () => string): readonly Fields[] {
  const element = (each: unknown): unknown => {
    const fields = asFields(each);
    if (fields === undefined || ["image", "plain_text", "mrkdwn"].includes(String(fields["type"]))) {
      return each;
    }
    return { ...fields, action_id: fields["action_id"] ?? nextId() };
  };
  return blocks.map((block) => {
    const type = String(block["type"]);
    const kept: Record<string, unknown> = { ...block, block_id: asText(block, "block_id") || nextId() };
    if (["actions", "context_actions"].includes(type)) {
      kept["elements"] = asList(block["elements"]).map(element);
    }
    if (type === "input") {
      kept["element"] = element(block["element"]);
    }
    if (block["accessory"] !== undefined) {
      kept["accessory"] = element(block["accessory"]);
    }
    return kept;
  });
}
