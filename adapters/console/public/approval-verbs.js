import { post } from "./api.js";
import { dateTime } from "./format.js";
import { html, useLayoutEffect, useRef, useState } from "./html.js";
import { ReasonForm } from "./reason-form.js";
import { useReturn } from "./return-focus.js";

/**
 * What may be done about an open approval beside deciding it: asking the requester, handing the right on.
 * @param {{id: string}} p
 */
export function MoreVerbs({ id }) {
  const [verb, setVerb] = useState("");
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState("");
  const asking = useReturn(verb === "ask");
  const handingOn = useReturn(verb === "hand-on");
  const begin = (name) => {
    setSaid("");
    setVerb(name);
  };
  const leave = () => setVerb("");
  const escape = (event) => {
    if (event.key === "Escape" && verb !== "" && !busy) {
      event.stopPropagation();
      leave();
    }
  };

  /** @param {string} path @param {object} body @param {(answer: any) => string} text */
  const act = async (path, body, text) => {
    setBusy(true);
    try {
      const answer = await post(`/rights/approvals/${encodeURIComponent(id)}/${path}`, body);
      setSaid(answer.outcome === "refused" ? answer.error.message : text(answer));
      leave();
    } catch (error) {
      setSaid(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const forms = {
    ask: () =>
      html`<${ReasonForm}
        question="What do you want to know? The requester reads this."
        act="Ask"
        busy=${busy}
        onAct=${(text) => act("question", { text }, () => "Asked. The approval stays open, with its times.")}
        onBack=${leave}
      />`,
    "hand-on": () =>
      html`<${HandOnForm}
        busy=${busy}
        onAct=${(body) =>
          act("delegate", body, ({ until }) => `${body.to} may decide until ${dateTime(until)}.`)}
        onBack=${leave}
      />`,
  };
  const buttons = () =>
    html`<div class="buttons more-verbs">
      <button ref=${asking} type="button" class="quiet ask" onClick=${() => begin("ask")}>
        Ask the requester
      </button>
      <button ref=${handingOn} type="button" class="quiet hand-on" onClick=${() => begin("hand-on")}>
        Hand on
      </button>
      <span class="muted" role="status">${said}</span>
    </div>`;
  return html`<div onKeyDown=${escape}>
    ${(forms[verb] ?? buttons)()} ${verb !== "" && html`<p class="problem" role="alert">${said}</p>`}
  </div>`;
}

/** @param {{busy: boolean, onAct: (body: {to: string, hours: number}) => void, onBack: () => void}} p */
function HandOnForm({ busy, onAct, onBack }) {
  const [to, setTo] = useState("");
  const [hours, setHours] = useState("24");
  const first = useRef(/** @type {HTMLInputElement | null} */ (null));
  useLayoutEffect(() => first.current?.focus(), []);
  const submit = (event) => {
    event.preventDefault();
    if (to.trim() !== "" && Number(hours) > 0 && !busy) {
      onAct({ to: to.trim(), hours: Number(hours) });
    }
  };
  return html`<form class="reason-form" onSubmit=${submit}>
    <label>
      Who decides on this in your place? Their id, e.g. manager-2.
      <input
        ref=${first}
        name="to"
        maxlength="80"
        required
        value=${to}
        onInput=${(event) => setTo(event.currentTarget.value)}
      />
    </label>
    <label>
      For how many hours?
      <input
        name="hours"
        type="number"
        min="1"
        required
        value=${hours}
        onInput=${(event) => setHours(event.currentTarget.value)}
      />
    </label>
    <div class="buttons">
      <button type="submit" disabled=${busy}>Hand on</button>
      <button type="button" disabled=${busy} onClick=${onBack}>Back</button>
    </div>
  </form>`;
}
