import type { ViewStateValue } from "@slack/bolt";
import { elementsOf } from "./block-kit/blocks.ts";
import type { Fields } from "./model.ts";
import { asFields, asList, asText } from "./model.ts";

/** What a user put in, by action id: text, a date, an option's value or a user's id; several where several may be chosen. */
export type Inputs = Readonly<Record<string, string | readonly string[]>>;

/** An element with the block it stands in. */
export interface PlacedElement {
  readonly block: Fields;
  readonly element: Fields;
}

/** Everything a user can work in these blocks. */
function placedElements(blocks: readonly Fields[]): readonly PlacedElement[] {
  return blocks.flatMap((block) => elementsOf(block).map((element) => ({ block, element })));
}

/** The element with this action id, or with this text on it. */
export function findElement(blocks: readonly Fields[], name: string): PlacedElement | undefined {
  const all = placedElements(blocks);
  return (
    all.find(({ element }) => element["action_id"] === name) ??
    all.find(({ element }) => asText(asFields(element["text"]), "text") === name)
  );
}

/** The state of all inputs: https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload. */
export function stateOf(
  blocks: readonly Fields[],
  inputs: Inputs,
): Record<string, Record<string, ViewStateValue>> {
  const values: Record<string, Record<string, ViewStateValue>> = {};
  for (const { block, element } of placedElements(blocks)) {
    const state = elementState(element, inputs[asText(element, "action_id") ?? ""]);
    if (state !== undefined) {
      const blockId = asText(block, "block_id") ?? "";
      values[blockId] = {
        ...values[blockId],
        [asText(element, "action_id") ?? ""]: state as unknown as ViewStateValue,
      };
    }
  }
  return values;
}

const single: Readonly<Record<string, readonly [given: string, initial: string]>> = {
  datepicker: ["selected_date", "initial_date"],
  timepicker: ["selected_time", "initial_time"],
  users_select: ["selected_user", "initial_user"],
  channels_select: ["selected_channel", "initial_channel"],
  conversations_select: ["selected_conversation", "initial_conversation"],
};
const several: Readonly<Record<string, readonly [given: string, initial: string]>> = {
  multi_users_select: ["selected_users", "initial_users"],
  multi_channels_select: ["selected_channels", "initial_channels"],
  multi_conversations_select: ["selected_conversations", "initial_conversations"],
};

/** An element's state with the user's input, or as it was at first; undefined for what has none, such as a button. */
export function elementState(
  element: Fields,
  input: string | readonly string[] | undefined,
): Fields | undefined {
  const type = asText(element, "type") ?? "";
  const one = typeof input === "string" ? input : input?.[0];
  const all = typeof input === "string" ? [input] : input;
  if (["plain_text_input", "email_text_input", "url_text_input", "number_input"].includes(type)) {
    return { type, value: (one === "" ? null : one) ?? asText(element, "initial_value") ?? null };
  }
  if (["static_select", "radio_buttons", "overflow"].includes(type)) {
    return {
      type,
      selected_option: one === undefined ? (element["initial_option"] ?? null) : optionWith(element, one),
    };
  }
  if (["checkboxes", "multi_static_select"].includes(type)) {
    const chosen =
      all === undefined ? asList(element["initial_options"]) : all.map((value) => optionWith(element, value));
    return { type, selected_options: chosen };
  }
  if (type === "datetimepicker") {
    return {
      type,
      selected_date_time: one === undefined ? (element["initial_date_time"] ?? null) : Number(one),
    };
  }
  if (single[type] !== undefined) {
    const [given, initial] = single[type];
    return { type, [given]: one ?? element[initial] ?? null };
  }
  if (several[type] !== undefined) {
    const [given, initial] = several[type];
    return { type, [given]: all ?? element[initial] ?? [] };
  }
  return undefined;
}

function optionWith(element: Fields, value: string): Fields {
  const options = [
    ...asList(element["options"]),
    ...asList(element["option_groups"]).flatMap((group) => asList(group["options"])),
  ];
  const found = options.find(
    (each) => each["value"] === value || asText(asFields(each["text"]), "text") === value,
  );
  if (found === undefined) {
    throw new Error(`no option "${value}" in ${String(element["action_id"])}`);
  }
  return found;
}

/** What Slack's client itself says before it lets a view be submitted, by block id; empty when all is well. */
export function clientComplaints(
  blocks: readonly Fields[],
  inputs: Inputs,
): Readonly<Record<string, string>> {
  const complaints: Record<string, string> = {};
  for (const block of blocks.filter((each) => each["type"] === "input")) {
    const element = asFields(block["element"]) ?? {};
    const state = elementState(element, inputs[asText(element, "action_id") ?? ""]) ?? {};
    const { type: _type, ...rest } = state;
    const value: unknown = Object.values(rest)[0];
    const maxLength = Number(element["max_length"] ?? 3000);
    const minLength = Number(element["min_length"] ?? 0);
    const missing = value === null || value === undefined || (Array.isArray(value) && value.length === 0);
    const blockId = asText(block, "block_id") ?? "";
    if (missing && block["optional"] !== true) {
      complaints[blockId] = "Please complete this required field.";
    } else if (typeof value === "string" && value.length > maxLength) {
      complaints[blockId] = `Please enter at most ${maxLength} characters.`;
    } else if (typeof value === "string" && value.length < minLength) {
      complaints[blockId] = `Please enter at least ${minLength} characters.`;
    }
  }
  return complaints;
}
