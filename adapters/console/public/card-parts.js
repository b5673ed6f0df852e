import { stepNote } from "./format.js";
import { html } from "./html.js";

const marks = { completed: "✓", failed: "✕", compensated: "↩", skipped: "–" };

/** A step's state as a sign; its word is beside it for those who cannot see it. @param {{status: string, paused: boolean}} p */
export function StepMark({ status, paused }) {
  return html`<span class=${`mark mark-${status}${paused ? " mark-paused" : ""}`} aria-hidden="true"
    >${marks[status] ?? ""}</span
  >`;
}

/**
 * Every step with who does it, where it stands and how long it took.
 * @param {{steps: any[], paused: boolean}} p paused: a person is waited for
 */
export function Steps({ steps, paused }) {
  return html`<ol class="steps">
    ${steps.map(
      (step) =>
        html`<li key=${step.id} class=${`step step-${step.status}`}>
          <${StepMark} status=${step.status} paused=${paused} />
          <span class="step-name">${step.label}</span>
          <span class="step-time">${stepNote(step, paused)}</span>
          <span class="step-who">${step.agent === null ? "bot" : `${step.agent} · ${step.atSign}`}</span>
        </li>`,
    )}
  </ol>`;
}

/** @param {{facts: {label: string, value: string}[]}} p */
export function Facts({ facts }) {
  return html`<dl class="facts">
    ${facts.map(
      ({ label, value }, at) =>
        html`<div key=${at} class=${value.length > 24 ? "fact fact-wide" : "fact"}>
          <dt>${label}</dt>
          <dd class=${isHash(value) ? "hash" : ""}>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
/** @param {string} value */
export function isHash(value) {
  return /^[0-9a-f]{64}$/.test(value);
}

/** On a narrow screen each row stands as a block of its own, with the column's name before each value. @param {{table: {title: string, columns: string[], rows: string[][]}}} p */
export function Table({ table }) {
  const styles = table.columns.map((_, column) => {
    const cells = table.rows.map((row) => row[column] ?? "").filter((cell) => cell !== "");
    return cells.length > 0 && cells.every(isFigure) ? "figure" : "";
  });
  const wide = table.columns.length > 2;
  return html`<figure class=${wide ? "table table-wide" : "table"}>
    ${table.title !== "" && html`<figcaption>${table.title}</figcaption>`}
    <table>
      <thead>
        <tr>
          ${table.columns.map((column, at) => html`<th key=${at} scope="col" class=${styles[at]}>${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${table.rows.map(
          (row, line) =>
            html`<tr key=${line}>
              ${row.map((cell, at) => html`<td key=${at} class=${styles[at]} data-label=${table.columns[at]}>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </figure>`;
}
/** "12.50 USD", "40 pcs" @param {string} cell */
function isFigure(cell) {
  return /^-?\d[\d.,]*( \S+)?$/.test(cell);
}

/** @param {{tone: string, children?: any}} p */
export function Badge({ tone, children }) {
  return html`<span class=${`badge badge-${tone}`}>${children}</span>`;
}
