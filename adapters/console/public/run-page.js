import { get, post } from "./api.js";
import { Badge, StepMark } from "./card-parts.js";
import { dateTime, isOpen, runTone, runWord, stepNote } from "./format.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { useReturn } from "./return-focus.js";

/** While a run is open, its page looks again this often. */
const lookAgainMs = 2_000;

/** Every step of one run, with what went in, what came out and how long it took. @param {{id: string}} p */
export function RunPage({ id }) {
  const [run, setRun] = useState(/** @type {any} */ (null));
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
    let left = false;
    const look = async () => {
      let again = true;
      try {
        const found = await get(`/runs/${encodeURIComponent(id)}`);
        if (!left) {
          setRun(found);
          setProblem("");
        }
        again = isOpen(found.status);
      } catch (error) {
        setProblem(error instanceof Error ? error.message : String(error));
        again = error?.code === "offline";
      }
      if (again && !left) {
        timer = setTimeout(look, lookAgainMs);
      }
    };
    setRun(null);
    void look();
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [id]);

  return html`<section class="page">
    <p><a href="#/requests">← My requests</a></p>
    <p class="problem" role="alert">${problem}</p>
    ${run === null && problem === "" && html`<p class="loading">Loading…</p>`}
    ${run !== null && html`<${Run} run=${run} />`}
  </section>`;
}

/** @param {{run: any}} p */
function Run({ run }) {
  return html`<header class="run-head">
      <h1>${run.requestText}</h1>
      <${Badge} tone=${runTone(run.status)}>${runWord(run)}<//>
    </header>
    <p class="muted">
      ${`Asked by ${run.requester} · `}<time datetime=${new Date(run.createdAt).toISOString()}
        >${dateTime(run.createdAt)}</time
      >${" · run "}<code>${run.id}</code>
    </p>
    ${run.error !== null && html`<p class="problem">${run.error.message} (${run.error.code})</p>`}
    ${isOpen(run.status) && html`<${Cancel} id=${run.id} />`}
    ${
      (run.dialogue.length > 0 || run.question !== null) &&
      html`<h2>Questions</h2>
        <dl class="dialogue">
          ${run.dialogue.map(
            ({ question, answer }, at) =>
              html`<div key=${at}>
                <dt>${question}</dt>
                <dd>${answer}</dd>
              </div>`,
          )}
          ${
            run.question !== null &&
            html`<div>
              <dt>${run.question}</dt>
              <dd class="muted">Not answered yet. The answer belongs where the request was made.</dd>
            </div>`
          }
        </dl>`
    }
    <h2>Steps</h2>
    <ol class="run-steps">
      ${run.steps.map((step) => html`<${Step} key=${step.id} step=${step} paused=${run.status === "waiting"} />`)}
    </ol>
    ${run.approvals.length > 0 && html`<h2>Decision</h2>`}
    ${run.approvals.map((approval) => html`<${Decision} key=${approval.id} approval=${approval} />`)}
    ${run.verdictReason !== null && html`<p>Reason: ${run.verdictReason}</p>`}
    ${
      run.plan !== null &&
      html`<h2>Plan</h2>
        <p>SHA-256 <code class="hash">${run.plan.hash}</code></p>
        <${Data} title="The plan" value=${run.plan.document} />`
    }`;
}
/** @param {{step: any, paused: boolean}} p */
function Step({ step, paused }) {
  return html`<li>
    <details>
      <summary>
        <${StepMark} status=${step.status} paused=${paused} />
        <span class="step-name">${step.label}</span>
        <span class="step-who">${step.agent === null ? "bot" : `${step.agent} · ${step.atSign}`}</span>
        <span class="step-time">${stepNote(step, paused)}</span>
      </summary>
      ${step.error !== null && html`<p class="problem">${step.error.message} (${step.error.code})</p>`}
      <${Data} title="Input" value=${step.input} />
      <${Data} title="Output" value=${step.output} />
    </details>
  </li>`;
}
/** Data as text, whatever is in it. @param {{title: string, value: unknown}} p */
function Data({ title, value }) {
  return html`<figure class="data">
    <figcaption>${title}</figcaption>
    ${
      value === null
        ? html`<p class="muted">nothing yet</p>`
        : html`<pre tabindex="0" role="region" aria-label=${title}>${JSON.stringify(value, null, 2)}</pre>`
    }
  </figure>`;
}
/** @param {{approval: any}} p */
function Decision({ approval }) {
  const { decision } = approval;
  return html`<p>
    ${
      decision === null
        ? `Approval ${approval.status}; without a decision it ends ${dateTime(approval.expiresAt)}.`
        : `${decision.verdict === "approved" ? "Approved" : "Rejected"} by ${decision.by}, ${dateTime(decision.at)}, in ${decision.adapter} (${decision.assurance}).`
    }
    <br />
    <span class="muted">For the plan <code class="hash">${approval.planHash}</code></span>
  </p>`;
}
/** @param {{id: string}} p */
function Cancel({ id }) {
  const [phase, setPhase] = useState("idle");
  const [problem, setProblem] = useState("");
  const opener = useReturn(phase !== "idle");
  const keep = useRef(/** @type {HTMLElement | null} */ (null));
  // The pressed button is gone: the keyboard goes on at the harmless one.
  useLayoutEffect(() => keep.current?.focus(), [phase === "sure"]);
  const cancel = async () => {
    setPhase("busy");
    try {
      const answer = await post(`/runs/${encodeURIComponent(id)}/cancel`, {});
      setProblem(
        answer.outcome === "refused" ? answer.error.message : "Cancelling: what was reserved is released.",
      );
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setPhase("idle");
  };
  return html`<div class="buttons">
    ${
      phase === "idle"
        ? html`<button ref=${opener} type="button" onClick=${() => setPhase("sure")}>
            Cancel this request
          </button>`
        : html`<button type="button" class="danger" disabled=${phase === "busy"} onClick=${cancel}>
              ${phase === "busy" ? "Processing…" : "Yes, cancel it"}
            </button>
            <button ref=${keep} type="button" disabled=${phase === "busy"} onClick=${() => setPhase("idle")}>
              Keep it
            </button>`
    }
    <span role="status">${problem}</span>
  </div>`;
}
