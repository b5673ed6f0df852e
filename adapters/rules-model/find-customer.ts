import { isOrderVerb } from "./intent.ts";
import { customerFrom, leadsToItem, skipArticles, spell, type Span } from "./names.ts";
import { breaksAfter, isNameLike, isQuoted, type Token, wordAt } from "./tokens.ts";
import {
  buildVerbs,
  containers,
  customerCues,
  genericNouns,
  needVerbs,
  politeness,
  pronouns,
} from "./words.ts";

interface Found {
  readonly span: Span;
  /** 2: the word "customer" says so; 1: written like a name; 0: any words in a customer's place. */
  readonly weight: number;
}

/**
 * The customer's name in the writer's words. Of two different names of equal weight none is chosen: the phrase then
 * runs from the first to the last, and whoever looks it up will not find it and ask.
 */
export function findCustomer(
  text: string,
  tokens: readonly Token[],
  item: Span | undefined,
): string | undefined {
  const found: Found[] = [];
  for (let i = 0; i < tokens.length; i += 1) {
    const lead = customerLead(tokens, i, item);
    const span = lead === undefined ? undefined : customerFrom(tokens, lead);
    if (lead !== undefined && span !== undefined && !overlaps(item, span)) {
      found.push({ span, weight: weightOf(tokens, lead, span) });
      i = span.to - 1;
    }
  }
  if (found.length === 0 && item !== undefined) {
    const beside = nameInFront(tokens, item) ?? nameBehind(tokens, item);
    return beside === undefined ? undefined : spell(text, tokens, beside);
  }
  const heaviest = Math.max(...found.map((each) => each.weight));
  const best = found.filter((each) => each.weight === heaviest).map((each) => each.span);
  const [first, last] = [best.at(0), best.at(-1)];
  if (first === undefined || last === undefined) {
    return undefined;
  }
  const phrases = new Set(best.map((span) => spell(text, tokens, span).toLowerCase()));
  return spell(text, tokens, phrases.size === 1 ? first : { from: first.from, to: last.to });
}

function overlaps(a: Span | undefined, b: Span): boolean {
  return a !== undefined && a.from < b.to && b.from < a.to;
}

function weightOf(tokens: readonly Token[], lead: number, span: Span): number {
  const first = tokens[span.from];
  if (customerCues.has(wordAt(tokens, skipArticles(tokens, lead)))) {
    return 2;
  }
  return isNameLike(first) || isQuoted(first) ? 1 : 0;
}

/** Where a customer's name starts if token `i` leads to one. */
function customerLead(tokens: readonly Token[], i: number, item: Span | undefined): number | undefined {
  const word = wordAt(tokens, i);
  const before = wordAt(tokens, i - 1);
  if (tokens[i]?.quote !== null) {
    return undefined;
  }
  if (customerCues.has(word)) {
    return i;
  }
  if (word === "for") {
    return leadsToGoods(tokens, i, item) ? undefined : i + 1;
  }
  const next = tokens[i + 1];
  const afterVerb =
    (word === "of" && before === "behalf") ||
    (word === "to" &&
      !next?.tags.has("Verb") &&
      /^(going|destined|shipped|delivered|sent|sold|it|them|deliver|ship)$/.test(before)) ||
    (word === "by" && /^(needed|required|requested|wanted|ordered)$/.test(before)) ||
    (word === "from" && isNameLike(tokens[skipArticles(tokens, i + 1)]));
  if (afterVerb) {
    return i + 1;
  }
  return isSubject(tokens, i) ? i : undefined;
}

/** True for a "for" that leads to the product or to what is done with it. */
function leadsToGoods(tokens: readonly Token[], i: number, item: Span | undefined): boolean {
  const start = skipArticles(tokens, i + 1);
  const word = wordAt(tokens, start);
  const isAction = buildVerbs.has(word) || (containers.has(word) && !customerCues.has(word));
  if (isAction && !isNameLike(tokens[start])) {
    return true;
  }
  const between = item === undefined || item.from < i ? undefined : tokens.slice(i + 1, item.from);
  return between?.every((token, k) => token.amount || leadsToItem(tokens, i + 1 + k)) === true;
}

/** True when a name starts at `i` that needs, wants or has asked for something. */
function isSubject(tokens: readonly Token[], i: number): boolean {
  const opens =
    i === firstWord(tokens) ||
    breaksAfter(tokens, i - 1) ||
    /^(because|as|since|so|and|that)$/.test(wordAt(tokens, i - 1));
  const word = wordAt(tokens, i);
  if (!opens || pronouns.has(word) || politeness.has(word) || isOrderVerb(tokens[i])) {
    return false;
  }
  const span = customerFrom(tokens, i);
  if (span === undefined || breaksAfter(tokens, span.to - 1) || genericNouns.has(wordAt(tokens, span.from))) {
    return false;
  }
  const verb = wordAt(tokens, span.to);
  return (
    needVerbs.has(verb) || /^(has|have|is|would|asked|ordered|requested|just|urgently|placed)$/.test(verb)
  );
}

/** "Acme: 50 widgets" */
function nameInFront(tokens: readonly Token[], item: Span): Span | undefined {
  const start = firstWord(tokens);
  const first = tokens[start];
  const name = first?.tags.has("Verb") || !isNameLike(first) ? undefined : customerFrom(tokens, start);
  const labels = name !== undefined && /[:,;]| - /.test(tokens[name.to - 1]?.post ?? "");
  return labels && !overlaps(item, name) ? name : undefined;
}

/** "50 widgets, Acme" */
function nameBehind(tokens: readonly Token[], item: Span): Span | undefined {
  const next = tokens[item.to];
  if (next === undefined || next.sentence !== tokens[item.to - 1]?.sentence) {
    return undefined;
  }
  const isName = isNameLike(next) && !next.tags.has("Verb") && !politeness.has(next.lower);
  return isName ? customerFrom(tokens, item.to) : undefined;
}

function firstWord(tokens: readonly Token[]): number {
  return tokens.findIndex((token) => !politeness.has(token.lower));
}
