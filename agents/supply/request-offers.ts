import { z } from "zod";
import type { Price, Wholesaler } from "../../src/book-rows.ts";
import type { SkillContext } from "../../src/define-agent.ts";
import type { Money } from "../../src/domain.ts";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import {
  currencySchema,
  daySchema,
  decimalSchema,
  idSchema,
  moneySchema,
} from "../../src/plan/plan-schema.ts";
import type { DeficitLine, Offer, OfferLine } from "../../src/plan/sourcing-schema.ts";
import type { OfferRequestLine, SupplierOffer } from "../../src/supplier-types.ts";
import { withDeadline } from "../../src/with-deadline.ts";

/** A wholesaler that has not answered by then is left out of this run. */
export const offerDeadlineMs = 8_000;

export interface OffersInput {
  readonly deficit: readonly DeficitLine[];
  readonly country: string;
  readonly exclude: readonly string[];
}
export interface OffersOutput {
  offers: Offer[];
  unavailable: { supplier: string; reason: string }[];
  estimate: Money;
}

// What a supplier says is checked like anything from outside, whatever its adapter did before.
export const heardSchema = z.object({
  reference: z.string().max(1000),
  lines: z
    .array(
      z.object({
        part: idSchema,
        available: decimalSchema,
        unitPrice: moneySchema,
        leadDays: z.int().min(0).max(3650),
      }),
    )
    .max(1000),
  taxPercent: decimalSchema,
  validUntil: daySchema,
});

/**
 * Asks every active wholesaler that is not excluded, all at once; what fails or answers nonsense is left out with its
 * reason and harms no other. Fails with "no-offers", retryable, when nobody answered at all.
 */
export async function requestOffers(context: SkillContext, input: OffersInput): Promise<OffersOutput> {
  const { books, trust } = context;
  const { exchangeFrom } = await import("../../src/plan/exchange.ts");
  const { money } = await import("../../src/money.ts");
  if (input.deficit.length === 0) {
    return { offers: [], unavailable: [], estimate: money("0", trust.policy.companyCurrency) };
  }
  const wholesalers = (await books.find("wholesalers", { active: "yes" })).filter(
    (each) => !input.exclude.includes(each.id),
  );
  const exchange = exchangeFrom(books, trust.policy, context.clock.now());
  const answers = await Promise.allSettled(
    wholesalers.map(async (wholesaler) => {
      const [prices] = await Promise.all([
        books.find("prices", { wholesaler: wholesaler.id }),
        // Without a fresh rate its prices cannot be compared with others.
        exchange.rate(wholesaler.currency),
      ]);
      return askOne(context, input, wholesaler, prices);
    }),
  );
  const offers: Offer[] = [];
  const unavailable: { supplier: string; reason: string }[] = [];
  for (const [index, answer] of answers.entries()) {
    if (answer.status === "fulfilled") {
      offers.push(answer.value);
    } else {
      const supplier = wholesalers[index]?.id ?? "";
      const { code } = toErrorInfo(answer.reason);
      unavailable.push({ supplier, reason: code });
      context.log.warn({ supplier, code, run: context.subject.run }, "wholesaler-unavailable");
    }
  }
  if (offers.length === 0) {
    throw new AppError("no-offers", `none of ${wholesalers.length} wholesalers made an offer`, {
      retryable: true,
    });
  }
  return { offers, unavailable, estimate: await estimateOf(context, input.deficit, offers) };
}

async function askOne(
  context: SkillContext,
  input: OffersInput,
  wholesaler: Wholesaler,
  prices: readonly Price[],
): Promise<Offer> {
  const { decimal, money } = await import("../../src/money.ts");
  const { buyUp, plain } = await import("../../src/plan/planned-order.ts");
  const terms = new Map<string, { readonly minQuantity: string; readonly packSize: string }>();
  const lines: OfferRequestLine[] = input.deficit.map((line) => {
    const price = prices.find((each) => each.part === line.part && each.currency === wholesaler.currency);
    const { minQuantity, packSize } = price ?? {
      minQuantity: "0",
      packSize: smallestStep(line.quantity),
    };
    terms.set(line.part, { minQuantity, packSize });
    return {
      part: line.part,
      description: line.description,
      quantity: plain(buyUp(decimal(line.quantity), minQuantity, packSize)),
      unit: line.unit,
      agreedUnitPrice: price === undefined ? null : money(price.unitPrice, price.currency),
    };
  });
  const system = context.suppliers.open(wholesaler);
  const id = `${context.subject.run}-${context.subject.revision}-rfq`;
  const heard = await withDeadline(context.signal, offerDeadlineMs, (signal) =>
    system.requestOffer({ id, lines, shipToCountry: input.country }, signal),
  );
  return checkedOffer(heard, wholesaler, lines, terms, context);
}

