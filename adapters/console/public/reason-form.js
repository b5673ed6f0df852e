import { html, useLayoutEffect, useRef, useState } from "./html.js";

/**
 * Asks for a reason before something grave is done. Enter sends it, Shift-Enter begins a new line.
 * @param {{question: string, act: string, busy: boolean, onAct: (reason: string) => void, onBack: () => void}} p
 */
export function ReasonForm({ question, act, busy, onAct, onBack }) {
  const [reason, setReason] = useState("");
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  // At once: the next key belongs to the reason.
  useLayoutEffect(() => field.current?.focus(), []);
  const submit = (event) => {
    event.preventDefault();
    if (reason.trim() !== "" && !busy) {
      onAct(reason.trim());
    }
  };
  const enter = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      submit(event);
    }
  };
  return html`<form class="reason-form" onSubmit=${submit}>
    <label>
      ${question}
      <textarea
        ref=${field}
        rows="2"
        maxlength="2000"
        required
        value=${reason}
        onInput=${(event) => setReason(event.currentTarget.value)}
        onKeyDown=${enter}
      ></textarea>
    </label>
    <div class="buttons">
      <button type="submit" class="danger" disabled=${busy || reason.trim() === ""}>
        ${busy ? "Processing…" : act}
      </button>
      <button type="button" disabled=${busy} onClick=${onBack}>Back</button>
    </div>
  </form>`;
}
