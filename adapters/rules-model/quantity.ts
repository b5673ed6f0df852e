import { type Amount, amountAt, type QuantityProblem, type Reading } from "./amount.ts";
import { isNameLike, isQuoted, type Nlp, type Token, wordAt } from "./tokens.ts";
import {
  approximators,
  buildVerbs,
  containers,
  customerCues,
  genericNouns,
  labels,
  moneyWords,
  needVerbs,
  orderVerbs,
  timeUnits,
  vagueAmounts,
} from "./words.ts";

/** An amount of goods in a message: tokens `from` up to, not including, `to`. */
export interface Mention {
  readonly from: number;
  readonly to: number;
  readonly reading: Reading;
  /** Stands where a quantity stands; otherwise it may be part of a name, such as "Pump 3000". */
  readonly strong: boolean;
}

/** All amounts of goods in the order in which they stand. */
export function findQuantities(library: Nlp, tokens: readonly Token[]): readonly Mention[] {
  const found: Mention[] = [];
  for (let i = 0; i < tokens.length; i += 1) {
    const amount = amountAt(library, tokens, i);
    if (amount !== undefined) {
      const mention = asGoods(tokens, amount, found.at(-1));
      if (mention !== undefined) {
        found.push(mention);
      }
      i = amount.to - 1;
    }
  }
  return withoutNames(tokens, found);
}

/** Leaves out the numbers of names such as "3 Rivers Ltd" where another number says the quantity. */
function withoutNames(tokens: readonly Token[], found: readonly Mention[]): readonly Mention[] {
  const strong = found.filter((each) => each.strong);
  const inDigits = strong.find((each) => /^\d/.test(wordAt(tokens, each.from)));
  const plain = strong.find((each) => !mayStartName(tokens, each)) ?? inDigits ?? strong[0];
  return found.filter((each) => each === plain || !each.strong || !mayStartName(tokens, each));
}

function mayStartName(tokens: readonly Token[], { from, to }: Mention): boolean {
  const previous = isAttached(tokens, from) ? wordAt(tokens, from - 1) : "";
  const isNamePlace = /^(for|from|to|of|)$/.test(previous) || customerCues.has(previous);
  return isNamePlace && isNameLike(tokens[from]) && isNameLike(tokens[to]) && !isQuoted(tokens[to]);
}

/** The amount in its surroundings; undefined when it does not count goods. */
function asGoods(tokens: readonly Token[], amount: Amount, prior: Mention | undefined): Mention | undefined {
  const { from, to, reading, marked } = amount;
  const attached = isAttached(tokens, from);
  const previous = attached ? wordAt(tokens, from - 1) : "";
  if (countsOtherThings(tokens, amount, previous) || isQuoted(tokens[from])) {
    return undefined;
  }
  if (/^\s*%/.test(tokens[to - 1]?.post ?? "") || tokens[to - 1]?.text.endsWith("%") === true) {
    return { from, to, reading: { problem: "not-a-number" }, strong: true };
  }
  const isRange = prior !== undefined && prior.to === from - 1 && /^(or|to)$/.test(previous);
  const upTo = previous === "to" && wordAt(tokens, from - 2) === "up";
  if (isRange || upTo || approximators.has(previous)) {
    return { from, to, reading: { problem: "ambiguous" }, strong: true };
  }
  const strong = marked || !attached || !followsName(tokens, from);
  const plural = tokens[from - 1]?.tags.has("Plural") === true && !isNameLike(tokens[from - 1]);
  return strong || plural ? { from, to, reading, strong } : undefined;
}

/** True when the word before belongs to the same clause. */
function isAttached(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  return before !== undefined && before.sentence === tokens[i]?.sentence && !/[,;:()=]| - /.test(before.post);
}

/** Money, times, ordinals, numbered things ("PO 4711") and the one of "one order of 50". */
function countsOtherThings(tokens: readonly Token[], amount: Amount, previous: string): boolean {
  const own = tokens[amount.from];
  const next = wordAt(tokens, amount.to);
  const signs = `${own?.pre ?? ""}${own?.text ?? ""}`;
  const isMoney = /[$€£¥#]/.test(signs) || moneyWords.has(next);
  const isTime = timeUnits.has(next) || timeUnits.has(previous) || own?.tags.has("Ordinal") === true;
  const isNumbered = labels.has(previous) && !amount.marked;
  const isOne = "value" in amount.reading && amount.reading.value === "1";
  const isSingle =
    isOne &&
    (containers.has(next) || (own?.lower === "one" && /^(of|by|more|another|to|for|is|please|)$/.test(next)));
  return isMoney || isTime || isNumbered || isSingle;
}

/** True behind a noun that the number may belong to: "Pump 3000", but not "quantity 50" or "Acme's 50". */
function followsName(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  const word = wordAt(tokens, i - 1);
  const isVerb = orderVerbs.has(word) || needVerbs.has(word) || buildVerbs.has(word);
  const leads = /^(quantity|qty|amount|count)$/.test(word) || /'s?$/.test(word);
  return before?.tags.has("Noun") === true && !isVerb && !leads && !before.tags.has("Pronoun");
}

/** Why there is no number: "some", "a few", "no widgets"; undefined when nothing of the kind is said. */
export function vagueQuantity(tokens: readonly Token[]): QuantityProblem | undefined {
  for (const [i, token] of tokens.entries()) {
    const next = tokens[i + 1];
    if (token.lower === "no" && next?.tags.has("Plural") === true) {
      return "zero";
    }
    if (vagueAmounts.has(token.lower) && next !== undefined && !genericNouns.has(next.lower)) {
      return "not-a-number";
    }
  }
  return undefined;
}
