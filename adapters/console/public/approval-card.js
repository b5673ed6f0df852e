import { post } from "./api.js";
import { MoreVerbs } from "./approval-verbs.js";
import { tellApproval } from "./approvals-state.js";
import { Badge, Facts, isHash, Table } from "./card-parts.js";
import { EditForm } from "./edit-form.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { ReasonForm } from "./reason-form.js";
import { change, state } from "./store.js";

const words = { waiting: "Needs a decision", good: "Approved", bad: "Not approved", neutral: "Withdrawn" };

/**
 * What will happen on yes, and the buttons for who may say it. Whatever the state, the card keeps its parts in their
 * places: deciding moves nothing.
 * @param {{id: string, card: any}} p
 */
export function ApprovalCard({ id, card }) {
  const [busy, setBusy] = useState(/** @type {"approved" | "rejected" | null} */ (null));
  const [problem, setProblem] = useState("");
  const [rejecting, setRejecting] = useState(false);
  const [editing, setEditing] = useState(false);
  const [details, setDetails] = useState(false);
  const outcome = useRef(/** @type {HTMLElement | null} */ (null));
  const decided = useRef(false);
  const footer = useRef(/** @type {HTMLElement | null} */ (null));
  const article = useRef(/** @type {HTMLElement | null} */ (null));
  /** What had opened the part that was just closed. */
  const opener = useRef("");
  const open = card.approval !== null;
  const own = card.approval?.authors.includes(state.me?.id) === true;
  /** The card says how to decide where no click counts. */
  const clickable = open && !own && card.approval.signedOnly !== true;

  // The pressed button is gone: keyboard and screen reader go on at what came of it.
  useEffect(() => {
    if (decided.current && !open) {
      decided.current = false;
      outcome.current?.focus();
    }
  }, [open]);

  // What comes of it takes no less room than the buttons did: cards below stay where they are.
  useLayoutEffect(() => {
    if (open && !rejecting && problem === "" && footer.current !== null) {
      footer.current.style.minHeight = `${footer.current.offsetHeight}px`;
    }
  }, [open, rejecting, problem]);
  useLayoutEffect(() => {
    if (opener.current !== "") {
      article.current?.querySelector(opener.current)?.focus();
      opener.current = "";
    }
  }, [rejecting, editing, details]);

  /** @param {"approved" | "rejected"} verdict @param {string} [reason] */
  const decide = async (verdict, reason) => {
    setBusy(verdict);
    setProblem("");
    // Before the answer: the stream may tell of the decision first.
    decided.current = true;
    try {
      const body = { verdict, planHash: card.approval.planHash, ...(reason === undefined ? {} : { reason }) };
      const answer = await post(`/approvals/${encodeURIComponent(id)}`, body);
      setRejecting(false);
      if (answer.outcome === "already-decided") {
        setProblem("Somebody else was first: this was already decided, and your click changed nothing.");
      } else if (answer.outcome === "refused") {
        setProblem(answer.error.message);
      }
      if (answer.card !== undefined) {
        tellApproval({ key: `approval-${id}`, card: answer.card });
        change({ announcement: answer.card.text });
      }
    } catch (error) {
      decided.current = false;
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(null);
    }
  };
  const leave = (selector) => {
    opener.current = selector;
    ({ ".reject": setRejecting, ".edit": setEditing }[selector] ?? setDetails)(false);
  };
  const escape = (event) => {
    if (event.key === "Escape" && (rejecting || editing || details)) {
      event.stopPropagation();
      // One thing at a time, the innermost first.
      leave(rejecting ? ".reject" : editing ? ".edit" : ".details-button");
    }
  };
  const facts = card.facts.filter((fact) => !isHash(fact.value));
  const orders = card.tables.filter((table) => table.about === "order");
  const changes = card.tables.filter((table) => table.about === "change");
  const effects = card.tables.filter((table) => table.about === "effect");

  return html`<article
    ref=${article}
    class="card approval"
    data-approval=${id}
    aria-label=${card.title}
    onKeyDown=${escape}
  >
    <header class="card-head">
      <h3>${card.title}</h3>
      <${Badge} tone=${card.tone}>${words[card.tone]}<//>
    </header>
    <${Facts} facts=${facts} />
    ${changes.map((table, at) => html`<${Changes} key=${at} table=${table} />`)}
    ${
      orders.length > 0 &&
      html`<ul class="orders">
        ${orders.map((table, at) => html`<li key=${at}>${table.title}</li>`)}
      </ul>`
    }
    ${effects.map((table) => html`<${Effects} key=${table.title} table=${table} />`)}
    <footer ref=${footer} class="decision">
      <p ref=${outcome} tabindex="-1" class=${`outcome outcome-${card.tone}`}>${card.text}</p>
      ${
        rejecting && open
          ? html`<${ReasonForm}
              question="Why? The requester reads this."
              act="Reject with this reason"
              busy=${busy !== null}
              onAct=${(reason) => decide("rejected", reason)}
              onBack=${() => leave(".reject")}
            />`
          : editing && open
            ? html`<${EditForm} id=${id} onDone=${() => setEditing(false)} onBack=${() => leave(".edit")} />`
            : html`<div class="buttons">
                ${
                  clickable
                    ? html`<button
                          type="button"
                          class="primary approve"
                          disabled=${busy !== null}
                          onClick=${() => decide("approved")}
                        >
                          ${busy === "approved" ? "Processing…" : "Approve"}
                        </button>
                        <button
                          type="button"
                          class="reject"
                          disabled=${busy !== null}
                          onClick=${() => setRejecting(true)}
                        >
                          Reject
                        </button>`
                    : null
                }
                <button
                  type="button"
                  class="details-button"
                  aria-expanded=${details}
                  aria-controls=${`details-${id}`}
                  onClick=${() => setDetails(!details)}
                >
                  ${details ? "Hide details" : "Details"}
                </button>
                ${
                  open
                    ? html`<button
                        type="button"
                        class="edit"
                        disabled=${busy !== null}
                        onClick=${() => setEditing(true)}
                      >
                        Change
                      </button>`
                    : null
                }
                ${open && own ? html`<span class="muted">Somebody else has to decide: you asked for this plan, or changed it.</span>` : null}
              </div>`
      }
      ${clickable && !rejecting ? html`<${MoreVerbs} id=${id} />` : null}
      <p class="problem" role="alert">${problem}</p>
    </footer>
    ${details && html`<${Details} id=${id} card=${card} />`}
  </article>`;
}

