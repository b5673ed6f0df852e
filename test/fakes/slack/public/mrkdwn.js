import { html } from "./html.js";

/** Slack's mrkdwn as text nodes and a few elements; nothing in it ever becomes markup of the page. */
export function Mrkdwn({ text, people }) {
  return text
    .split("\n")
    .map((line, index) => html`${index > 0 && html`<br />`}<${Line} text=${line} people=${people} />`);
}

const parts =
  /(<[^<>\s][^<>]*>|`[^`]+`|(?<![\w*])\*[^*\n]+\*(?![\w*])|(?<!\w)_[^_\n]+_(?!\w)|(?<![\w~])~[^~\n]+~(?!\w))/;

function Line({ text, people }) {
  const quote = text.startsWith("&gt;");
  const body = (quote ? text.slice(4).trimStart() : text).split(parts).map((part, index) => {
    if (index % 2 === 0) {
      return unescaped(part);
    }
    const inner = part.slice(1, -1);
    switch (part[0]) {
      case "<":
        return html`<${Reference} inner=${inner} people=${people} />`;
      case "`":
        return html`<code>${unescaped(inner)}</code>`;
      case "*":
        return html`<b><${Line} text=${inner} people=${people} /></b>`;
      case "_":
        return html`<i><${Line} text=${inner} people=${people} /></i>`;
      default:
        return html`<s>${unescaped(inner)}</s>`;
    }
  });
  return quote ? html`<blockquote>${body}</blockquote>` : body;
}

/** A mention, a channel, a date or a link. */
function Reference({ inner, people }) {
  const [target = "", label] = inner.split("|");
  if (target.startsWith("@")) {
    const name = people.find((each) => each.id === target.slice(1))?.name ?? target.slice(1);
    return html`<span class="mention">@${name}</span>`;
  }
  if (target.startsWith("!date^")) {
    return unescaped(label ?? target);
  }
  if (target.startsWith("!")) {
    return html`<span class="mention loud">@${target.slice(1)}</span>`;
  }
  if (target.startsWith("#")) {
    return html`<span class="mention">#${label ?? target.slice(1)}</span>`;
  }
  const address = unescaped(target);
  return /^(https?|mailto):/.test(address)
    ? html`<a href=${address} rel="noreferrer" target="_blank">${unescaped(label ?? target)}</a>`
    : unescaped(`<${inner}>`);
}

export function unescaped(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
