import { ApprovalCard } from "./approval-card.js";
import { Badge, Facts, Steps } from "./card-parts.js";
import { html, useState } from "./html.js";
import { UndoCard } from "./undo-card.js";

const progressWords = { neutral: "In progress", waiting: "Waiting", good: "Done", bad: "Ended" };

/** One card of a conversation. @param {{item: import("./store.js").KeyedCard, onOption: (text: string) => void, onAnswer: () => void, busy: boolean}} p */
export function ChatCard({ item, onOption, onAnswer, busy }) {
  const { key, card } = item;
  switch (card.kind) {
    case "progress":
      return html`<${ProgressCard} card=${card} />`;
    case "question":
      return html`<${QuestionCard} card=${card} onOption=${onOption} onAnswer=${onAnswer} busy=${busy} />`;
    case "approval":
      return html`<${ApprovalCard} id=${key.slice("approval-".length)} card=${card} />`;
    case "undo":
      return html`<${UndoCard} id=${key.slice("undo-".length)} card=${card} />`;
    default:
      return html`<${ResultCard} card=${card} />`;
  }
}

/** @param {{card: any}} p */
function ProgressCard({ card }) {
  const finished = card.tone === "good" || card.tone === "bad";
  // What was finished when the page was opened starts folded; what is being watched never folds by itself.
  const [unfolded, setUnfolded] = useState(!finished);
  const done = card.steps.filter((step) => step.status === "completed").length;
  return html`<article class="card progress" aria-label=${card.title}>
    <header class="card-head">
      <h3>${card.title}</h3>
      <${Badge} tone=${card.tone}>${progressWords[card.tone]}<//>
    </header>
    <p class="status">${card.text}</p>
    <progress max=${Math.max(card.steps.length, 1)} value=${done} aria-label="Steps done"></progress>
    ${unfolded && html`<${Steps} steps=${card.steps} paused=${card.tone === "waiting"} />`}
    <div class="buttons">
      <button type="button" class="quiet" aria-expanded=${unfolded} onClick=${() => setUnfolded(!unfolded)}>
        ${unfolded ? "Hide steps" : "Show steps"}
      </button>
      ${card.run !== null && html`<a href=${`#/runs/${encodeURIComponent(card.run)}`}>Run detail</a>`}
    </div>
  </article>`;
}

/** @param {{card: any, onOption: (text: string) => void, onAnswer: () => void, busy: boolean}} p */
function QuestionCard({ card, onOption, onAnswer, busy }) {
  return html`<article class="card question" aria-label=${card.title}>
    <header class="card-head">
      <h3>${card.title}</h3>
      <${Badge} tone=${card.tone}>Waiting for you<//>
    </header>
    <p>${card.text}</p>
    <div class="buttons">
      ${card.options.map(
        (option, at) =>
          html`<button
            key=${at}
            type="button"
            class="option"
            disabled=${busy}
            onClick=${() => onOption(option)}
          >
            ${option}
          </button>`,
      )}
      <button type="button" class="quiet" disabled=${busy} onClick=${onAnswer}>Answer in my own words</button>
    </div>
  </article>`;
}

/** @param {{card: any}} p */
function ResultCard({ card }) {
  return html`<article class=${`card result result-${card.tone}`} aria-label=${card.title}>
    <h3>${card.title}</h3>
    <p>${card.text}</p>
    ${card.facts.length > 0 && html`<${Facts} facts=${card.facts} />`}
  </article>`;
}