const mostChanges = 10;

/** What a new plan differs in: the sums and orders at once, single lines when they are asked for. @param {{table: any}} p */
function Changes({ table }) {
  const more = table.rows.length - mostChanges;
  if (more <= 2) {
    return html`<${Table} table=${table} />`;
  }
  return html`<div class="changes">
    <${Table} table=${{ ...table, rows: table.rows.slice(0, mostChanges) }} />
    <details>
      <summary>${more} more changes</summary>
      <${Table} table=${{ ...table, title: "", rows: table.rows.slice(mostChanges) }} />
    </details>
  </div>`;
}

/** What the yes sets in motion, by whether it can be undone; what is final comes first. @param {{table: any}} p */
function Effects({ table }) {
  const groups = Map.groupBy(table.rows, ([, undo]) => undo);
  return html`<dl class="effects">
    ${[...groups].map(
      ([undo, rows]) =>
        html`<div key=${undo} class=${undo === "cannot be undone" ? "final" : ""}>
          <dt>${undo[0].toUpperCase() + undo.slice(1)}</dt>
          ${rows.map(([what], at) => html`<dd key=${at}>${what}</dd>`)}
        </div>`,
    )}
  </dl>`;
}

/** Everything else that the decision is about. @param {{id: string, card: any}} p */
function Details({ id, card }) {
  const hashes = card.facts.filter((fact) => isHash(fact.value));
  return html`<div class="details" id=${`details-${id}`}>
    ${card.tables
      .filter((table) => table.about !== "change" && table.about !== "effect")
      .map((table, at) => html`<${Table} key=${at} table=${table} />`)}
    <${Facts} facts=${hashes} />
    <p><a href=${`#/runs/${encodeURIComponent(card.run)}`}>The whole plan and every step</a></p>
  </div>`;
}
