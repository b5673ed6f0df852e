/** Slack's message text as the plain text that was typed. https://docs.slack.dev/messaging/formatting-message-text */

const token = /<([^<>]*)>/g;

/**
 * Escapes undone; mentions, channels, links and dates as what a reader sees; `self`'s own mention left out. What
 * stands between angle brackets is Slack's, because a typed "<" arrives as "&lt;".
 */
export function plainText(text: string, self: string): string {
  const shown = text.replace(token, (_whole, inner: string) => shownToken(inner, self));
  return unescaped(shown)
    .replace(/[ \t]+/g, " ")
    .trim();
}

function shownToken(inner: string, self: string): string {
  const cut = inner.indexOf("|");
  const target = cut === -1 ? inner : inner.slice(0, cut);
  const label = cut === -1 ? undefined : inner.slice(cut + 1);
  if (target.startsWith("@")) {
    return target.slice(1) === self ? "" : `@${label ?? target.slice(1)}`;
  }
  if (target.startsWith("#")) {
    return `#${label ?? target.slice(1)}`;
  }
  if (target.startsWith("!")) {
    // "!here", "!subteam^S01", "!date^…|fallback": the label where there is one.
    return label ?? `@${target.slice(1).split("^")[0] ?? ""}`;
  }
  return label ?? target;
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** Whether the text mentions this user. */
export function mentions(text: string, user: string): boolean {
  return text.includes(`<@${user}>`) || text.includes(`<@${user}|`);
}
