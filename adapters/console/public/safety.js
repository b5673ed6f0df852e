import { get, post } from "./api.js";
import { dateTime } from "./format.js";
import { html, useState } from "./html.js";
import { ReasonForm } from "./reason-form.js";
import { useReturn } from "./return-focus.js";
import { change, state } from "./store.js";

/** Freeze and shadow mode: what everyone sees of them, and the buttons of those who may. */

const lookMs = 5_000;

export async function lookAtSafety() {
  const safety = await get("/safety").catch(() => null);
  if (safety !== null && JSON.stringify(safety) !== JSON.stringify(state.safety)) {
    change({ safety });
  }
}
setInterval(() => {
  if (!document.hidden && state.connection === "live") {
    void lookAtSafety();
  }
}, lookMs);

function mayAct() {
  return state.me?.roles.some((role) => role === "manager" || role === "admin") === true;
}

/** @param {string} path @param {object} body */
async function act(path, body) {
  const answer = await post(`/safety/${path}`, body).catch((error) => ({ error }));
  change({ notice: answer.text ?? answer.error?.message ?? "" });
  await lookAtSafety();
}

export function SafetyBars() {
  const { freeze: frozen, shadow } = state.safety;
  return html`${frozen === null ? html`<${FreezeForm} />` : html`<${FrozenBar} frozen=${frozen} />`}
  ${
    shadow.length > 0 &&
    html`<div class="bar" role="status">
      <div class="bar-inner">
        <p>
          <strong>Shadow mode.</strong> New requests for ${shadow.join(", ")} go through every step and have
          no effects.
        </p>
      </div>
    </div>`
  }`;
}

/** @param {{frozen: NonNullable<typeof state.safety.freeze>}} p */
function FrozenBar({ frozen }) {
  const { by, at, reason, lifting } = frozen;
  const asked = state.me !== null && lifting.includes(state.me.id);
  return html`<div class="bar frozen" role="alert">
    <div class="bar-inner">
      <div>
        <p>
          <strong>Frozen</strong> by ${by} at ${dateTime(Date.parse(at))}: nothing has an effect until two
          people lift it.${lifting.length > 0 ? ` ${lifting.join(", ")} wants it lifted.` : ""}
        </p>
        <p>Reason: ${reason}</p>
      </div>
      ${
        mayAct() &&
        !asked &&
        html`<button type="button" onClick=${() => void act("unfreeze", {})}>
          ${lifting.length > 0 ? "Lift the freeze" : "Ask for it to be lifted"}
        </button>`
      }
    </div>
  </div>`;
}

function FreezeForm() {
  const [busy, setBusy] = useState(false);
  const leave = () => change({ freezing: false });
  const freeze = async (reason) => {
    setBusy(true);
    await act("freeze", { reason });
    setBusy(false);
    leave();
  };
  const escape = (event) => {
    if (event.key === "Escape") {
      leave();
    }
  };
  return (
    state.freezing &&
    html`<section class="bar" aria-label="Freeze" onKeyDown=${escape}>
      <div class="bar-inner">
        <${ReasonForm}
          question="This stops all effects of the company at once, until two people lift it. Why? Everybody reads this."
          act="Freeze everything"
          busy=${busy}
          onAct=${freeze}
          onBack=${leave}
        />
      </div>
    </section>`
  );
}

export function FreezeButton() {
  const button = useReturn(state.freezing);
  return mayAct() && state.safety.freeze === null
    ? html`<button
        ref=${button}
        type="button"
        class="quiet"
        aria-expanded=${state.freezing}
        onClick=${() => change({ freezing: !state.freezing })}
      >
        Freeze
      </button>`
    : null;
}
