import * as fc from "../../../fakes/fast-check.ts";
import type { Card } from "../../../../src/card.ts";
import { cardFor } from "../../../../src/cards.ts";
import {
  type Approval,
  type PlanDocument,
  type PlannedOrder,
  runStatuses,
  stepStatuses,
} from "../../../../src/domain.ts";
import type { RunView } from "../../../../src/run-view.ts";
import { usd } from "../../../fakes/order-world.ts";
import { sampleOrder, samplePlan, sampleReplacement } from "../../../fakes/sample-plan.ts";
import { sampleApproval, sampleRun } from "../../../fakes/sample-run.ts";

/** Cards as the real `src/cards.ts` draws them, from views that tests change. */

const steps = ["route", "check-credit", "explode", "reserve", "place-orders"];

export function viewWith(
  change: Partial<RunView> & { readonly document?: PlanDocument; readonly why?: string },
): RunView {
  const { document = samplePlan(), why, ...rest } = change;
  const approvals = change.approvals ?? [sampleApproval("run1", { id: "a1" })];
  const plan = { document, hash: "ab".repeat(32) };
  return {
    run: sampleRun("run1", { status: "waiting" }),
    requestText: "5 widgets",
    request: document.request,
    workflow: null,
    steps: steps.map((id, index) => ({
      id,
      agent: index === 2 ? null : "financial",
      atSign: index === 2 ? null : "@cs-financial",
      status: index < 3 ? "completed" : index === 3 ? "waiting" : "pending",
      ms: index < 3 ? 200 * index : null,
      startedAt: 0,
      error: null,
      input: null,
      output: null,
    })),
    outputs: {},
    dialogue: [],
    undos: [],
    question: null,
    plan,
    approvals,
    papers: Object.fromEntries(approvals.map(({ id }) => [id, { plan, reason: why ?? null }])),
    reason: null,
    ...rest,
  };
}
export function cardOf(key: string, change: Parameters<typeof viewWith>[0] = {}): Card {
  const card = cardFor(key, viewWith(change));
  if (card === null) {
    throw new Error(`there is no card ${key}`);
  }
  return card;
}
export const openCard = (document?: PlanDocument) =>
  cardOf("approval-a1", document === undefined ? {} : { document });

/** The same approval after the decision of `manager`. */
export function decidedCard(verdict: "approved" | "rejected", why?: string): Card {
  const at = Date.UTC(2026, 0, 5, 10, 30);
  const decision = { by: "manager", verdict, at, assurance: "clicked", adapter: "slack" } as const;
  const approvals: Approval[] = [sampleApproval("run1", { id: "a1", status: "decided", decision })];
  return cardOf("approval-a1", { approvals, ...(why === undefined ? {} : { why }) });
}

/** A plan of so many orders, each with so many lines, every line told from all others by its part. */
export function bigPlan(orders: number, lines: number): PlanDocument {
  const [line] = sampleOrder().lines;
  if (line === undefined) {
    throw new Error("the sample order has no line");
  }
  return samplePlan({
    orders: Array.from({ length: orders }, (_, order) =>
      sampleOrder({
        id: `run1-1-${order + 1}`,
        supplierName: `Supplier ${order + 1}`,
        lines: Array.from({ length: lines }, (_, at) => ({ ...line, part: `part-${order + 1}-${at + 1}.` })),
      }),
    ),
  });
}

// Generated ----------------------------------------------------------------------------------------------------------

