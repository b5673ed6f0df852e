import { boolean, byType, list, object, oneOf, string, url } from "./checks.ts";
import type { Check } from "./checks.ts";

/** Composition objects. Limits: https://docs.slack.dev/reference/block-kit/composition-objects and @slack/types. */

/** https://docs.slack.dev/reference/block-kit/composition-objects/text-object: 1 to 3000 characters. */
export function plainText(max = 3000, min = 1): Check {
  return byType({ plain_text: object({ text: string(max, min) }, { emoji: boolean }) });
}
export function mrkdwn(max = 3000): Check {
  return byType({ mrkdwn: object({ text: string(max, 1) }, { verbatim: boolean }) });
}
export function text(max = 3000): Check {
  return byType({
    plain_text: object({ text: string(max, 1) }, { emoji: boolean }),
    mrkdwn: object({ text: string(max, 1) }, { verbatim: boolean }),
  });
}

/** https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object */
export const confirm: Check = object(
  { text: text(300) },
  { title: plainText(100), confirm: plainText(30), deny: plainText(30), style: oneOf("primary", "danger") },
);

/**
 * https://docs.slack.dev/reference/block-kit/composition-objects/option-object: text 75, value 150 (the SDK's types
 * still say 75), description 75.
 */
export function option(label: Check): Check {
  return object({ text: label, value: string(150, 1) }, { description: text(75) });
}
/** Only overflow menus take a `url`. */
export const overflowOption: Check = object(
  { text: plainText(75), value: string(150, 1) },
  { description: plainText(75), url },
);
/** https://docs.slack.dev/reference/block-kit/composition-objects/option-group-object */
export const optionGroup: Check = object({ label: plainText(75), options: list(option(plainText(75)), 100) });

/** https://docs.slack.dev/reference/block-kit/composition-objects/dispatch-action-configuration-object */
export const dispatchConfig: Check = object(
  {},
  { trigger_actions_on: list(oneOf("on_enter_pressed", "on_character_entered"), 2) },
);
/** https://docs.slack.dev/reference/block-kit/composition-objects/conversation-filter-object */
export const conversationFilter: Check = object(
  {},
  {
    include: list(oneOf("im", "mpim", "private", "public"), 4),
    exclude_external_shared_channels: boolean,
    exclude_bot_users: boolean,
  },
);

/** An image is named by address or by a file of Slack's, and by only one of them. */
export const imageFields = {
  image_url: url,
  slack_file: object({}, { id: string(255, 1), url }, (file, at) => {
    if ((file["id"] === undefined) === (file["url"] === undefined)) {
      at.refuse("must define either `id` or `url`");
    }
  }),
};
/** https://docs.slack.dev/reference/block-kit/block-elements/image-element */
export const image: Check = object({ alt_text: string(2000, 1) }, imageFields, oneImage);

export function oneImage(
  fields: Readonly<Record<string, unknown>>,
  at: { refuse(text: string): void },
): void {
  if ((fields["image_url"] === undefined) === (fields["slack_file"] === undefined)) {
    at.refuse("must define either `image_url` or `slack_file`");
  }
}