async function checkedOffer(
  heard: SupplierOffer,
  wholesaler: Wholesaler,
  asked: readonly OfferRequestLine[],
  terms: ReadonlyMap<string, { readonly minQuantity: string; readonly packSize: string }>,
  { clock }: SkillContext,
): Promise<Offer> {
  const { decimal, minorDigits, money } = await import("../../src/money.ts");
  const { ageInDays } = await import("../../src/plan/exchange.ts");
  const bad = (what: string) => new AppError("bad-offer", `the offer of "${wholesaler.id}": ${what}`);
  const parsed = heardSchema.safeParse(heard);
  if (!parsed.success) {
    throw bad(`${parsed.error.issues[0]?.path.join(".")} is not what it should be`);
  }
  const offer = parsed.data;
  const currency = currencySchema.parse(wholesaler.currency);
  if (ageInDays(offer.validUntil, clock.now()) > 0) {
    throw bad(`it was valid until ${offer.validUntil}`);
  }
  if (decimal(offer.taxPercent).gt(100)) {
    throw bad("its tax is above 100 %");
  }
  const lines: OfferLine[] = [];
  for (const line of offer.lines) {
    const wanted = asked.find((each) => each.part === line.part);
    const term = terms.get(line.part);
    if (wanted === undefined || term === undefined || lines.some((each) => each.part === line.part)) {
      throw bad("it has a line that was not asked for, or twice");
    }
    const price = decimal(line.unitPrice.amount);
    if (line.unitPrice.currency !== currency || price.lte(0)) {
      throw bad(`its unit price of "${line.part}" is not an amount above 0 in ${currency}`);
    }
    if (!price.eq(price.round(minorDigits(currency)))) {
      throw bad(`its unit price of "${line.part}" has more decimals than ${currency}`);
    }
    if (decimal(line.available).gt(decimal(wanted.quantity))) {
      throw bad(`it has more of "${line.part}" than was asked for`);
    }
    const agreed = wanted.agreedUnitPrice;
    const dearer = agreed !== null && price.gt(decimal(agreed.amount));
    if (!dearer && decimal(line.available).gt(0)) {
      const { available, leadDays } = line;
      lines.push({
        part: line.part,
        available,
        unitPrice: money(line.unitPrice.amount, currency),
        leadDays,
        ...term,
      });
    }
  }
  return {
    supplier: wholesaler.id,
    supplierName: wholesaler.name,
    bankAccount: wholesaler.bankAccount,
    currency,
    reference: printable(offer.reference),
    taxPercent: offer.taxPercent,
    validUntil: offer.validUntil,
    lines,
  };
}

/** Each part from the cheapest who has it, with tax, without freight, minimum and pack: a lower bound of any cover. */
async function estimateOf(
  context: SkillContext,
  deficit: readonly DeficitLine[],
  offers: readonly Offer[],
): Promise<Money> {
  const { books, clock, trust } = context;
  const { companyCurrency } = trust.policy;
  const { default: Big } = await import("big.js");
  const { exchangeFrom } = await import("../../src/plan/exchange.ts");
  const { decimal, minorDigits, money } = await import("../../src/money.ts");
  const exchange = exchangeFrom(books, trust.policy, clock.now());
  let total = new Big(0);
  for (const { part, quantity } of deficit) {
    const choices: { readonly unit: InstanceType<typeof Big>; readonly available: string }[] = [];
    for (const offer of offers) {
      const line = offer.lines.find((each) => each.part === part);
      if (line !== undefined) {
        const unit = await exchange.amount(line.unitPrice, companyCurrency);
        const taxed = unit.times(decimal(offer.taxPercent).div(100).plus(1));
        choices.push({ unit: taxed, available: line.available });
      }
    }
    let open = decimal(quantity);
    for (const choice of choices.toSorted((a, b) => a.unit.cmp(b.unit))) {
      const available = decimal(choice.available);
      const taken = available.lt(open) ? available : open;
      total = total.plus(choice.unit.times(taken));
      open = open.minus(taken);
    }
  }
  return money(total.round(minorDigits(companyCurrency), Big.roundDown), companyCurrency);
}

/** One in the last decimal of the quantity: what is bought without an agreed pack comes in such steps. */
function smallestStep(quantity: string): string {
  const decimals = quantity.split(".")[1]?.length ?? 0;
  return decimals === 0 ? "1" : `0.${"1".padStart(decimals, "0")}`;
}

/** A supplier's text as one short line of plain characters. */
function printable(text: string): string {
  const kept = text.replaceAll(/[^\p{L}\p{N} ._/#-]/gu, "").trim();
  return kept === "" ? "none" : kept.slice(0, 100);
}
