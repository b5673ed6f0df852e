import { get, post } from "./api.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";

/**
 * Changes the plan of an open approval: the fields that may be changed, then what that would do, then the change.
 * @param {{id: string, onDone: () => void, onBack: () => void}} p
 */
export function EditForm({ id, onDone, onBack }) {
  const [form, setForm] = useState(/** @type {any} */ (null));
  const [changes, setChanges] = useState(/** @type {Record<string, any>} */ ({}));
  const [preview, setPreview] = useState(/** @type {any} */ (null));
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [key] = useState(() => crypto.randomUUID());
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  // The button that opened it is gone: the keyboard goes on here.
  useLayoutEffect(() => own.current?.focus(), []);
  const address = `/approvals/${encodeURIComponent(id)}/edit`;

  /** @param {() => Promise<any>} work @param {(answer: any) => void} then */
  const ask = async (work, then) => {
    setBusy(true);
    setProblem("");
    try {
      const answer = await work();
      if (answer.outcome === "refused") {
        setProblem(answer.error.message);
      } else if (answer.outcome === "already-decided") {
        setProblem("Somebody else was first: this approval is closed, and nothing was changed.");
      } else {
        then(answer);
      }
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  useEffect(() => {
    void ask(() => get(address), setForm);
  }, [id]);

  const body = () => ({ key, planHash: form.planHash, changes });
  const submit = (event) => {
    event.preventDefault();
    if (preview === null) {
      void ask(() => post(`${address}/preview`, body()), setPreview);
    } else {
      void ask(() => post(address, body()), onDone);
    }
  };
  /** @param {string} field @param {any} value */
  const set = (field, value) => {
    setPreview(null);
    setChanges({ ...changes, [field]: value });
  };
  return html`<form
    ref=${own}
    tabindex="-1"
    class="edit-form"
    onSubmit=${submit}
    aria-label="Change the plan"
  >
    <div class="fields">
      ${form?.fields.map(
        (field) =>
          html`<${Field}
            key=${field.field}
            field=${field}
            value=${changes[field.field] ?? field.now}
            onChange=${(value) => set(field.field, value)}
          />`,
      )}
    </div>
    ${preview !== null && html`<${Preview} preview=${preview} />`}
    <p class="problem" role="alert">${problem}</p>
    <div class="buttons">
      <button type="submit" class="primary" disabled=${busy || form === null}>
        ${preview === null ? "Show what would change" : "Change the plan"}
      </button>
      <button type="button" disabled=${busy} onClick=${onBack}>Back</button>
    </div>
  </form>`;
}

/** @param {{field: any, value: any, onChange: (value: any) => void}} p */
function Field({ field, value, onChange }) {
  if (field.kind === "number") {
    return html`<label>
      <span>${field.label} <span class="muted">${field.least} to ${field.most}</span></span>
      <input
        name=${field.field}
        inputmode="decimal"
        value=${value}
        onInput=${(event) => onChange(event.currentTarget.value.trim())}
      />
    </label>`;
  }
  if (field.kind === "one") {
    return html`<label>
      <span>${field.label}</span>
      <select name=${field.field} onChange=${(event) => onChange(event.currentTarget.value)}>
        ${field.options.map(
          ({ id, name }) => html`<option key=${id} value=${id} selected=${id === value}>${name}</option>`,
        )}
      </select>
    </label>`;
  }
  const toggle = (id) => onChange(value.includes(id) ? value.filter((each) => each !== id) : [...value, id]);
  return html`<fieldset>
    <legend>${field.label}</legend>
    ${field.options.map(
      ({ id, name }) =>
        html`<label key=${id}>
          <input
            type="checkbox"
            name=${`${field.field}-${id}`}
            checked=${value.includes(id)}
            onChange=${() => toggle(id)}
          />
          <span>${name}</span>
        </label>`,
    )}
  </fieldset>`;
}

/** @param {{preview: any}} p */
function Preview({ preview }) {
  return html`<div class="preview" role="status">
    <ul>
      ${preview.changes.map(
        ({ what, before, after }) =>
          html`<li key=${what}><strong>${what}</strong>: ${before} → ${after}</li>`,
      )}
      ${preview.known.map((text) => html`<li key=${text}>${text}</li>`)}
    </ul>
    <p class="muted">${preview.open}</p>
  </div>`;
}
