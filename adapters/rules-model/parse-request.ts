import { findCustomer } from "./find-customer.ts";
import { findItem } from "./find-item.ts";
import { isOtherVerb, readSigns } from "./intent.ts";
import { itemFrom, spell, type Span } from "./names.ts";
import type { QuantityProblem } from "./amount.ts";
import { findQuantities, type Mention, vagueQuantity } from "./quantity.ts";
import { normaliseText, tokenise, type Nlp, type Token } from "./tokens.ts";

/** What one message says; phrases are the writer's own words. */
export interface ParsedMessage {
  /** "withdrawn": a negation, question or report about ordering; nothing in it is to be taken for an order. */
  readonly intent: "order-parts" | "withdrawn" | "other";
  readonly quantity: { readonly value?: string; readonly problem?: QuantityProblem };
  readonly itemPhrase?: string;
  readonly customerPhrase?: string;
}

/** Reads one chat message. Whatever it says beyond goods, quantity and customer changes nothing. */
export function parseMessage(library: Nlp, message: string): ParsedMessage {
  const text = normaliseText(message);
  const words = tokenise(library, text);
  const mentions = findQuantities(library, words);
  const tokens = words.map((token, i) => ({
    ...token,
    amount: mentions.some((each) => each.strong && each.from <= i && i < each.to),
  }));
  const counted = mentions.map((mention) => ({ mention, item: countedItem(tokens, mention) }));
  const item = counted.find((each) => each.item !== undefined)?.item ?? findItem(tokens, mentions);
  const customer = findCustomer(text, tokens, item);
  const quantity = quantityOf(text, tokens, counted);
  const signs = readSigns(tokens);
  const amount = mentions.some((each) => each.strong);
  const named = /^[\p{Lu}\p{N}"]/u.test(customer ?? "");
  const complete = item !== undefined && customer !== undefined && quantity.value !== undefined;
  const spans = [...mentions, ...(item === undefined ? [] : [item])];
  const rest = tokens.filter((_, i) => !spans.some((span) => span.from <= i && i < span.to));
  const terse = !rest.some(isOtherVerb);
  const asks = signs.orders || (signs.hints && (signs.ofTrade || amount || named)) || (complete && terse);
  return {
    intent: signs.forbids ? "withdrawn" : asks ? "order-parts" : "other",
    quantity,
    ...(item === undefined ? {} : { itemPhrase: spell(text, tokens, item) }),
    ...(customer === undefined ? {} : { customerPhrase: customer }),
  };
}

interface Counted {
  readonly mention: Mention;
  readonly item: Span | undefined;
}

/** What an amount counts: the name right behind it. */
function countedItem(tokens: readonly Token[], mention: Mention): Span | undefined {
  const last = tokens[mention.to - 1];
  const apart =
    last === undefined || /[,;:!?\n=]| - /.test(last.post) || last.sentence !== tokens[mention.to]?.sentence;
  return apart || !mention.strong ? undefined : itemFrom(tokens, mention.to);
}

/** The one quantity of a message, or why there is none. Two amounts are never chosen between. */
function quantityOf(
  text: string,
  tokens: readonly Token[],
  counted: readonly Counted[],
): ParsedMessage["quantity"] {
  const strong = counted.filter((each) => each.mention.strong);
  const used = strong.length > 0 ? strong : counted;
  const first = used[0];
  if (first === undefined) {
    const single = tokens.some((token) => token.lower === "single");
    return single ? { value: "1" } : { problem: vagueQuantity(tokens) ?? "missing" };
  }
  const items = new Set(
    used.flatMap(({ item }) => (item === undefined ? [] : [spell(text, tokens, item).toLowerCase()])),
  );
  if (items.size > 1) {
    return { problem: "several" };
  }
  const readings = new Set(used.map((each) => JSON.stringify(each.mention.reading)));
  return readings.size > 1 ? { problem: "ambiguous" } : first.mention.reading;
}
