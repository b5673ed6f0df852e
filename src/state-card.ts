import * as approvals from "./approval-card.ts";
import type { Card } from "./card.ts";
import * as cards from "./cards.ts";
import type { Approval } from "./domain.ts";
import type { RunView } from "./run-view.ts";

/** The cards as people see them: those of a run in shadow mode, paused or waiting for its turn, say so before anything else. */

const words: Readonly<Record<Card["kind"], string>> = {
  progress: "nothing of it is really reserved, ordered or recorded.",
  question: "nothing will really be done.",
  approval: "a decision is practice, nothing will be ordered.",
  undo: "nothing was really held or ordered.",
  result: "nothing of this was really reserved, ordered or recorded.",
  notice: "nothing is really done.",
};

/** See `cardFor` in `cards.ts`. */
export function cardFor(key: string, view: RunView): Card | null {
  const card = cards.cardFor(key, view);
  return card === null ? null : marked(card, view);
}

export function approvalCard(view: RunView, approval: Approval): Card {
  return marked(approvals.approvalCard(view, approval), view);
}

function marked(raw: Card, { shadow, run }: RunView): Card {
  const rest = raw.kind === "progress" && run.status !== "compensating" ? restOf(run) : "";
  const card = rest === "" ? raw : { ...raw, text: `${rest} ${raw.text}` };
  return shadow === undefined
    ? card
    : { ...card, title: `SHADOW · ${card.title}`, text: `Shadow mode: ${words[card.kind]} ${card.text}` };
}

function restOf({ paused, held }: RunView["run"]): string {
  if (paused === true) {
    return "Paused: nothing new is begun until it is resumed.";
  }
  return held === true ? "Waiting for its turn: many other requests are in progress." : "";
}
