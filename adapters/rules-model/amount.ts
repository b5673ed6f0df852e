import { type Nlp, type Token, wordAt } from "./tokens.ts";
import { multiples, numberWords, scales } from "./words.ts";

export type QuantityProblem =
  | "missing"
  | "zero"
  | "negative"
  | "fraction"
  | "too-large"
  | "not-a-number"
  | "ambiguous"
  | "several";
export type Reading = { readonly value: string } | { readonly problem: QuantityProblem };

/** A number as it is written: tokens `from` up to, not including, `to`. */
export interface Amount {
  readonly from: number;
  readonly to: number;
  readonly reading: Reading;
  /** Written with "x": an amount wherever it stands. */
  readonly marked: boolean;
}

const largestQuantity = 1_000_000;

/** The reading of an exact number: only whole numbers from 1 to one million are quantities. */
function readNumber(value: number): Reading {
  if (Number.isNaN(value)) {
    return { problem: "not-a-number" };
  }
  if (value < 0) {
    return { problem: "negative" };
  }
  if (value === 0) {
    return { problem: "zero" };
  }
  if (value > largestQuantity) {
    return { problem: "too-large" };
  }
  return Number.isInteger(value) ? { value: String(value) } : { problem: "fraction" };
}

/** The amount that starts at `from`, if one does: "50", "x50", "two hundred and fifty", "half a dozen", "-5". */
export function amountAt(library: Nlp, tokens: readonly Token[], from: number): Amount | undefined {
  const isMinus = /^(minus|negative)$/.test(wordAt(tokens, from));
  const negative = isMinus || (tokens[from]?.pre ?? "").endsWith("-");
  let start = isMinus ? from + 1 : from;
  const isCross = wordAt(tokens, start) === "x";
  start += isCross ? 1 : 0;
  const number = numberAt(library, tokens, start);
  if (number === undefined) {
    return undefined;
  }
  const marked =
    isCross || /^[x×]\d|\d[x×]$/.test(wordAt(tokens, start)) || wordAt(tokens, number.to) === "x";
  const to = number.to + (wordAt(tokens, number.to) === "x" ? 1 : 0);
  const { value } = number;
  const reading: Reading =
    value === null ? { problem: "ambiguous" } : readNumber(negative ? -Math.abs(value) : value);
  return { from, to, reading, marked };
}

/** `value` is null where it may be read in more than one way. */
interface FoundNumber {
  readonly value: number | null;
  readonly to: number;
}

function numberAt(library: Nlp, tokens: readonly Token[], start: number): FoundNumber | undefined {
  const base =
    halfDozen(tokens, start) ?? digitsAt(library, tokens, start) ?? wordsAt(library, tokens, start);
  if (base === undefined) {
    return undefined;
  }
  const multiple = multiples.get(wordAt(tokens, base.to));
  const to = base.to + (multiple === undefined ? 0 : 1);
  const value = base.value === null ? null : base.value * (multiple ?? 1);
  // "two and a half", "three and a quarter"
  const rest = tokens.slice(to, to + 3).map((token) => token.lower);
  const part = rest[0] === "and" ? rest.findIndex((word) => /^(half|quarter|third)s?$/.test(word)) : -1;
  return part > 0 ? { value: 0.5, to: to + part + 1 } : { value, to };
}

/** "half a dozen"; the multiple itself is left to be multiplied by. */
function halfDozen(tokens: readonly Token[], start: number): FoundNumber | undefined {
  if (wordAt(tokens, start) !== "half") {
    return undefined;
  }
  const to = wordAt(tokens, start + 1) === "a" ? start + 2 : start + 1;
  return { value: 0.5, to: multiples.has(wordAt(tokens, to)) ? to : start + 1 };
}

function digitsAt(library: Nlp, tokens: readonly Token[], start: number): FoundNumber | undefined {
  const value = digits(withSigns(tokens[start]));
  if (value === undefined) {
    return undefined;
  }
  const next = wordAt(tokens, start + 1);
  if (/^\d{1,3}$/.test(wordAt(tokens, start)) && /^\d{3}$/.test(next) && tokens[start]?.post === " ") {
    // "1 000": one number to some, two to others.
    return { value: null, to: start + 2 };
  }
  const scale = scales.has(next) ? (spelled(library, [next]) ?? null) : undefined;
  if (scale === undefined) {
    return { value, to: start + 1 };
  }
  return { value: value === null || scale === null ? null : value * scale, to: start + 2 };
}

