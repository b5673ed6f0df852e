import { breaksAfter, isNameLike, isQuoted, phraseOf, type Token, wordAt } from "./tokens.ts";
import {
  articles,
  buildVerbs,
  customerCues,
  genericNouns,
  joinersInNames,
  needVerbs,
  orderVerbs,
  phraseEnds,
  politeness,
  pronouns,
  timeUnits,
  vagueAmounts,
} from "./words.ts";

/** A stretch of words: token `from` up to, not including, `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}
type Kind = "item" | "customer";

/** The name that starts at `from`; empty when none does. A quoted name is taken whole, whatever it contains. */
export function nameFrom(tokens: readonly Token[], from: number, kind: Kind): Span {
  const quote = tokens[from]?.quote ?? null;
  let to = from;
  if (quote !== null) {
    while (tokens[to]?.quote === quote) {
      to += 1;
    }
    return { from, to };
  }
  while (to < tokens.length && (to === from || !separates(tokens, to - 1)) && !ends(tokens, from, to, kind)) {
    to += 1;
  }
  return { from, to };
}

/** A break ends a name, but for the comma in "Acme Pumps, Inc." */
function separates(tokens: readonly Token[], i: number): boolean {
  const isForm = /^(inc|ltd|llc|gmbh|ag|sa|plc|co|corp|limited|bv|kg)$/.test(wordAt(tokens, i + 1));
  return breaksAfter(tokens, i) && !(isForm && tokens[i]?.post === ", ");
}

function ends(tokens: readonly Token[], from: number, i: number, kind: Kind): boolean {
  const token = tokens[i];
  if (token === undefined || token.amount || token.quote !== null) {
    return true;
  }
  if (i === from) {
    return phraseEnds.has(token.lower) && !isCapital(token);
  }
  if (joinersInNames.has(token.lower)) {
    return !joins(tokens, i);
  }
  const isCourtesy = /^(please|pls|thanks|thank|thx|asap|urgent|urgently|kindly)$/.test(token.lower);
  const isPartOfWord = (tokens[i - 1]?.post ?? "") === "-";
  if ((isDate(token) && !isPartOfWord) || isCourtesy || (politeness.has(token.lower) && !isCapital(token))) {
    return true;
  }
  if (kind === "customer" && /'s$|s'$/.test(wordAt(tokens, i - 1)) && !isCapital(token)) {
    return true;
  }
  if (kind === "item" && (customerCues.has(token.lower) || startsOtherName(tokens, i))) {
    return true;
  }
  return phraseEnds.has(token.lower) && !isCapital(token);
}

const isCapital = (token: Token) => /^\p{Lu}/u.test(token.text);

/** True when the "and", "of" or "in" at `i` stands inside a name. */
function joins(tokens: readonly Token[], i: number): boolean {
  const next = tokens[i + 1];
  if (
    next === undefined ||
    breaksAfter(tokens, i) ||
    next.amount ||
    isDate(next) ||
    customerCues.has(next.lower)
  ) {
    return false;
  }
  if (isNameLike(tokens[i - 1]) && isNameLike(next)) {
    return true;
  }
  const isNoun = next.tags.has("Noun") && !next.tags.has("Verb") && !next.tags.has("Pronoun");
  return ["and", "&", "of"].includes(wordAt(tokens, i)) && isNoun && !genericNouns.has(next.lower);
}

/** "widgets Acme": a small plural noun before a capital ends a product's name. */
function startsOtherName(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  const token = tokens[i];
  return (
    token !== undefined && isCapital(token) && before?.tags.has("Plural") === true && !isNameLike(before)
  );
}

/** True for days, months, durations and the words that measure them. */
function isDate(token: Token): boolean {
  const tagged = ["Date", "WeekDay", "Month", "Duration", "Time"].some((tag) => token.tags.has(tag));
  return (tagged && !token.tags.has("Year")) || timeUnits.has(token.lower);
}

/** The first word at or after `from` that is no article, possessive or the like. */
export function skipArticles(tokens: readonly Token[], from: number): number {
  let i = from;
  while (articles.has(wordAt(tokens, i)) && !breaksAfter(tokens, i)) {
    i += 1;
  }
  return i;
}

/** True for words between an amount and what it counts: "more", "pcs", "units of the", "a few". */
export function leadsToItem(tokens: readonly Token[], i: number): boolean {
  const word = wordAt(tokens, i);
  const counts = /^(sets?|off|items?|pieces?|units?|lots|couple|bunch|number)$/.test(word);
  return (
    /^(x|pcs|pc|ea|each|nos|of)$/.test(word) ||
    (counts && wordAt(tokens, i + 1) === "of") ||
    (vagueAmounts.has(word) && !counts) ||
    articles.has(word)
  );
}

/** The product's name at `from`; undefined when only general words such as "parts" stand there. */
export function itemFrom(tokens: readonly Token[], from: number): Span | undefined {
  let start = from;
  while (leadsToItem(tokens, start) && tokens[start]?.quote === null && !breaksAfter(tokens, start)) {
    start += 1;
  }
  const name = nameFrom(tokens, start, "item");
  const quoted = tokens[start]?.quote !== null;
  const word = wordAt(tokens, start);
  const general = name.to === start + 1 && (genericNouns.has(word) || pronouns.has(word));
  return name.to === start || (!quoted && (general || customerCues.has(word))) ? undefined : name;
}

/** The customer's name at `from`; undefined when only general words such as "the customer" stand there. */
export function customerFrom(tokens: readonly Token[], from: number): Span | undefined {
  const start = skipCue(tokens, skipArticles(tokens, from));
  const first = start === undefined ? undefined : tokens[start];
  if (start === undefined || first === undefined) {
    return undefined;
  }
  const name = nameFrom(tokens, start, "customer");
  if (name.to === start || first.quote !== null) {
    return name.to === start ? undefined : name;
  }
  const { lower } = first;
  const general =
    name.to === start + 1 && (pronouns.has(lower) || genericNouns.has(lower) || customerCues.has(lower));
  const acts = !isCapital(first) && [buildVerbs, orderVerbs, needVerbs].some((verbs) => verbs.has(lower));
  const isDay = tokens.slice(start, name.to).every(isDate);
  return general || acts || isDay || first.tags.has("Pronoun") ? undefined : name;
}

/** "customer: Acme", "the client is Acme", "customer number C-17" lead to a name; "Customer XYZ" is one. */
function skipCue(tokens: readonly Token[], start: number): number | undefined {
  if (!customerCues.has(wordAt(tokens, start)) || tokens[start]?.quote !== null) {
    return start;
  }
  let next = start + 1;
  while (/^(is|was|will|would|be|name|named|called|number|no|nr|id)$/.test(wordAt(tokens, next))) {
    next += 1;
  }
  const named = isQuoted(tokens[next]) || next > start + 1 || /[:=]| - /.test(tokens[start]?.post ?? "");
  if (named) {
    return skipArticles(tokens, next);
  }
  return breaksAfter(tokens, start) ? undefined : start;
}

/** The words of a span as written; a possessive ending that leads over to the next word is left out. */
export function spell(text: string, tokens: readonly Token[], span: Span): string {
  const phrase = phraseOf(text, tokens, span.from, span.to);
  return breaksAfter(tokens, span.to - 1) ? phrase : phrase.replace(/'s$|(?<=s)'$/, "");
}
