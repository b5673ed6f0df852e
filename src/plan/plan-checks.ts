import Big from "big.js";
import { canonicalJson } from "../canonical.ts";
import type { Money, PlanDocument, PlannedOrder } from "../domain.ts";
import { AppError } from "../errors.ts";
import { decimal, exchangeMoney, minorDigits, money, multiplyMoney, sumMoney } from "../money.ts";
import { planDocumentSchema } from "./plan-schema.ts";

/** The first figure of a plan that disagrees with the others. */
export interface PlanFault {
  /** Where, e.g. "orders.r1-1-2.lines.part-0001.total". */
  readonly field: string;
  readonly found: string;
  readonly expected: string;
}
export interface PlanRules {
  readonly companyCurrency: string;
  /** The most by which a bound may exceed its price, in percent. */
  readonly priceTolerancePercent: string;
}

/**
 * The plan that the canonical JSON text carries. Fails with code "bad-plan" when the text is not JSON, not a plan, or
 * not in canonical form (another form could be read in two ways under one hash).
 */
export function parsePlan(text: string): PlanDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AppError("bad-plan", "the plan is not JSON", { cause: error });
  }
  const parsed = planDocumentSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AppError("bad-plan", `the plan's ${issue?.path.join(".")}: ${issue?.message}`);
  }
  if (canonicalJson(parsed.data) !== text) {
    throw new AppError("bad-plan", "the plan's text is not canonical JSON (RFC 8785)");
  }
  return parsed.data;
}

/**
 * Recomputes every sum of a plan: lines, orders, exchange, bounds, total; and that ids, fallbacks and currencies fit
 * together. Returns the first fault, or undefined for a sound plan. Pure: needs no books.
 */
export function firstPlanFault(plan: PlanDocument, rules: PlanRules): PlanFault | undefined {
  for (const fault of planFaults(plan, rules)) {
    return fault;
  }
  return undefined;
}

/** `firstPlanFault` as an error with code "plan-wrong" that names the field, what it is and what it should be. */
export function assertPlanSound(plan: PlanDocument, rules: PlanRules): void {
  const fault = firstPlanFault(plan, rules);
  if (fault !== undefined) {
    throw new AppError(
      "plan-wrong",
      `the plan's ${fault.field} is ${fault.found}, expected ${fault.expected}`,
    );
  }
}

/** What the plan costs at most: every fallback that is dearer than its order counted instead of it. */
export function highestCost(plan: PlanDocument): Money {
  const { currency } = plan.total;
  const amounts = plan.orders.map((order) => {
    const own = decimal(inCompanyCurrency(order).amount);
    const others = plan.fallbacks
      .filter((each) => each.action === "alternative" && each.order === order.id)
      .map((each) => (each.action === "alternative" ? inCompanyCurrency(each.replacement) : order.total))
      .map((each) => decimal(each.amount));
    return money(
      others.reduce((most, each) => (each.gt(most) ? each : most), own),
      currency,
    );
  });
  return sumMoney(amounts, currency);
}

/** An order's total in the company's currency. */
export function inCompanyCurrency(order: PlannedOrder): Money {
  return order.companyTotal ?? order.total;
}

function* planFaults(plan: PlanDocument, rules: PlanRules): Generator<PlanFault> {
  const replacements = plan.fallbacks.flatMap((each) =>
    each.action === "alternative" ? [{ of: each.order, order: each.replacement }] : [],
  );
  const all = [...plan.orders, ...replacements.map((each) => each.order)];
  yield* repeated(
    "orders",
    all.map((order) => order.id),
  );
  yield* repeated(
    "fallbacks",
    plan.fallbacks.map((each) => each.order),
  );
  for (const order of all) {
    if (!order.id.startsWith(`${plan.run}-${plan.revision}-`)) {
      yield fault(`orders.${order.id}.id`, order.id, `${plan.run}-${plan.revision}-…`);
    }
    yield* orderFaults(order, rules);
  }
  for (const each of plan.fallbacks) {
    const original = plan.orders.find((order) => order.id === each.order);
    if (original === undefined) {
      yield fault(`fallbacks.${each.order}.order`, each.order, "one of the plan's orders");
    } else if (each.action === "alternative") {
      yield* replacementFaults(original, each.replacement);
    }
  }
  const { companyCurrency } = rules;
  const total = sumMoney(plan.orders.map(inCompanyCurrency), companyCurrency);
  yield* differs("total", plan.total, total);
  yield* wrongMoney("quote.total", plan.quote.total);
}

