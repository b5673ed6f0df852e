import { ChatCard } from "./chat-cards.js";
import { discard, send, sendAgain } from "./conversations.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { state } from "./store.js";

const example = "Order the parts needed for 50 widgets for Customer XYZ";
/** So close to the end counts as reading the newest. */
const nearEndPx = 80;

/** My thread: what I asked, what became of it, and the field to ask for more. */
export function Chat() {
  const [text, setText] = useState("");
  const [target, setTarget] = useState(/** @type {string | null} */ (null));
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const following = useRef(true);
  const conversations = state.conversations;
  const waiting = (conversations ?? []).filter((each) =>
    each.cards.some(({ card }) => card.kind === "question"),
  );
  // A question takes the next message, unless the person says that it is something new.
  const asking =
    waiting.find((each) => each.thread === target) ?? (target === "new" ? undefined : waiting.at(-1));

  useLayoutEffect(() => field.current?.focus(), []);
  useEffect(() => {
    const onScroll = () => {
      following.current = scrollY + innerHeight >= document.documentElement.scrollHeight - nearEndPx;
    };
    addEventListener("scroll", onScroll, { passive: true });
    return () => removeEventListener("scroll", onScroll);
  }, []);
  useLayoutEffect(() => {
    if (following.current) {
      scrollTo(0, document.documentElement.scrollHeight);
    }
  }, [conversations]);

  const submit = (event) => {
    event.preventDefault();
    const message = text.trim();
    if (message !== "") {
      following.current = true;
      setText("");
      setTarget(null);
      void send(message, asking?.thread);
    }
  };
  const onKeyDown = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      submit(event);
    }
  };
  const use = (message) => {
    setText(message);
    field.current?.focus();
  };

  return html`<section class="chat" aria-label="Chat">
    <h1 class="for-readers">Chat</h1>
    <div class="talks">
      ${conversations === null && html`<p class="loading">Loading…</p>`}
      ${
        conversations?.length === 0 &&
        html`<div class="empty">
          <h2>What do you need?</h2>
          <p>
            Say it in your own words. Before anything is ordered, a manager sees the whole plan and decides.
          </p>
          <button type="button" class="option" onClick=${() => use(example)}>${example}</button>
        </div>`
      }
      ${(conversations ?? []).map(
        (each) =>
          html`<${Talk}
            key=${each.thread}
            talk=${each}
            onAnswer=${() => {
              setTarget(each.thread);
              field.current?.focus();
            }}
            onEdit=${(message) => {
              discard(each);
              use(message);
            }}
          />`,
      )}
    </div>
    <form class="composer" onSubmit=${submit}>
      <div class="composer-inner">
        ${
          state.safety.freeze !== null &&
          html`<p class="composer-frozen">
            Frozen by ${state.safety.freeze.by}: requests wait until two people have lifted that.
          </p>`
        }
        <p class="composer-hint">
          ${
            asking === undefined
              ? html`<span>New request</span>`
              : html`<span>Your answer goes to: “${asking.requestText}”</span>
                  <button type="button" class="quiet" onClick=${() => setTarget("new")}>
                    New request instead
                  </button>`
          }
        </p>
        <div class="composer-row">
          <textarea
            ref=${field}
            rows="2"
            aria-label=${asking === undefined ? "Your request" : "Your answer"}
            placeholder=${asking === undefined ? "Order the parts needed for …" : "Your answer"}
            value=${text}
            onInput=${(event) => setText(event.currentTarget.value)}
            onKeyDown=${onKeyDown}
          ></textarea>
          <button type="submit" class="primary" disabled=${text.trim() === ""}>Send</button>
        </div>
      </div>
    </form>
  </section>`;
}

/** One request and all that belongs to it. @param {{talk: import("./store.js").Conversation, onAnswer: () => void, onEdit: (text: string) => void}} p */
function Talk({ talk, onAnswer, onEdit }) {
  const { run, unsent } = talk;
  return html`<section class="talk" aria-label=${talk.requestText}>
    <p class="said">${talk.requestText}</p>
    ${talk.dialogue.map(
      ({ question, answer }, at) =>
        html`<p key=${`q${at}`} class="asked">${question}</p>
          <p key=${`a${at}`} class="said">${answer}</p>`,
    )}
    ${run !== null && unsent !== null && html`<p class="said">${unsent.text}</p>`}
    ${
      unsent !== null &&
      html`<div class="sending">
        ${
          unsent.problem === null
            ? html`<span>Sending…</span>`
            : html`<span class="problem" role="alert">Not sent: ${unsent.problem}</span>
                <span class="buttons">
                  <button type="button" onClick=${() => sendAgain(talk)}>Send again</button>
                  <button type="button" onClick=${() => onEdit(unsent.text)}>Edit</button>
                </span>`
        }
      </div>`
    }
    ${talk.cards.map(
      (item) =>
        html`<${ChatCard}
          key=${item.key}
          item=${item}
          busy=${unsent !== null}
          onOption=${(option) => void send(option, talk.thread)}
          onAnswer=${onAnswer}
        />`,
    )}
  </section>`;
}
