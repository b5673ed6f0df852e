import { post } from "./api.js";
import { Badge, Facts } from "./card-parts.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { change, state } from "./store.js";
import { tellUndo } from "./undos-state.js";

const words = { waiting: "Needs a person", good: "Settled", bad: "Stays", neutral: "Under way" };
const noteWords = {
  "by-hand": { label: "What did you do, and where?", button: "Save: settled by hand" },
  "given-up": { label: "Why does it stay?", button: "Save: it stays as it is" },
};

/**
 * What could not be undone, why, what a person can do about it, and the buttons for who may; afterwards what came of it.
 * @param {{id: string, card: any}} p
 */
export function UndoCard({ id, card }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const [noting, setNoting] = useState(/** @type {"by-hand" | "given-up" | null} */ (null));
  const outcome = useRef(/** @type {HTMLElement | null} */ (null));
  const acted = useRef(false);
  const open = card.undo !== null;

  // The pressed button is gone: keyboard and screen reader go on at what came of it.
  useEffect(() => {
    if (acted.current && !open) {
      acted.current = false;
      outcome.current?.focus();
    }
  }, [open]);

  /** @param {"retry" | "by-hand" | "given-up"} act @param {string} [note] */
  const send = async (act, note) => {
    setBusy(true);
    setProblem("");
    try {
      const body = { act, attempt: card.undo.attempt, ...(note === undefined ? {} : { note }) };
      const answer = await post(`/undos/${encodeURIComponent(id)}`, body);
      if (answer.outcome === "refused") {
        setProblem(answer.error.message);
      } else {
        acted.current = true;
        setNoting(null);
      }
      if (answer.card !== undefined) {
        tellUndo({ key: `undo-${id}`, card: answer.card });
        change({ announcement: `${answer.card.title}. ${answer.card.text}` });
      }
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };

  return html`<article class="card undo" data-undo=${id} aria-label=${card.title}>
    <header class="card-head">
      <h3>${card.title}</h3>
      <${Badge} tone=${card.tone}>${words[card.tone]}<//>
    </header>
    <${Facts} facts=${card.facts} />
    <footer class="decision">
      <p ref=${outcome} tabindex="-1" class=${`outcome outcome-${card.tone}`}>${card.text}</p>
      ${
        open && noting !== null
          ? html`<${NoteForm}
              words=${noteWords[noting]}
              busy=${busy}
              onNote=${(note) => send(noting, note)}
              onBack=${() => setNoting(null)}
            />`
          : html`<div class="buttons">
              ${
                open
                  ? html`<button
                        type="button"
                        class="primary retry"
                        disabled=${busy}
                        onClick=${() => send("retry")}
                      >
                        ${busy ? "Processing…" : "Try again"}
                      </button>
                      <button
                        type="button"
                        class="by-hand"
                        disabled=${busy}
                        onClick=${() => setNoting("by-hand")}
                      >
                        Settled by hand
                      </button>
                      <button
                        type="button"
                        class="leave"
                        disabled=${busy}
                        onClick=${() => setNoting("given-up")}
                      >
                        Stays as it is
                      </button>`
                  : null
              }
              <a href=${`#/runs/${encodeURIComponent(card.run)}`}>Run detail</a>
            </div>`
      }
      ${
        card.tone === "waiting" && !open
          ? html`<p class="muted">Somebody who may cancel other people's requests has to look.</p>`
          : null
      }
      <p class="problem" role="alert">${problem}</p>
    </footer>
  </article>`;
}

/** @param {{words: {label: string, button: string}, busy: boolean, onNote: (note: string) => void, onBack: () => void}} p */
function NoteForm({ words: { label, button }, busy, onNote, onBack }) {
  const [note, setNote] = useState("");
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  // At once: the next key belongs to the note.
  useLayoutEffect(() => field.current?.focus(), []);
  const submit = (event) => {
    event.preventDefault();
    if (note.trim() !== "" && !busy) {
      onNote(note.trim());
    }
  };
  return html`<form class="reject-form" onSubmit=${submit}>
    <label>
      ${label}
      <textarea
        rows="2"
        ref=${field}
        maxlength="2000"
        required
        value=${note}
        onInput=${(event) => setNote(event.currentTarget.value)}
      ></textarea>
    </label>
    <div class="buttons">
      <button type="submit" class="primary" disabled=${busy || note.trim() === ""}>
        ${busy ? "Processing…" : button}
      </button>
      <button type="button" disabled=${busy} onClick=${onBack}>Back</button>
    </div>
  </form>`;
}

/** Those that are known here, where there are any. */
export function Undos() {
  return state.undos.length === 0
    ? null
    : html`<h2>Could not be undone</h2>
        <div class="cards undos">
          ${state.undos.map(({ id, card }) => html`<${UndoCard} key=${id} id=${id} card=${card} />`)}
        </div>`;
}