function* orderFaults(order: PlannedOrder, rules: PlanRules): Generator<PlanFault> {
  const at = `orders.${order.id}`;
  for (const [name, each] of [
    ["freight", order.freight],
    ["tax", order.tax],
    ["total", order.total],
    ["maxTotal", order.maxTotal],
  ] as const) {
    yield* wrongMoney(`${at}.${name}`, each, order.currency);
  }
  yield* repeated(
    `${at}.lines`,
    order.lines.map((line) => line.part),
  );
  for (const line of order.lines) {
    const here = `${at}.lines.${line.part}`;
    yield* wrongMoney(`${here}.unitPrice`, line.unitPrice, order.currency);
    yield* wrongMoney(`${here}.maxUnitPrice`, line.maxUnitPrice, order.currency);
    yield* differs(`${here}.total`, line.total, multiplyMoney(line.unitPrice, line.quantity));
    yield* outOfBounds(`${here}.maxUnitPrice`, line.unitPrice, line.maxUnitPrice, rules);
  }
  const parts = [...order.lines.map((line) => line.total), order.freight, order.tax];
  yield* differs(`${at}.total`, order.total, sumMoney(parts, order.currency));
  yield* outOfBounds(`${at}.maxTotal`, order.total, order.maxTotal, rules);
  if (order.currency === rules.companyCurrency) {
    if (order.rate !== undefined || order.companyTotal !== undefined) {
      yield fault(`${at}.rate`, order.rate ?? "none", `none for an order in ${rules.companyCurrency}`);
    }
  } else if (order.rate === undefined || order.companyTotal === undefined) {
    yield fault(`${at}.rate`, "none", `a rate and a total in ${rules.companyCurrency}`);
  } else {
    const exchanged = exchangeMoney(order.total, order.rate, rules.companyCurrency);
    yield* differs(`${at}.companyTotal`, order.companyTotal, exchanged);
  }
}

function* replacementFaults(original: PlannedOrder, replacement: PlannedOrder): Generator<PlanFault> {
  const at = `fallbacks.${original.id}.replacement`;
  if (replacement.supplier === original.supplier) {
    yield fault(`${at}.supplier`, replacement.supplier, "another supplier");
  }
  const parts = (order: PlannedOrder) =>
    order.lines
      .map((line) => line.part)
      .toSorted()
      .join(", ");
  if (parts(replacement) !== parts(original)) {
    yield fault(`${at}.lines`, parts(replacement), parts(original));
  }
}

function* wrongMoney(field: string, value: Money, currency = value.currency): Generator<PlanFault> {
  if (value.currency !== currency) {
    yield fault(field, show(value), `an amount in ${currency}`);
  } else if (value.amount.startsWith("-")) {
    yield fault(field, show(value), "0 or more");
  } else if (value.amount !== money(value.amount, currency).amount) {
    yield fault(field, show(value), `exactly ${minorDigits(currency)} decimals`);
  }
}

function* differs(field: string, found: Money, expected: Money): Generator<PlanFault> {
  if (found.currency !== expected.currency || found.amount !== expected.amount) {
    yield fault(field, show(found), show(expected));
  }
}

/** A bound lies between its price and the price plus tolerance (rounded up to the minor digit). */
function* outOfBounds(field: string, price: Money, bound: Money, rules: PlanRules): Generator<PlanFault> {
  const lowest = decimal(price.amount);
  const factor = decimal(rules.priceTolerancePercent).div(100).plus(1);
  const highest = lowest.times(factor).round(minorDigits(price.currency), Big.roundUp);
  const value = decimal(bound.amount);
  if (value.lt(lowest) || value.gt(highest)) {
    yield fault(field, bound.amount, `${price.amount} to ${money(highest, price.currency).amount}`);
  }
}

function* repeated(field: string, ids: readonly string[]): Generator<PlanFault> {
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) {
    yield fault(`${field}.${twice}`, "present twice", "once");
  }
}

function fault(field: string, found: string, expected: string): PlanFault {
  return { field, found, expected };
}

function show(value: Money): string {
  return `${value.amount} ${value.currency}`;
}
