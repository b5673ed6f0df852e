import { boolean, integer, list, matching, object, oneOf, string, url } from "./checks.ts";
import type { Check, Place } from "./checks.ts";
import {
  confirm,
  conversationFilter,
  dispatchConfig,
  option,
  optionGroup,
  overflowOption,
  plainText,
  text,
} from "./composition.ts";
import { richText } from "./rich-text.ts";

/** Block elements. Limits: https://docs.slack.dev/reference/block-kit/block-elements and @slack/types. */

const actionId = { action_id: string(255, 1) };
const focus = { focus_on_load: boolean };
const placeholder = { placeholder: plainText(150) };
const several = { max_selected_items: integer(1, 1000) };
const id = string(255, 1);

/** https://docs.slack.dev/reference/block-kit/block-elements/button-element */
export const button: Check = object(
  { text: plainText(75) },
  {
    ...actionId,
    confirm,
    url,
    value: string(2000),
    style: oneOf("primary", "danger"),
    accessibility_label: string(75),
  },
);
const choices = (max: number): Check =>
  object(
    { options: list(option(text(75)), max) },
    { ...actionId, ...focus, confirm, initial_options: list(option(text(75)), max) },
  );
const radio: Check = object(
  { options: list(option(text(75)), 10) },
  { ...actionId, ...focus, confirm, initial_option: option(text(75)) },
);
const menu = (
  fields: Readonly<Record<string, Check>>,
  also?: (value: Readonly<Record<string, unknown>>, at: Place) => void,
): Check => object({}, { ...actionId, ...focus, ...placeholder, confirm, ...fields }, also);
const staticOptions = { options: list(option(plainText(75)), 100), option_groups: list(optionGroup, 100) };
const eitherOptions = (value: Readonly<Record<string, unknown>>, at: Place): void => {
  if ((value["options"] === undefined) === (value["option_groups"] === undefined)) {
    at.refuse("must define either `options` or `option_groups`");
  }
};
const ids = list(id, 1000, 0);
const input = (fields: Readonly<Record<string, Check>>): Check =>
  object({}, { ...actionId, ...focus, ...placeholder, dispatch_action_config: dispatchConfig, ...fields });
const date = matching(/^\d{4}-\d{2}-\d{2}$/, "a date such as 2026-01-05");
const time = matching(/^([01]\d|2[0-3]):[0-5]\d$/, "a time such as 23:05");
const decimal = matching(/^-?\d+(\.\d+)?$/, "a number");

const workflowButton: Check = object(
  {
    text: plainText(75),
    workflow: object({ trigger: object({ url }, { customizable_input_parameters: list(() => {}, 100, 0) }) }),
  },
  { ...actionId, confirm, style: oneOf("primary", "danger"), accessibility_label: string(75) },
);
const selects: Readonly<Record<string, Check>> = {
  static_select: menu({ ...staticOptions, initial_option: option(plainText(75)) }, eitherOptions),
  external_select: menu({ initial_option: option(plainText(75)), min_query_length: integer(0, 75) }),
  users_select: menu({ initial_user: id }),
  conversations_select: menu({
    initial_conversation: id,
    default_to_current_conversation: boolean,
    response_url_enabled: boolean,
    filter: conversationFilter,
  }),
  channels_select: menu({ initial_channel: id, response_url_enabled: boolean }),
  multi_static_select: menu(
    { ...staticOptions, ...several, initial_options: list(option(plainText(75)), 100, 0) },
    eitherOptions,
  ),
  multi_external_select: menu({
    ...several,
    initial_options: list(option(plainText(75)), 100, 0),
    min_query_length: integer(0, 75),
  }),
  multi_users_select: menu({ ...several, initial_users: ids }),
  multi_conversations_select: menu({
    ...several,
    initial_conversations: ids,
    default_to_current_conversation: boolean,
    filter: conversationFilter,
  }),
  multi_channels_select: menu({ ...several, initial_channels: ids }),
};
/** Elements that a user works, by type: those of actions, of sections and of inputs. */
const worked: Readonly<Record<string, Check>> = {
  ...selects,
  checkboxes: choices(10),
  radio_buttons: radio,
  datepicker: menu({ initial_date: date }),
  timepicker: menu({ initial_time: time, timezone: string(255, 1) }),
};
export const sectionAccessories: Readonly<Record<string, Check>> = {
  ...worked,
  button,
  workflow_button: workflowButton,
  overflow: object({ options: list(overflowOption, 5) }, { ...actionId, confirm }),
};
const datetime = object(
  {},
  { ...actionId, ...focus, confirm, initial_date_time: integer(1_000_000_000, 9_999_999_999) },
);
const richTextInput = input({
  initial_value: richText,
  min_lines: integer(1, 100),
  max_lines: integer(1, 100),
});
export const actionsElements: Readonly<Record<string, Check>> = {
  ...sectionAccessories,
  datetimepicker: datetime,
  rich_text_input: richTextInput,
};
/** https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element: lengths up to 3000. */
export const inputElements: Readonly<Record<string, Check>> = {
  ...worked,
  datetimepicker: datetime,
  rich_text_input: richTextInput,
  plain_text_input: input({
    initial_value: string(3000),
    multiline: boolean,
    min_length: integer(0, 3000),
    max_length: integer(1, 3000),
  }),
  email_text_input: input({ initial_value: string(3000) }),
  url_text_input: input({ initial_value: string(3000) }),
  number_input: object(
    { is_decimal_allowed: boolean },
    {
      ...actionId,
      ...focus,
      ...placeholder,
      dispatch_action_config: dispatchConfig,
      initial_value: decimal,
      min_value: decimal,
      max_value: decimal,
    },
  ),
  file_input: object({}, { ...actionId, filetypes: list(string(20, 1), 100), max_files: integer(1, 10) }),
};
/** https://docs.slack.dev/reference/block-kit/blocks/context-actions-block */
const feedback = object({ text: plainText(75), value: string(2000) }, { accessibility_label: string(75) });
export const contextActions: Readonly<Record<string, Check>> = {
  feedback_buttons: object({ positive_button: feedback, negative_button: feedback }, actionId),
  icon_button: object(
    { icon: oneOf("trash"), text: plainText(75) },
    {
      ...actionId,
      confirm,
      value: string(2000),
      accessibility_label: string(75),
      visible_to_user_ids: list(id, 100),
    },
  ),
};
