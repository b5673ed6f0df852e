import { Badge } from "./card-parts.js";
import { dateTime, runTone, runWord } from "./format.js";
import { html } from "./html.js";
import { state } from "./store.js";

/** What I asked for, newest first. */
export function Requests() {
  const { requests } = state;
  return html`<section class="page">
    <h1>My requests</h1>
    ${requests === null && html`<p class="loading">Loading…</p>`}
    ${requests?.length === 0 && html`<p class="muted">You have not asked for anything yet.</p>`}
    <ul class="rows">
      ${(requests ?? []).map(
        (run) =>
          html`<li key=${run.id}>
            <a class="row" href=${`#/runs/${encodeURIComponent(run.id)}`}>
              <span class="row-title">${run.title}</span>
              <span class="row-more">
                <${Badge} tone=${runTone(run.status)}>${runWord(run)}<//>
                <time datetime=${new Date(run.createdAt).toISOString()}>${dateTime(run.createdAt)}</time>
              </span>
            </a>
          </li>`,
      )}
    </ul>
  </section>`;
}
