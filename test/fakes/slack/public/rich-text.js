import { html } from "./html.js";

/** A rich text block: sections, lists, quotes and code. */
export function RichText({ block, people }) {
  const line = (elements) => elements.map((each) => html`<${Inline} element=${each} people=${people} />`);
  return block.elements.map((each) => {
    switch (each.type) {
      case "rich_text_list": {
        const items = each.elements.map((item) => html`<li>${line(item.elements)}</li>`);
        return each.style === "ordered"
          ? html`<ol>
              ${items}
            </ol>`
          : html`<ul>
              ${items}
            </ul>`;
      }
      case "rich_text_quote":
        return html`<blockquote>${line(each.elements)}</blockquote>`;
      case "rich_text_preformatted":
        return html`<pre>${line(each.elements)}</pre>`;
      default:
        return html`<span class="typed">${line(each.elements)}</span>`;
    }
  });
}

function Inline({ element, people }) {
  const nameOf = (id) => people.find((each) => each.id === id)?.name ?? id;
  const plain = () => {
    switch (element.type) {
      case "text":
        return element.text;
      case "user":
        return html`<span class="mention">@${nameOf(element.user_id)}</span>`;
      case "link":
        return /^(https?|mailto):/.test(element.url)
          ? html`<a href=${element.url} rel="noreferrer" target="_blank">${element.text ?? element.url}</a>`
          : (element.text ?? element.url);
      case "emoji":
        return `:${element.name}:`;
      case "broadcast":
        return html`<span class="mention loud">@${element.range}</span>`;
      case "channel":
        return html`<span class="mention">#${element.channel_id}</span>`;
      default:
        return element.fallback ?? element.value ?? "";
    }
  };
  const { bold, italic, strike, code } = element.style ?? {};
  let shown = plain();
  shown = code ? html`<code>${shown}</code>` : shown;
  shown = strike ? html`<s>${shown}</s>` : shown;
  shown = italic ? html`<i>${shown}</i>` : shown;
  return bold ? html`<b>${shown}</b>` : shown;
}