/**
 * A number written in digits; undefined when the word is none, null when it may be read in more than one way
 * ("1.000", "10,5", "50-60", "50k").
 */
function digits(word: string): number | null | undefined {
  const bare = word.replace(/^[x×](?=\d)|(?<=\d)(x|×|pcs|pc|ea|units?)$/g, "");
  const isDecimal = /^-?\d+(\.\d{1,2}|\.\d{4,})?$/.test(bare) || /^-?0\.\d+$/.test(bare);
  if (isDecimal || /^-?\d+(\.\d+)?e[+-]?\d{1,3}$/.test(bare)) {
    return Number(bare);
  }
  if (/^-?\d{1,3}(,\d{3})+$/.test(bare)) {
    return Number(bare.replaceAll(",", ""));
  }
  const fraction = /^(\d{1,4})\/([1-9]\d{0,3})$/.exec(bare);
  if (fraction !== null) {
    return Number(fraction[1]) / Number(fraction[2]);
  }
  return /^[-+~≈<>≥≤]*\d[\d.,'_]*(k|mio|\+)?(\.\.|-)?\d*\+?$/.test(bare) ? null : undefined;
}

/** The word with the signs that touch it, which the library counts as punctuation. */
function withSigns(token: Token | undefined): string {
  if (token === undefined) {
    return "";
  }
  return `${/[~≈<>≥≤]+$/.exec(token.pre)?.[0] ?? ""}${token.lower}${/^\+/.exec(token.post)?.[0] ?? ""}`;
}

/** "fifty", "a hundred and five", "a dozen" (of which the dozen is left to be multiplied by) */
function wordsAt(library: Nlp, tokens: readonly Token[], start: number): FoundNumber | undefined {
  const first = wordAt(tokens, start);
  if (multiples.has(first)) {
    return { value: 1, to: start };
  }
  if (/^(an?|one)$/.test(first) && multiples.has(wordAt(tokens, start + 1))) {
    return { value: 1, to: start + 1 };
  }
  let to = start;
  while (isNumberWord(tokens, to, start)) {
    to += 1;
  }
  const words = tokens.slice(start, to).map((token) => token.lower);
  return words.length === 0 ? undefined : { value: spelled(library, words) ?? null, to };
}

function isNumberWord(tokens: readonly Token[], i: number, start: number): boolean {
  if (i > start && /[,;:.()\n]/.test(tokens[i - 1]?.post ?? "")) {
    return false;
  }
  const word = wordAt(tokens, i);
  const next = wordAt(tokens, i + 1);
  const joins = i > start && word === "and" && numberWords.has(next) && scales.has(wordAt(tokens, i - 1));
  return numberWords.has(word) || joins || (i === start && /^an?$/.test(word) && scales.has(next));
}

/** Number words as one number; undefined when they do not spell one number in full ("one fifty"). */
function spelled(library: Nlp, words: readonly string[]): number | undefined {
  const plain = words.filter((word) => !/^(and|an?)$/.test(word));
  const spelling = scales.has(plain[0] ?? "") ? ["one", ...plain] : plain;
  if (!wellSpelled.test(spelling.map(classOf).join(""))) {
    return undefined;
  }
  const found: unknown = library(spelling.join(" ")).numbers().get();
  const value: unknown = Array.isArray(found) && found.length === 1 ? found[0] : undefined;
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

// The library adds up whatever stands together; this is the order in which words make one number. One letter a word:
// (z)ero, (u)nit, t(e)en, (t)ens, (h)undred, (k) for thousand, (m)illion and above.
const belowHundred = "(?:u|e|tu?)";
const belowThousand = `(?:${belowHundred}h${belowHundred}?|${belowHundred})`;
const wellSpelled = new RegExp(`^(?:z|(?:${belowThousand}m)*(?:${belowThousand}k)?${belowThousand}?)$`);

function classOf(word: string): string {
  if (word === "hundred") {
    return "h";
  }
  if (word === "thousand") {
    return "k";
  }
  if (word.endsWith("illion")) {
    return "m";
  }
  if (word === "zero") {
    return "z";
  }
  if (/^(ten|eleven|twelve)$|teen$/.test(word)) {
    return "e";
  }
  return word.endsWith("ty") ? "t" : "u";
}
