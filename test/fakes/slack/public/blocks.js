import { Element } from "./elements.js";
import { html } from "./html.js";
import { Mrkdwn } from "./mrkdwn.js";
import { RichText } from "./rich-text.js";

/** A text object: plain text stays plain. */
export function Text({ text, people }) {
  return text.type === "plain_text" ? text.text : html`<${Mrkdwn} text=${text.text} people=${people} />`;
}

/** The blocks of a message or view, one after the other. `work` holds what a click or an input does. */
export function Blocks({ blocks, people, work }) {
  return blocks.map(
    (block) => html`<${Block} key=${block.block_id} block=${block} people=${people} work=${work} />`,
  );
}

function Block({ block, people, work }) {
  const text = (value) => html`<${Text} text=${value} people=${people} />`;
  const element = (value) => html`<${Element} element=${value} people=${people} work=${work} />`;
  const blocks = (list) => html`<${Blocks} blocks=${list} people=${people} work=${work} />`;
  const picture = (value) =>
    html`<span class="image" role="img" aria-label=${value.alt_text}>🖼 ${value.alt_text}</span>`;
  switch (block.type) {
    case "section":
      return html`<div class="block section" data-block=${block.block_id}>
        <div>
          ${block.text && html`<div>${text(block.text)}</div>`}
          ${block.fields && html`<div class="fields">${block.fields.map((each) => html`<div>${text(each)}</div>`)}</div>`}
        </div>
        ${block.accessory && html`<div>${block.accessory.type === "image" ? picture(block.accessory) : element(block.accessory)}</div>`}
      </div>`;
    case "header":
      return html`<h3 class="block header">${block.text.text}</h3>`;
    case "divider":
      return html`<hr class="block" />`;
    case "context":
      return html`<div class="block context">
        ${block.elements.map((each) => html`<span>${each.type === "image" ? picture(each) : text(each)}</span>`)}
      </div>`;
    case "actions":
    case "context_actions":
      return html`<div class="block actions" data-block=${block.block_id}>
        ${block.elements.map(element)}
      </div>`;
    case "input":
      return html`<label class="block input" data-block=${block.block_id}>
        <span class="label">${block.label.text}${block.optional && html` <small>(optional)</small>`}</span>
        ${element(block.element)} ${block.hint && html`<small>${block.hint.text}</small>`}
        ${work.errors?.[block.block_id] && html`<span class="error" role="alert">${work.errors[block.block_id]}</span>`}
      </label>`;
    case "image":
      return html`<figure class="block">
        ${block.title && html`<figcaption>${block.title.text}</figcaption>`}${picture(block)}
      </figure>`;
    case "rich_text":
      return html`<div class="block"><${RichText} block=${block} people=${people} /></div>`;
    case "markdown":
      return html`<div class="block markdown">${block.text}</div>`;
    case "table":
    case "data_table":
      return html`<table class="block">
        ${block.rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell) => html`<td>${cell.type === "rich_text" ? html`<${RichText} block=${cell} people=${people} />` : cell.text}</td>`)}
            </tr>`,
        )}
      </table>`;
    case "alert":
      return html`<div class=${`block alert ${block.level ?? "default"}`}>${text(block.text)}</div>`;
    case "card":
      return html`<div class="block card">
        ${block.title && html`<b>${text(block.title)}</b>`}
        ${block.subtitle && html`<div>${text(block.subtitle)}</div>`}
        ${block.body && html`<div>${text(block.body)}</div>`}
        ${block.actions && html`<div class="actions">${block.actions.map(element)}</div>`}
      </div>`;
    case "carousel":
      return html`<div class="block carousel">${blocks(block.elements)}</div>`;
    case "container":
      return html`<div class="block card"><b>${block.title?.text}</b>${blocks(block.child_blocks)}</div>`;
    case "task_card":
      return html`<div class="block card">${block.title} <small>${block.status}</small></div>`;
    case "plan":
      return html`<div class="block card"><b>${block.title}</b>${blocks(block.tasks ?? [])}</div>`;
    default:
      return html`<div class="block context">(${block.type})</div>`;
  }
}
