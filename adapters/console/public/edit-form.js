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
  const [wrong, setWrong] = useState({});
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [key] = useState(() => crypto.randomUUID());
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  // The button that opened it is gone: the keyboard goes on here.
  useLayoutEffect(() => own.current?.focus(), []);
  // Once an answer is there, it goes on at the first wrong value.
  useLayoutEffect(() => {
    const first = busy ? undefined : own.current?.querySelector('[aria-invalid="true"]');
    if (first instanceof HTMLElement) {
      first.focus();
    }
  }, [busy]);
  const address = `/approvals/${encodeURIComponent(id)}/edit`;

  /**
   * Wrong values are said at their fields, all else below them.
   * @param {{message: string, wrong?: Record<string, string>}} error
   */
  const refused = (error) => {
    const values = error.wrong ?? {};
    const names = Object.keys(values);
    const isAtFields = names.every((name) => form?.fields.some(({ field }) => field === name));
    setWrong(values);
    setProblem(names.length > 0 && isAtFields ? "" : error.message);
  };
  /** @param {() => Promise<any>} work @param {(answer: any) => void} then */
  const ask = async (work, then) => {
    setBusy(true);
    setWrong({});
    setProblem("");
    try {
      const answer = await work();
      if (answer.outcome === "refused") {
        refused(answer.error);
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
    const { [field]: _, ...others } = wrong;
    setWrong(others);
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
            id=${`${id}-${field.field}`}
            field=${field}
            value=${changes[field.field] ?? field.now}
            wrong=${wrong[field.field]}
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

/**
 * A field with what is wrong with its value, where something is.
 * @param {{id: string, field: any, value: any, wrong: string | undefined, onChange: (value: any) => void}} p
 */
function Field({ id, field, value, wrong, onChange }) {
  const why = `${id}-wrong`;
  const state = wrong === undefined ? {} : { "aria-invalid": "true", "aria-describedby": why };
  return html`<div class=${`field ${field.kind}`}>
    <${controls[field.kind]} field=${field} value=${value} state=${state} onChange=${onChange} />
    ${wrong !== undefined && html`<p id=${why} class="problem">${wrong}</p>`}
  </div>`;
}
/** @typedef {{field: any, value: any, state: object, onChange: (value: any) => void}} Control */
const controls = { number: NumberControl, one: OneControl, some: SomeControl };

/** @param {Control} p */
function NumberControl({ field, value, state, onChange }) {
  return html`<label>
    <span>${field.label} <span class="muted">${field.least} to ${field.most}</span></span>
    <input
      name=${field.field}
      inputmode="decimal"
      value=${value}
      onInput=${(event) => onChange(event.currentTarget.value.trim())}
      ...${state}
    />
  </label>`;
}
/** @param {Control} p */
function OneControl({ field, value, state, onChange }) {
  return html`<label>
    <span>${field.label}</span>
    <select name=${field.field} onChange=${(event) => onChange(event.currentTarget.value)} ...${state}>
      ${field.options.map(
        ({ id, name }) => html`<option key=${id} value=${id} selected=${id === value}>${name}</option>`,
      )}
    </select>
  </label>`;
}
/** @param {Control} p */
function SomeControl({ field, value, state, onChange }) {
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
            ...${state}
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