/** What a hostile or unlucky text may hold. */
const pieces = [
  "<!channel>",
  "<!here|x>",
  "<@U0000001>",
  "<#C0000001>",
  "<https://example.invalid|free money>",
  "<!date^1^{date}|x>",
  "https://example.invalid",
  "@here",
  "@channel",
  "*bold* _it_ ~no~ `code` ```pre```",
  "\n> quote\n",
  ":tada::smile:",
  "&lt;!channel&gt;",
  "\u202e\u2066txt\u2069",
  "\u200b\ufeff\u00ad",
  "\u0000\u0007\u001b[31m\u0085",
  "\ud800",
  "\udc00",
  "👩‍👩‍👧‍👦",
  "🇩🇪",
  "漢字カナ",
  "ا͏لعربية",
  "e\u0301\u0301\u0301",
  '"\\"\\',
  "\r\n\t\u2028",
  " ",
];
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(fc.constantFrom(...pieces, "a", "Widget"), { maxLength: 12 })
      .map((all) => all.join("")),
  },
  { weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(...pieces, "x", "e\u0301".repeat(2))
      .map((piece) => piece.repeat(Math.ceil(100_000 / piece.length))),
  },
  { weight: 1, arbitrary: fc.constantFrom("", `a${"\u0301".repeat(100_000)}`, `${"x".repeat(74)}👩‍👩‍👧‍👦`) },
);

const orders: fc.Arbitrary<PlannedOrder[]> = fc
  .record({
    shape: fc.oneof(
      fc.record({ orders: fc.integer({ min: 0, max: 12 }), lines: fc.integer({ min: 1, max: 40 }) }),
      fc.constantFrom({ orders: 1, lines: 500 }, { orders: 200, lines: 2 }, { orders: 50, lines: 10 }),
    ),
    texts: fc.array(hostileText, { minLength: 4, maxLength: 8 }),
  })
  .map(({ shape, texts }) => {
    const text = (index: number) => texts[index % texts.length] ?? "";
    return bigPlan(shape.orders, shape.lines).orders.map((order, at) => ({
      ...order,
      supplierName: text(at),
      bankAccount: text(at + 1),
      freightMethod: text(at + 2),
      lines: order.lines.map((line, index) => ({ ...line, description: text(at + index + 3) })),
    }));
  });
const generatedPlan: fc.Arbitrary<PlanDocument> = fc
  .record({
    orders,
    texts: fc.tuple(hostileText, hostileText, hostileText, hostileText),
    fallbacks: fc.integer({ min: 0, max: 200 }),
    effects: fc.integer({ min: 0, max: 100 }),
  })
  .map(({ orders, texts: [a, b, c, d], fallbacks, effects }) =>
    samplePlan({
      orders,
      itemName: a,
      customerName: b,
      tradeOff: c,
      total: usd("123456789012345.99"),
      shipTo: { name: d, street: a, city: b, postcode: "1", country: "US" },
      fallbacks: Array.from({ length: fallbacks }, (_, at) =>
        at % 2 === 0
          ? { order: `o${at}`, action: "hold" as const, note: a }
          : {
              order: `o${at}`,
              action: "alternative" as const,
              replacement: sampleReplacement({ supplierName: c }),
            },
      ),
      effects: Array.from({ length: effects }, (_, at) => ({
        step: `s${at}`,
        description: d,
        reversibility: (["irreversible", "compensable", "reversible"] as const)[at % 3] ?? "reversible",
      })),
    }),
  );
export const generatedOpenCard = generatedPlan.map((document) => openCard(document));

/** Every kind of card in every state, hostile throughout. */
export const generatedCard: fc.Arbitrary<Card> = fc.oneof(
  generatedOpenCard,
  fc
    .record({ text: hostileText, verdict: fc.constantFrom("approved" as const, "rejected" as const) })
    .map(({ text, verdict }) => decidedCard(verdict, text)),
  fc
    .record({
      document: generatedPlan,
      status: fc.constantFrom(...runStatuses),
      text: hostileText,
      states: fc.array(fc.constantFrom(...stepStatuses), { maxLength: 120 }),
      options: fc.array(hostileText, { maxLength: 40 }),
      key: fc.constantFrom("progress-run1", "question-run1-1", "result-run1"),
    })
    .map(({ document, status, text, states, options, key }) => {
      const error = { code: "failed", message: text, retryable: false };
      const [step] = viewWith({}).steps;
      return cardOf(key, {
        document,
        run: sampleRun("run1", { status, error, reason: status === "cancelled" ? "requested" : null }),
        question: key.startsWith("question") ? { text, options } : null,
        reason: text,
        steps: states.flatMap((state) =>
          step === undefined ? [] : [{ ...step, id: text, status: state, ms: 61_000 }],
        ),
      });
    }),
);
