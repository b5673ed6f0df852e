import { post } from "./api.js";
import { tellApproval } from "./approvals-state.js";
import { Badge, Facts, isHash, Table } from "./card-parts.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
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
  const [details, setDetails] = useState(false);
  const outcome = useRef(/** @type {HTMLElement | null} */ (null));
  const decided = useRef(false);
  const footer = useRef(/** @type {HTMLElement | null} */ (null));
  const article = useRef(/** @type {HTMLElement | null} */ (null));
  /** What had opened the part that was just closed. */
  const opener = useRef("");
  const open = card.approval !== null;
  const own = card.approval?.requester === state.me?.id;

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
  }, [rejecting, details]);

  /** @param {"approved" | "rejected"} verdict @param {string} [reason] */
  const decide = async (verdict, reason) => {
    setBusy(verdict);
    setProblem("");
    try {
      const body = { verdict, planHash: card.approval.planHash, ...(reason === undefined ? {} : { reason }) };
      const answer = await post(`/approvals/${encodeURIComponent(id)}`, body);
      decided.current = true;
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
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(null);
    }
  };
  const leave = (selector) => {
    opener.current = selector;
    (selector === ".reject" ? setRejecting : setDetails)(false);
  };
  const escape = (event) => {
    if (event.key === "Escape" && (rejecting || details)) {
      event.stopPropagation();
      // One thing at a time, the innermost first.
      leave(rejecting ? ".reject" : ".details-button");
    }
  };
  const facts = card.facts.filter((fact) => !isHash(fact.value));
  const orders = card.tables.filter((table) => table.about === "order");
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
          ? html`<${RejectForm}
              busy=${busy !== null}
              onReject=${(reason) => decide("rejected", reason)}
              onBack=${() => leave(".reject")}
            />`
          : html`<div class="buttons">
              ${
                open && !own
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
              ${open && own ? html`<span class="muted">Somebody else has to decide: this is your own request.</span>` : null}
            </div>`
      }
      <p class="problem" role="alert">${problem}</p>
    </footer>
    ${details && html`<${Details} id=${id} card=${card} />`}
  </article>`;
}

/** @param {{busy: boolean, onReject: (reason: string) => void, onBack: () => void}} p */
function RejectForm({ busy, onReject, onBack }) {
  const [reason, setReason] = useState("");
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  // At once: the next key belongs to the reason.
  useLayoutEffect(() => field.current?.focus(), []);
  const submit = (event) => {
    event.preventDefault();
    if (reason.trim() !== "" && !busy) {
      onReject(reason.trim());
    }
  };
  const enter = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      submit(event);
    }
  };
  return html`<form class="reject-form" onSubmit=${submit}>
    <label>
      Why? The requester reads this.
      <textarea
        ref=${field}
        rows="2"
        maxlength="2000"
        required
        value=${reason}
        onInput=${(event) => setReason(event.currentTarget.value)}
        onKeyDown=${enter}
      ></textarea>
    </label>
    <div class="buttons">
      <button type="submit" class="danger" disabled=${busy || reason.trim() === ""}>
        ${busy ? "Processing…" : "Reject with this reason"}
      </button>
      <button type="button" disabled=${busy} onClick=${onBack}>Back</button>
    </div>
  </form>`;
}

/** What the yes sets in motion, and what of it is final. @param {{table: any}} p */
function Effects({ table }) {
  return html`<section class="effects">
    <h4>${table.title}</h4>
    <ul class="orders">
      ${table.rows.map(([what, undo], at) => html`<li key=${at}>${what}: <strong>${undo}</strong></li>`)}
    </ul>
  </section>`;
}

/** Everything else that the decision is about. @param {{id: string, card: any}} p */
function Details({ id, card }) {
  const hashes = card.facts.filter((fact) => isHash(fact.value));
  return html`<div class="details" id=${`details-${id}`}>
    ${card.tables
      .filter((table) => table.about !== "effect")
      .map((table, at) => html`<${Table} key=${at} table=${table} />`)}
    <${Facts} facts=${hashes} />
    <p><a href=${`#/runs/${encodeURIComponent(card.run)}`}>The whole plan and every step</a></p>
  </div>`;
}
