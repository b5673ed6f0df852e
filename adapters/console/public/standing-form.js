import { post } from "./api.js";
import { html, useLayoutEffect, useRef, useState } from "./html.js";

/** @typedef {{name: string, label: string, hint?: string, optional?: true, type?: string, mode?: string}} TermField */
/** @type {readonly TermField[]} */
const fields = [
  { name: "requester", label: "For requests of", hint: "a person's id; empty: everybody", optional: true },
  {
    name: "customers",
    label: "For customers",
    hint: "ids of the books, exactly, with commas; empty: all",
    optional: true,
  },
  {
    name: "suppliers",
    label: "From suppliers",
    hint: "ids of the books, exactly, with commas; empty: all",
    optional: true,
  },
  { name: "each", label: "At most for one plan", hint: "e.g. 1500.00", mode: "decimal" },
  { name: "inAll", label: "At most in all", hint: "e.g. 5000.00", mode: "decimal" },
  { name: "currency", label: "Currency", hint: "the company's, e.g. USD" },
  { name: "uses", label: "For how many plans", mode: "numeric" },
  { name: "until", label: "Until (UTC)", type: "datetime-local" },
];

/**
 * Proposes to approve a bounded class of plans in advance. What the terms may be is judged by the policy.
 * @param {{currency: string, onDone: (said: string) => void, onBack: () => void}} p
 */
export function StandingForm({ currency, onDone, onBack }) {
  const [values, setValues] = useState({ currency });
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const own = useRef(/** @type {HTMLElement | null} */ (null));
  // The button that opened it is gone: the keyboard goes on here.
  useLayoutEffect(() => own.current?.focus(), []);

  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    try {
      const answer = await post("/rights/standing", termsOf(values));
      if (answer.outcome === "refused") {
        setProblem(answer.error.message);
      } else {
        onDone(answer.text);
      }
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return html`<form
    ref=${own}
    tabindex="-1"
    class="card standing-form"
    onSubmit=${submit}
    aria-label="Propose an approval in advance"
  >
    <p class="muted">
      Plans within these bounds are approved without waiting for anybody. It is in force once those who decide
      on such plans have approved it, ends by itself, and may be taken back at any time.
    </p>
    <div class="fields">
      ${fields.map(
        ({ name, label, hint, optional, type, mode }) =>
          html`<label key=${name}>
            ${label}
            <input
              name=${name}
              type=${type ?? "text"}
              inputmode=${mode}
              maxlength="2000"
              required=${optional !== true}
              value=${values[name] ?? ""}
              onInput=${(event) => setValues({ ...values, [name]: event.currentTarget.value })}
            />
            ${hint !== undefined && html`<small class="muted">${hint}</small>`}
          </label>`,
      )}
    </div>
    <p class="problem" role="alert">${problem}</p>
    <div class="buttons">
      <button type="submit" class="primary" disabled=${busy}>Propose</button>
      <button type="button" disabled=${busy} onClick=${onBack}>Back</button>
    </div>
  </form>`;
}

/** @param {Record<string, string>} values */
function termsOf(values) {
  const text = (name) => (values[name] ?? "").trim();
  const list = (name) => {
    const ids = text(name)
      .split(",")
      .map((id) => id.trim())
      .filter((id) => id !== "");
    return ids.length === 0 ? null : ids;
  };
  const until = new Date(`${text("until")}Z`);
  return {
    requester: text("requester") || null,
    workflow: null,
    customers: list("customers"),
    suppliers: list("suppliers"),
    each: { amount: text("each"), currency: text("currency") },
    inAll: { amount: text("inAll"), currency: text("currency") },
    uses: Number(text("uses")),
    until: Number.isNaN(until.getTime()) ? text("until") : until.toISOString(),
  };
}
