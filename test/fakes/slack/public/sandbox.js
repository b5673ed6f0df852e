import { act, look, user } from "./api.js";
import { Blocks } from "./blocks.js";
import { html, render, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { Modal } from "./modal.js";
import { Message } from "./message.js";

/** The workspace as the chosen user: channels on the left, messages and home in the middle, a thread on the right. */
function Sandbox() {
  const [state, setState] = useState(undefined);
  const [where, setWhere] = useState("");
  const [thread, setThread] = useState("");
  const [notice, setNotice] = useState("");
  useEffect(() => {
    const refresh = async () => setState(await look());
    const changes = new EventSource("/sandbox/changes");
    changes.addEventListener("message", () => void refresh());
    return () => changes.close();
  }, []);
  if (state === undefined) {
    return html`<p>Loading…</p>`;
  }
  const send = async (what) => {
    const seen = await act(what);
    setNotice(seen.ok === false ? seen.text : "");
    return seen;
  };
  const newChat = async () => {
    setWhere("direct");
    setThread((await send({ act: "assistant" })).ts ?? "");
  };
  const channel =
    state.channels.find((each) => each.id === where || (where === "direct" && each.kind === "im")) ??
    (where === "home" ? undefined : state.channels[0]);
  const title = (each) => `${each.kind === "im" ? "@" : "#"}${each.name}`;
  const top =
    channel?.messages.filter((each) => each.thread_ts === undefined || each.thread_ts === each.ts) ?? [];
  const inThread = channel?.messages.filter((each) => each.ts === thread || each.thread_ts === thread) ?? [];
  const show = (list) =>
    list.map(
      (each) =>
        html`<${Message}
          key=${each.ts}
          message=${each}
          channel=${channel}
          state=${state}
          send=${send}
          open=${setThread}
        />`,
    );
  return html`<header>
      <strong>Slack sandbox (a stand-in, not Slack)</strong>
      <label>
        You are${" "}
        <select name="as" value=${user} onChange=${(event) => location.assign(`/?as=${event.target.value}`)}>
          ${state.people.filter((each) => each.kind !== "bot" && !each.deleted).map((each) => html`<option value=${each.name}>${each.realName} (${each.name})</option>`)}
        </select>
      </label>
    </header>
    ${notice !== "" && html`<p class="notice" role="alert">${notice} <button type="button" onClick=${() => setNotice("")}>Dismiss</button></p>`}
    <div class="columns">
      <nav>
        ${state.channels.map(
          (each) =>
            html`<button
              type="button"
              class=${each.id === channel?.id ? "here" : ""}
              onClick=${() => [setWhere(each.id), setThread("")]}
            >
              ${title(each)}
            </button>`,
        )}
        <button
          type="button"
          class=${where === "home" ? "here" : ""}
          onClick=${() => [setWhere("home"), void send({ act: "home" })]}
        >
          ${state.app.name}: home
        </button>
        <button type="button" onClick=${() => void newChat()}>${state.app.name}: new chat</button>
      </nav>
      <main>
        ${
          channel === undefined
            ? html`<section class="messages" aria-label="Home tab">
                ${state.home === null ? html`<p>Nothing is published here yet.</p>` : html`<${Blocks} blocks=${state.home.blocks} people=${state.people} work=${work(send, "home")} />`}
              </section>`
            : html`<${Messages} key=${channel.id} label=${title(channel)}>${show(top)}<//>
                ${channel.assistant.map((each) => each.status !== "" && html`<p class="status">${state.app.name} ${each.status}</p>`)}
                <${Composer}
                  label=${`Message ${title(channel)}`}
                  channel=${channel}
                  state=${state}
                  send=${send}
                />`
        }
      </main>
      ${
        thread !== "" &&
        html`<aside aria-label="Thread">
          <button type="button" class="close" onClick=${() => setThread("")}>Close thread</button>
          <${Messages} key=${thread} label="Messages of the thread">${show(inThread)}<//>
          ${channel?.assistant
            .filter((each) => each.thread === thread)
            .flatMap((each) => each.prompts)
            .map(
              (text) =>
                html`<button
                  type="button"
                  class="prompt"
                  onClick=${() => void send({ act: "say", channel: channel.id, text, files: [], thread })}
                >
                  ${text}
                </button>`,
            )}
          <${Composer} label="Reply" channel=${channel} thread=${thread} state=${state} send=${send} />
        </aside>`
      }
    </div>
    ${state.modal !== null && html`<${Modal} key=${state.modal.id} view=${state.modal} people=${state.people} send=${send} />`}`;
}

/** The newest message stays in sight until somebody scrolls up to older ones. */
function Messages({ label, children }) {
  const box = useRef(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    if (atEnd.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  });
  const scrolled = () => {
    const { scrollTop, clientHeight, scrollHeight } = box.current;
    atEnd.current = scrollTop + clientHeight > scrollHeight - 30;
  };
  return html`<section class="messages" aria-label=${label} ref=${box} onScroll=${scrolled}>
    ${children}
  </section>`;
}

/** What working an element outside a modal does: it acts at once. */
function work(send, place) {
  const click = (name, input) =>
    void send({ act: "click", where: place, name, ...(input === undefined ? {} : { input }) });
  return { click, choose: (name, value) => click(name, [value].flat()[0]), fill: () => {} };
}

function Composer({ label, channel, thread, state, send }) {
  const [text, setText] = useState("");
  const chosen = useRef(null);
  const submit = async (event) => {
    event.preventDefault();
    const line = text.trim();
    const attached = [...chosen.current.files];
    const files = await Promise.all(
      attached.map(async (each) => ({ name: each.name, content: await each.text() })),
    );
    const command = state.app.commands.find((each) => line === each || line.startsWith(`${each} `));
    const said = {
      act: "say",
      channel: channel.id,
      text: line,
      files,
      ...(thread === undefined ? {} : { thread }),
    };
    setText("");
    event.target.reset();
    if (line !== "" || files.length > 0) {
      await send(command === undefined ? said : { act: "command", line, channel: channel.id });
    }
  };
  return html`<form class="composer" onSubmit=${submit}>
    <input
      aria-label=${label}
      placeholder=${label}
      value=${text}
      onInput=${(event) => setText(event.target.value)}
    />
    <input
      type="file"
      aria-label=${thread === undefined ? "Attach a file" : "Attach a file to the reply"}
      ref=${chosen}
    />
    <button type="submit">Send</button>
  </form>`;
}

render(html`<${Sandbox} />`, document.querySelector("#app"));
