import { ApprovalCard } from "./approval-card.js";
import { html } from "./html.js";
import { ReviewsLink } from "./reviews.js";
import { Standing } from "./standing.js";
import { state } from "./store.js";
import { Undos } from "./undo-card.js";

/** What could not be undone, what waits for a decision, then what was decided. */
export function Approvals() {
  const { approvals } = state;
  return html`<section class="page">
    <h1>My approvals</h1>
    ${approvals === null && html`<p class="loading">Loading…</p>`}
    ${approvals?.length === 0 && html`<p class="muted">Nothing waits for a decision.</p>`}
    <${ReviewsLink} />
    <${Undos} />
    <div class="cards">
      ${(approvals ?? []).map(({ id, card }) => html`<${ApprovalCard} key=${id} id=${id} card=${card} />`)}
    </div>
    <${Standing} />
  </section>`;
}
