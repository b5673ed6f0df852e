/** Untrusted text made fit to be shown. It is only ever put where Slack reads no markup. */

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
/** All invisible format characters but the two joiners that scripts and emoji need. */
const unseen = /(?![\u200c\u200d])\p{Cf}/gu;
const controls = /(?!\n)\p{Cc}/gu;
/** Slack refuses empty texts. */
const nothing = "–";

/** Several lines of at most `longest` UTF-16 units in all; never empty. */
export function paragraph(text: string, longest: number): string {
  const lines = visible(text)
    .split("\n")
    .map((line) => line.trim())
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
  return cut(lines, longest);
}
/** One line of at most `longest` UTF-16 units; never empty. */
export function line(text: string, longest: number): string {
  return cut(visible(text).replace(/\s+/gu, " ").trim(), longest);
}

function visible(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u0085\p{Zl}\p{Zp}]/gu, "\n")
    .replace(/\t/g, " ")
    .replace(unseen, "")
    .replace(controls, "\ufffd");
}
/** Cut text says so by "…" and ends between two characters as readers see them. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) {
    return text === "" ? nothing : text;
  }
  // A reader's character may be hundreds of units long: no look at more than is needed.
  const start = text.slice(0, longest + 64);
  const end = graphemes.segment(start).containing(longest - 1)?.index ?? 0;
  return `${start.slice(0, end).trimEnd()}…`;
}

/** How many characters a reader sees. */
export function width(text: string): number {
  let count = 0;
  for (const _ of graphemes.segment(text)) {
    count += 1;
  }
  return count;
}

const lookAlikes: Readonly<Record<string, string>> = {
  "*": "∗",
  _: "＿",
  "~": "∼",
  "`": "ˋ",
};
/**
 * For a message's `text`, which Slack shows in notifications and reads as mrkdwn: no mention, link, emoji or formatting
 * is left. https://docs.slack.dev/messaging/formatting-message-text
 */
export function notificationText(text: string, longest: number): string {
  return line(text, longest)
    .replace(/^>/, "›")
    .replace(/[*_~`]/g, (sign) => lookAlikes[sign] ?? "")
    .replace(/:(?=\S)/g, "∶")
    .replace(/@(?=channel|here|everyone|group)/gi, "＠")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
