import { boolean, byType, integer, list, object, oneOf, string, url } from "./checks.ts";
import type { Check } from "./checks.ts";

/** Rich text. https://docs.slack.dev/reference/block-kit/blocks/rich-text-block and @slack/types. */

const flag = boolean;
const style = object(
  {},
  {
    bold: flag,
    code: flag,
    italic: flag,
    strike: flag,
    underline: flag,
    highlight: flag,
    client_highlight: flag,
    unlink: flag,
  },
);
const id = string(255, 1);
const inline: Check = byType({
  broadcast: object({ range: oneOf("here", "channel", "everyone") }, { style }),
  channel: object({ channel_id: id }, { style }),
  color: object({ value: string(20, 1) }, { style }),
  date: object(
    { timestamp: integer(0, Number.MAX_SAFE_INTEGER), format: string(3000, 1) },
    { style, url, fallback: string(3000) },
  ),
  emoji: object({ name: string(255, 1) }, { style, unicode: string(255), url }),
  link: object({ url }, { style, text: string(3000), unsafe: flag }),
  team: object({ team_id: id }, { style }),
  text: object({ text: string(Number.MAX_SAFE_INTEGER, 1) }, { style }),
  user: object({ user_id: id }, { style }),
  usergroup: object({ usergroup_id: id }, { style }),
});
/** @slack/types RichTextPreformatted: texts and links. */
const preformatted: Check = byType({
  link: object({ url }, { style, text: string(3000), unsafe: flag }),
  text: object({ text: string(Number.MAX_SAFE_INTEGER, 1) }, { style }),
});
const anyNumber = Number.MAX_SAFE_INTEGER;
const section = object({ elements: list(inline, anyNumber, 0) });
const border = { border: integer(0, 1) };

/** A whole rich text block; also a cell of a table and the first value of a rich text input. */
export const richText: Check = byType({
  rich_text: object(
    {
      elements: list(
        byType({
          rich_text_section: section,
          rich_text_list: object(
            {
              style: oneOf("bullet", "ordered"),
              elements: list(byType({ rich_text_section: section }), anyNumber, 0),
            },
            { ...border, indent: integer(0, 8), offset: integer(0, anyNumber) },
          ),
          rich_text_quote: object({ elements: list(inline, anyNumber, 0) }, border),
          rich_text_preformatted: object(
            { elements: list(preformatted, anyNumber, 0) },
            { ...border, language: string(255) },
          ),
        }),
        anyNumber,
        0,
      ),
    },
    { block_id: string(255) },
  ),
});
