import { type Card, cannotBeUndone } from "../../../src/card.ts";
import { factLines, firstLines, shortHash } from "./card-lines.ts";
import {
  actions,
  type Block,
  button,
  context,
  fitting,
  header,
  type Line,
  limits,
  lines,
  points,
  section,
} from "./elements.ts";
import { line, paragraph } from "./safe-text.ts";
import { actionIds, valueOf } from "./slack-actions.ts";

/** How much of what has no fixed size is shown. */
interface Room {
  readonly text: number;
  readonly value: number;
  readonly lines: number;
  readonly line: number;
}
const rooms: [Room, ...Room[]] = [
  { text: 2600, value: 1000, lines: 10, line: 600 },
  { text: 1200, value: 300, lines: 6, line: 300 },
  { text: 800, value: 80, lines: 3, line: 150 },
  { text: 400, value: 40, lines: 1, line: 80 },
];
const marks = { waiting: "", good: "✓ ", bad: "✕ ", neutral: "– " } as const;

/**
 * What will happen on yes, at a glance: figures, suppliers with totals, what cannot be undone; then who asks and what
 * happens if nobody decides, or what was decided; then the buttons. Deciding changes only the last two.
 */
export function approvalBlocks(card: Card): Block[] {
  return fitting(rooms, (room) => [
    header(card.title),
    ...(line(card.title, limits.section).length > limits.header ? [section(card.title, room.text)] : []),
    ...body(card, room),
    outcome(card, room),
    ...decisionButtons(card),
  ]);
}
function body(card: Card, room: Room): Block[] {
  const { plan } = card;
  const facts = card.facts.filter((fact) => fact.value !== plan?.hash);
  const orders = card.tables.filter((table) => table.about === "order");
  const changes = card.tables.filter((table) => table.about === "change").flatMap((table) => table.rows);
  const effects = card.tables
    .filter((table) => table.about === "effect")
    .flatMap((table) => table.rows)
    .toSorted((a, b) => Number(isFinal(b)) - Number(isFinal(a)));
  const more = ": see Details";
  return [
    ...(facts.length === 0 ? [] : [lines(factLines(facts, room.value))]),
    ...(changes.length === 0
      ? []
      : [
          points(
            "What changed",
            firstLines(changes, room.lines, (each) => changeLine(each, room), more),
          ),
        ]),
    ...(orders.length === 0
      ? []
      : [
          points(
            counted(orders.length, "order"),
            firstLines(orders, room.lines, (each) => orderLine(each, room), more),
          ),
        ]),
    ...(effects.length === 0
      ? []
      : [
          points(
            "Can it be undone?",
            firstLines(effects, room.lines, (each) => effectLine(each, room), more),
          ),
        ]),
    ...(plan === null ? [] : [context(footnote(card, shortHash(plan.hash)))]),
  ];
}
/** "Supplier · total · …": the supplier bold. */
function orderLine({ title }: Card["tables"][number], room: Room): Line {
  const [supplier = "", ...rest] = title.split(" · ");
  const after = rest.length === 0 ? [] : [` · ${line(rest.join(" · "), room.line)}`];
  return [[line(supplier, room.line), true], ...after];
}
function changeLine([what = "", before = "", after = ""]: readonly string[], room: Room): Line {
  return [[line(what, room.line), true], ` ${line(`${before} → ${after}`, room.line)}`];
}
function effectLine(row: readonly string[], room: Room): Line {
  const text = line(row.join(": "), room.line);
  return isFinal(row) ? [[text, true]] : [text];
}
function isFinal(row: readonly string[]): boolean {
  return row.includes(cannotBeUndone);
}
function footnote(card: Card, hash: string): string {
  const rows = (about: Card["tables"][number]["about"]) =>
    card.tables.filter((table) => table.about === about).reduce((sum, table) => sum + table.rows.length, 0);
  const fallbacks = rows("fallback");
  return [
    `Plan ${hash}`,
    ...(fallbacks === 0 ? [] : [`${counted(fallbacks, "fallback")} prepared`]),
    "Details shows every line",
  ].join(" · ");
}
function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Open: who asks, until when, what else happens. Decided: who, when, where and how sure; then the reason. */
function outcome({ text, tone, approval }: Card, room: Room): Block {
  const shown = paragraph(text, room.text);
  if (approval !== null) {
    return section(shown);
  }
  const end = shown.search(/[.:] /) + 1;
  const first = end === 0 ? shown : shown.slice(0, end);
  return lines([[[marks[tone] + first, true], ...(first === shown ? [] : [shown.slice(end)])]]);
}
/** Approve and Reject while it is open, unless no click counts; Edit while it is open; Details as long as there is a plan. */
export function decisionButtons({ approval, plan }: Card): Block[] {
  const isByClick = approval !== null && approval.signedOnly !== true;
  const decide = (isByClick ? (["approve", "reject"] as const) : []).map((verdict) =>
    button(
      actionIds[verdict],
      verdict === "approve" ? "Approve" : "Reject",
      valueOf.decision({ approval: approval?.id ?? "", planHash: approval?.planHash ?? "" }),
      { style: verdict === "approve" ? "primary" : "danger" },
    ),
  );
  const edit =
    approval === null
      ? []
      : [
          button(
            actionIds.edit,
            "Edit",
            valueOf.decision({ approval: approval.id, planHash: approval.planHash }),
          ),
        ];
  const details =
    plan === null
      ? []
      : [button(actionIds.details, "Details", valueOf.page({ approval: plan.approval, page: 0 }))];
  const all = [...decide, ...edit, ...details];
  return all.length === 0 ? [] : [actions(all)];
}
