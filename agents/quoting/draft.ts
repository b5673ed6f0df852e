import { z } from "zod";
import type { SkillContext } from "../../src/define-agent.ts";
import type { Money, PlannedOrder } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";

export interface QuoteInput {
  readonly item: string;
  readonly quantity: string;
  readonly customer: string;
  readonly orders: readonly PlannedOrder[];
  readonly total: Money;
  readonly marginPercent?: string;
  readonly reservedParts: readonly { readonly part: string; readonly quantity: string }[];
}
export interface Quote {
  readonly cost: Money;
  readonly marginPercent: string;
  readonly total: Money;
  readonly text: string;
}

/**
 * Cost = the orders' total + parts from stock at their cheapest agreed price; total = cost × (1 + margin). Sums are
 * exact and each of the two figures is rounded once, half up. Fails with "total-mismatch" when the orders do not add
 * up to the total given, with "price-missing" when a part from stock has no agreed price.
 */
export async function draftQuote(context: SkillContext, input: QuoteInput): Promise<Quote> {
  const { decimal, money } = await import("../../src/money.ts");
  const { policy } = context.trust;
  const { companyCurrency } = policy;
  const marginPercent = input.marginPercent ?? policy.marginPercent;
  const ordered = await orderedTotal(input, companyCurrency);
  const cost = money(
    decimal(ordered.amount).plus(await stockValue(context, input.reservedParts)),
    companyCurrency,
  );
  const total = money(decimal(cost.amount).times(decimal(marginPercent).div(100).plus(1)), companyCurrency);
  return { cost, marginPercent, total, text: await quoteText(context, input, total) };
}

async function orderedTotal({ orders, total }: QuoteInput, currency: string): Promise<Money> {
  const { compareMoney, sumMoney } = await import("../../src/money.ts");
  const sum = sumMoney(
    orders.map((order) => order.companyTotal ?? order.total),
    currency,
  );
  if (total.currency !== currency || compareMoney(sum, total) !== 0) {
    throw new AppError(
      "total-mismatch",
      `the orders add up to ${sum.amount} ${currency}, the total given is ${total.amount} ${total.currency}`,
    );
  }
  return sum;
}

/** Parts from stock at the cheapest price agreed with any wholesaler, exchanged; exact, not rounded. */
async function stockValue({ books, clock, trust }: SkillContext, parts: QuoteInput["reservedParts"]) {
  const { exchangeFrom } = await import("../../src/plan/exchange.ts");
  const { decimal } = await import("../../src/money.ts");
  const exchange = exchangeFrom(books, trust.policy, clock.now());
  // Read together, because each read alone costs a round trip.
  const agreed = await Promise.all(parts.map(({ part }) => books.find("prices", { part })));
  let value = decimal("0");
  for (const [index, { part, quantity }] of parts.entries()) {
    const prices = await Promise.all(
      (agreed[index] ?? []).map((price) =>
        exchange.amount({ amount: price.unitPrice, currency: price.currency }, trust.policy.companyCurrency),
      ),
    );
    const [first, ...others] = prices;
    if (first === undefined) {
      throw new AppError(
        "price-missing",
        `part "${part}" is taken from stock and has no agreed price to value it at`,
      );
    }
    const cheapest = others.reduce((least, each) => (each.lt(least) ? each : least), first);
    value = value.plus(cheapest.times(decimal(quantity)));
  }
  return value;
}

const wordingSchema = z.strictObject({ wording: z.string().min(1).max(2000) });
const placeholders = ["{customer}", "{item}", "{quantity}", "{delivery}", "{total}"];
/** Words that make or qualify a figure: a model words the quote, it promises nothing. */
const figurePattern =
  /[\p{Sc}\p{N}%]|\b(zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|dozen|half|double|percent|free|gratis|discount|rebate)\b/iu;

/**
 * The quote's text. The model is given placeholders only and never sees a name or figure; its wording is refused when
 * it lacks the total, invents a placeholder or says a figure of its own. Names and figures are put in afterwards.
 */
async function quoteText(context: SkillContext, input: QuoteInput, total: Money): Promise<string> {
  const { books, model, signal, clock } = context;
  const { isoDay } = await import("../../src/plan/exchange.ts");
  const [item, customer] = await Promise.all([
    books.get("items", input.item),
    books.get("customers", input.customer),
  ]);
  if (item === undefined || customer === undefined) {
    const [kind, id] = item === undefined ? ["item", input.item] : ["customer", input.customer];
    throw new AppError(`unknown-${kind}`, `the books have no ${kind} "${id}"`);
  }
  const { output } = await model.generate({
    role: "quoting",
    prompt: JSON.stringify({ placeholders }),
    output: wordingSchema,
    signal,
  });
  const { wording } = output;
  const named: readonly string[] = wording.match(/\{[^}]*\}?/g) ?? [];
  const plain = wording.replaceAll(/\{[a-z-]+\}/g, "");
  const isAllowed = named.every((name) => placeholders.includes(name)) && !figurePattern.test(plain);
  if (!isAllowed || !named.includes("{total}")) {
    throw new AppError(
      "bad-model-output",
      "the model's wording of the quote states a figure or lacks the total",
      {
        retryable: true,
      },
    );
  }
  const days = input.orders.map((order) => order.expectedDelivery);
  const values: Readonly<Record<string, string>> = {
    "{customer}": customer.name,
    "{item}": item.name,
    "{quantity}": `${input.quantity} ${item.unit}`,
    "{delivery}": days.reduce((latest, day) => (day > latest ? day : latest), isoDay(clock.now())),
    "{total}": `${total.amount} ${total.currency}`,
  };
  return wording.replaceAll(/\{[a-z-]+\}/g, (name) => values[name] ?? name);
}
