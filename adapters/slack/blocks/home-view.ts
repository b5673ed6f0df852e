import type { types } from "@slack/bolt";
import { type Card, cannotBeUndone } from "../../../src/card.ts";
import type { AgentInfo, RunSummary, ShownApproval } from "../../../src/desk-types.ts";
import type { PersonId } from "../../../src/domain.ts";
import { decisionButtons } from "./approval-blocks.ts";
import { factLines, firstLines } from "./card-lines.ts";
import { type Block, context, divider, header, type Line, lines, points, section } from "./elements.ts";
import { line } from "./safe-text.ts";

const mostApprovals = 10;
const mostRequests = 20;
const mostAgents = 50;
const glance = 4;
/** Of what cannot be undone; more is in the details. */
const mostFinal = 20;
/** Slack takes views of 250 KB. */
const mostBytes = 240_000;

/**
 * The App Home of one person. `approvals` are those that the person may see; their own requests are left out. `outcome`:
 * what became of the person's last verdict, and the card it was about, if they may see that.
 */
export function homeView(o: HomeContent): types.HomeView {
  for (let most = mostApprovals; ; most -= 1) {
    const view = homeWith(o, most);
    if (most === 0 || Buffer.byteLength(JSON.stringify(view)) <= mostBytes) {
      return view;
    }
  }
}
interface HomeContent {
  readonly person: PersonId;
  readonly requests: readonly RunSummary[];
  readonly approvals: readonly ShownApproval[];
  readonly agents: readonly AgentInfo[];
  readonly outcome: { readonly text: string; readonly card: Card | null } | null;
}
function homeWith(o: HomeContent, mostShown: number): types.HomeView {
  const waiting = o.approvals.filter(
    ({ card }) => card.approval !== null && !card.approval.authors.includes(o.person),
  );
  const over = waiting.length - mostShown;
  return {
    type: "home",
    blocks: [
      ...(o.outcome === null ? [] : outcomeBlocks(o.outcome)),
      header("Waiting for a decision"),
      ...(waiting.length === 0 ? [section("Nothing waits.")] : []),
      ...waiting.slice(0, mostShown).flatMap(({ card }) => approvalBlocks(card)),
      ...(over > 0 ? [context(`… and ${over} more: see /countersign approvals`)] : []),
      header("Your requests"),
      ...list(
        o.requests,
        mostRequests,
        requestLine,
        ": see /countersign runs",
        "You have asked for nothing yet.",
      ),
      header("Agents"),
      ...list(o.agents, mostAgents, agentLine, "", "No agent is known."),
    ],
  };
}
/** The App Home of somebody who may see nothing, and why. */
export function homeNotice(text: string): types.HomeView {
  return { type: "home", blocks: [section(text)] };
}

function outcomeBlocks({ text, card }: { readonly text: string; readonly card: Card | null }): Block[] {
  return [lines([[[line(text, 500), true]]]), ...(card === null ? [divider] : approvalBlocks(card))];
}
function approvalBlocks(card: Card): Block[] {
  const facts = factLines(card.facts.slice(0, glance), 200);
  return [
    lines([[[line(card.title, 300), true]], ...facts, ...finalLines(card), [line(card.text, 500)]]),
    ...decisionButtons(card),
    divider,
  ];
}
/** What the yes sets in motion that cannot be undone; Details shows the rest. */
function finalLines({ tables }: Card): readonly Line[] {
  return tables
    .filter(({ about }) => about === "effect")
    .flatMap(({ rows }) => rows)
    .filter((row) => row.includes(cannotBeUndone))
    .slice(0, mostFinal)
    .map((row): Line => [[line(row.join(": "), 300), true]]);
}
function list<T>(
  all: readonly T[],
  most: number,
  draw: (each: T) => Line,
  where: string,
  none: string,
): Block[] {
  return [all.length === 0 ? section(none) : points(null, firstLines(all, most, draw, where))];
}
const runWords = {
  running: "in progress",
  waiting: "waiting",
  compensating: "releasing what was reserved",
  completed: "done",
  failed: "failed",
  cancelled: "cancelled",
} as const;
const reasonWords = { rejected: "rejected", expired: "expired", requested: "cancelled" } as const;
/** How a request stands, in a word or two. */
export function standOf({
  status,
  reason,
  paused,
}: Pick<RunSummary, "status" | "reason" | "paused">): string {
  if (paused) {
    return "paused";
  }
  return status === "cancelled" && reason !== null ? reasonWords[reason] : runWords[status];
}
function requestLine(summary: RunSummary): Line {
  const { id, title, createdAt } = summary;
  const word = standOf(summary);
  const day = new Date(createdAt).toISOString().slice(0, 10);
  return [[line(title, 120), true], ` · ${word} · ${day} · ${line(id, 80)}`];
}
function agentLine({ id, atSign, health }: AgentInfo): Line {
  return [[line(id, 80), true], ` · ${line(atSign, 120)} · ${line(health.text, 200)}`];
}
