import Big from "big.js";
import type { FreightTariff, Wholesaler } from "../book-rows.ts";
import type { Money, PlannedOrder } from "../domain.ts";
import { isoDay } from "./exchange.ts";
import { decimal, exchangeMoney, minorDigits, money, multiplyMoney, sumMoney } from "../money.ts";
import type { Policy } from "../policy-types.ts";
import type { DeficitLine, Offer, OfferLine } from "./sourcing-schema.ts";

/** One quantity of one offered part. */
export interface Purchase {
  readonly deficit: DeficitLine;
  readonly offered: OfferLine;
  /** What is bought: at least the minimum, whole packs. */
  readonly quantity: Big;
}
export interface OrderDraft {
  readonly id: string;
  readonly wholesaler: Wholesaler;
  readonly offer: Offer;
  readonly tariff: FreightTariff;
  /** Units of the company's currency for one of the offer's. */
  readonly rate: string;
  readonly purchases: readonly Purchase[];
  readonly policy: Policy;
  readonly now: number;
}

/**
 * A complete planned order: lines, freight by weight, tax on goods and freight, total, exchange, bounds of the
 * policy's price tolerance, delivery. Each figure is rounded once, half up.
 */
export function planOrder(draft: OrderDraft): PlannedOrder {
  const { offer, tariff, wholesaler, policy, purchases } = draft;
  const { currency } = offer;
  const factor = decimal(policy.priceTolerancePercent).div(100).plus(1);
  // Rounded down, so that a bound never exceeds the tolerance; a bound below the price is not possible.
  const bound = (value: Money): Money =>
    money(decimal(value.amount).times(factor).round(minorDigits(currency), Big.roundDown), currency);
  const lines = purchases.map(({ deficit, offered, quantity }) => ({
    part: deficit.part,
    description: deficit.description,
    quantity: plain(quantity),
    unit: deficit.unit,
    unitPrice: offered.unitPrice,
    maxUnitPrice: bound(offered.unitPrice),
    total: multiplyMoney(offered.unitPrice, quantity),
  }));
  const goods = sumMoney(
    lines.map((line) => line.total),
    currency,
  );
  const weight = purchases.reduce(
    (sum, each) => sum.plus(decimal(each.deficit.weightKg).times(each.quantity)),
    new Big(0),
  );
  const freight = money(decimal(tariff.base).plus(decimal(tariff.perKg).times(weight)), currency);
  const taxed = decimal(goods.amount).plus(decimal(freight.amount));
  const tax = money(taxed.times(decimal(offer.taxPercent)).div(100), currency);
  const total = sumMoney([goods, freight, tax], currency);
  const foreign = currency !== policy.companyCurrency;
  return {
    id: draft.id,
    supplier: wholesaler.id,
    supplierName: wholesaler.name,
    bankAccount: wholesaler.bankAccount,
    currency,
    lines,
    freightMethod: tariff.method,
    freight,
    tax,
    total,
    maxTotal: bound(total),
    ...(foreign
      ? { rate: draft.rate, companyTotal: exchangeMoney(total, draft.rate, policy.companyCurrency) }
      : {}),
    expectedDelivery: isoDay(draft.now, deliveryDays(purchases, tariff)),
    validUntil: offer.validUntil,
  };
}

/** From order to delivery: the slowest line's lead time and the way. */
export function deliveryDays(purchases: readonly Purchase[], tariff: FreightTariff): number {
  return Math.max(0, ...purchases.map((each) => each.offered.leadDays)) + Number(tariff.days);
}

/** The least quantity that covers `need`: at least the minimum, in whole packs. */
export function buyUp(need: Big, minQuantity: string, packSize: string): Big {
  const minimum = decimal(minQuantity);
  const pack = decimal(packSize);
  const wanted = need.gt(minimum) ? need : minimum;
  return wanted.div(pack).round(0, Big.roundUp).times(pack);
}

/** A decimal string without exponent or trailing zeros. */
export function plain(value: Big): string {
  return value.toFixed();
}
