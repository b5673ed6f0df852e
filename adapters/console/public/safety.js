import { get, post } from "./api.js";
import { html } from "./html.js";
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
function freeze() {
  const reason = prompt("Stop all effects of the company at once. Why?");
  if (reason !== null && reason.trim() !== "") {
    void act("freeze", { reason });
  }
}

export function SafetyBanner() {
  const { freeze: frozen, shadow } = state.safety;
  return html`${
    frozen !== null &&
    html`<p class="banner frozen" role="alert">
      <strong>Frozen</strong> by ${frozen.by} at ${frozen.at.slice(0, 16).replace("T", " ")} UTC:
      ${frozen.reason}. Nothing has an effect until two people lift
      it.${frozen.lifting.length > 0 ? ` ${frozen.lifting.join(", ")} wants it lifted.` : ""}
      ${mayAct() && html`<button type="button" onClick=${() => void act("unfreeze", {})}>Lift the freeze</button>`}
    </p>`
  }
  ${
    shadow.length > 0 &&
    html`<p class="banner" role="status">
      Shadow mode: new requests for ${shadow.join(", ")} go through every step and have no effects.
    </p>`
  }`;
}

export function FreezeButton() {
  return mayAct() && state.safety.freeze === null
    ? html`<button type="button" class="quiet" onClick=${freeze}>Freeze</button>`
    : null;
}
