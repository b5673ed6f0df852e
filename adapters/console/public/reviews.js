import { get, post } from "./api.js";
import { dateTime } from "./format.js";
import { html, useEffect, useState } from "./html.js";
import { ReasonForm } from "./reason-form.js";
import { useReturn } from "./return-focus.js";
import { change, state } from "./store.js";

/** What this person is to review, where they may. */
export async function lookAtReviews() {
  change({ reviews: await get("/rights/reviews").catch(() => []) });
}

/** The way to the page, for whom something is to be reviewed. */
export function ReviewsLink() {
  const count = state.reviews.length;
  const what = count === 1 ? "1 decision that was" : `${count} decisions that were`;
  return count > 0 && html`<p><a href="#/reviews">Review ${what} taken alone, in an emergency</a></p>`;
}

/** What somebody decided alone, in an emergency, and nobody has looked at since. */
export function Reviews() {
  useEffect(() => void lookAtReviews(), []);
  const { reviews } = state;
  return html`<section class="page">
    <p><a href="#/approvals">Back to my approvals</a></p>
    <h1>Reviews</h1>
    <p class="muted">
      Decisions that one person took alone in an emergency. Somebody else looks at each afterwards and notes
      what they found.
    </p>
    ${reviews.length === 0 && html`<p class="muted">Nothing waits for a review.</p>`}
    <div class="cards">${reviews.map((each) => html`<${Review} key=${each.id} approval=${each} />`)}</div>
  </section>`;
}

/** @param {{approval: any}} p */
function Review({ approval }) {
  const [open, setOpen] = useState(false);
  const opener = useReturn(open);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const { id, run, requester, decision } = approval;
  /** @param {string} text */
  const act = async (text) => {
    setBusy(true);
    setProblem("");
    try {
      const answer = await post(`/rights/reviews/${encodeURIComponent(id)}`, { text });
      if (answer.outcome === "refused") {
        setProblem(answer.error.message);
      } else {
        change({ notice: answer.text });
      }
      await lookAtReviews();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return html`<article class="card review" aria-label=${`Decision of ${decision.by}`}>
    <h2>${decision.by} ${decision.verdict} a request of ${requester}, alone</h2>
    <p>
      On ${dateTime(decision.at)}, in ${decision.adapter}. The plan, the reason and what came of it are
      <a href=${`#/runs/${encodeURIComponent(run)}`}>on the page of ${run}</a>.
    </p>
    <p class="problem" role="alert">${problem}</p>
    ${
      open
        ? html`<${ReasonForm}
            question="What did you find? It is kept with the decision."
            act="Note the review"
            busy=${busy}
            onAct=${act}
            onBack=${() => setOpen(false)}
          />`
        : html`<div class="buttons">
            <button ref=${opener} type="button" class="primary" onClick=${() => setOpen(true)}>Review</button>
          </div>`
    }
  </article>`;
}
