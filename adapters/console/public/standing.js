import { get, post } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { useReturn } from "./return-focus.js";
import { StandingForm } from "./standing-form.js";
import { change } from "./store.js";

/** What is approved in advance, or proposed to be; proposing it, approving it and taking it back. */
export function Standing() {
  const [grants, setGrants] = useState(/** @type {any[]} */ ([]));
  const [proposing, setProposing] = useState(false);
  const opener = useReturn(proposing);
  const look = () =>
    get("/rights/standing").then(
      (found) => setGrants(found.filter(({ status }) => status === "waiting" || status === "in-force")),
      () => setGrants([]),
    );
  useEffect(() => void look(), []);
  /** @param {string} id @param {string} verb */
  const act = async (id, verb) => {
    const answer = await post(`/rights/standing/${encodeURIComponent(id)}/${verb}`, {}).catch((error) => ({
      error,
    }));
    change({ notice: answer.text ?? answer.error?.message ?? "" });
    await look();
  };
  const propose = proposing
    ? html`<${StandingForm}
        currency=${grants[0]?.terms.each.currency ?? ""}
        onDone=${(said) => {
          change({ notice: said });
          setProposing(false);
          void look();
        }}
        onBack=${() => setProposing(false)}
      />`
    : html`<div class="buttons">
        <button ref=${opener} type="button" onClick=${() => setProposing(true)}>Propose one</button>
      </div>`;
  return html`<section class="standing">
    <h2>Approved in advance</h2>
    ${grants.length === 0 && html`<p class="muted">Nothing is approved in advance: every plan waits for a decision.</p>`}
    <ul>
      ${grants.map(
        (each) =>
          html`<li key=${each.terms.id}>
            <p>${each.line}</p>
            <div class="buttons">
              ${
                each.may.approve &&
                html`<button type="button" onClick=${() => act(each.terms.id, "approve")}>Approve</button>`
              }
              ${
                each.may.revoke &&
                html`<button type="button" onClick=${() => act(each.terms.id, "revoke")}>Take back</button>`
              }
            </div>
          </li>`,
      )}
    </ul>
    ${propose}
  </section>`;
}
