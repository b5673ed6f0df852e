import { Blocks } from "./blocks.js";
import { html } from "./html.js";
import { Mrkdwn } from "./mrkdwn.js";

/** One message with its blocks, files and what can be done with it. */
export function Message({ message, channel, state, send, open }) {
  const place = { channel: channel.id, ts: message.ts };
  const author = state.people.find((each) => each.id === message.user)?.name ?? message.user;
  const click = (name, input) =>
    void send({ act: "click", where: place, name, ...(input === undefined ? {} : { input }) });
  const work = { click, choose: (name, value) => click(name, [value].flat()[0]), fill: () => {} };
  const edit = () => {
    const text = window.prompt("Edit message", message.text);
    if (text) {
      void send({ act: "edit", place, text });
    }
  };
  const blocks = message.blocks ?? [];
  return html`<article class=${message.ephemeral ? "message whisper" : "message"} data-ts=${message.ts}>
    <div class="by">
      <b>${author}</b>${message.bot_id && html` <small>APP</small>`}${" "}
      <time>${new Date(Number(message.ts) * 1000).toLocaleTimeString()}</time>
      ${message.edited && html` <small>(edited)</small>`}
      ${message.ephemeral && html` <small>Only visible to you</small>`}
    </div>
    ${
      blocks.length > 0
        ? html`<${Blocks} blocks=${blocks} people=${state.people} work=${work} />`
        : html`<div><${Mrkdwn} text=${message.text} people=${state.people} /></div>`
    }
    ${(message.attachments ?? []).map(
      (each) =>
        html`<div class="attachment">
          ${each.blocks ? html`<${Blocks} blocks=${each.blocks} people=${state.people} work=${work} />` : (each.text ?? each.fallback)}
        </div>`,
    )}
    ${(message.files ?? []).map((file) => html`<div class="file">📄 ${file.title} <small>${file.size} bytes</small></div>`)}
    <div class="tools">
      ${!message.ephemeral && html`<button type="button" onClick=${() => open(message.thread_ts ?? message.ts)}>${message.reply_count ? `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}` : "Reply in thread"}</button>`}
      ${!message.ephemeral && state.app.shortcuts.map((name) => html`<button type="button" onClick=${() => void send({ act: "shortcut", name, place })}>${name}</button>`)}
      ${message.user === state.me.id && html`<button type="button" onClick=${edit}>Edit</button><button type="button" onClick=${() => void send({ act: "delete", place })}>Delete</button>`}
    </div>
  </article>`;
}
