import { plainLetters } from "./reading.ts";

/** Something the books have under a name. */
export interface Named {
  readonly id: string;
  readonly name: string;
  /** Separated by ";". */
  readonly aliases: string;
}

/** No question offers more. */
export const mostChoices = 5;

/**
 * The customers that a phrase names, whatever its case, spaces and punctuation; a "customer" or "client" in front may
 * be missing or too much. A full name is exact even where a longer one begins with it. An alias or id that is also
 * a word of other customers' names ("XYZ") comes back with all of them: which one is meant must be asked.
 */
export function findCustomers<T extends Named>(rows: readonly T[], phrase: string): readonly T[] {
  const bare = bareName(phrase);
  const ways = [bare, bare.replace(/^(customer|client|account|company)\s+/i, ""), bare.replace(/'s?$/, "")];
  const wanted = new Set(ways.map(plainLetters).filter((way) => way !== ""));
  const says = (text: string) => wanted.has(plainLetters(text));
  const named = rows.filter((row) => says(row.name) || says(labelOf(row)));
  if (named.length > 0) {
    return named;
  }
  const known = rows.filter((row) => says(row.id) || aliasesOf(row).some(says));
  const others = rows.filter(
    (row) => !known.includes(row) && ways.some((way) => containsWords(row.name, way)),
  );
  return known.length === 0 ? [] : [...known, ...others];
}

/** The items that a phrase names exactly, in the singular or plural, by name, alias, id or label. */
export function findItems<T extends Named>(rows: readonly T[], phrase: string): readonly T[] {
  const bare = bareName(phrase);
  const ways = [bare, bare.replace(/\s+(units?|pcs|pieces)$/i, "")];
  const direct = new Set(ways.map(plainLetters).filter((way) => way !== ""));
  const exact = rows.filter((row) => keysOf(row).some((key) => direct.has(plainLetters(key))));
  if (exact.length > 0) {
    return exact;
  }
  const stems = new Set(ways.flatMap(singulars).map(plainLetters));
  const hasStem = (key: string) => singulars(key).some((form) => stems.has(plainLetters(form)));
  return rows.filter((row) => keysOf(row).some(hasStem));
}

/** Without quotation marks, closing punctuation and what people put before a name when they answer. */
function bareName(phrase: string): string {
  return phrase
    .trim()
    .replace(/[\s,.!]+(please|pls|thanks|thank you)[.!]*$/i, "")
    .replaceAll(/^["'“”]+|["'“”.,;:!?]+$/g, "")
    .replace(/^(it'?s |that'?s |is |for |the |our |i mean |we mean )+/i, "");
}

function containsWords(name: string, words: string): boolean {
  const padded = (text: string) =>
    ` ${text
      .toLowerCase()
      .split(/[^\p{L}\p{N}]+/u)
      .filter(Boolean)
      .join(" ")} `;
  return words.trim() !== "" && padded(name).includes(padded(words));
}

function keysOf(row: Named): readonly string[] {
  return [row.name, row.id, labelOf(row), ...aliasesOf(row)];
}

function aliasesOf(row: Named): readonly string[] {
  return row.aliases.split(";").filter((alias) => alias.trim() !== "");
}

/** Tells rows of the same name apart. */
function labelOf(row: Named): string {
  return `${row.name} (${row.id})`;
}

/** The forms that the last word of a name may have in the singular, and the name as it is. */
function singulars(name: string): readonly string[] {
  const rules: readonly (readonly [RegExp, string])[] = [
    [/ies$/i, "y"],
    [/ves$/i, "f"],
    [/ves$/i, "fe"],
    [/(s|x|z|ch|sh)es$/i, "$1"],
    [/([^s])s$/i, "$1"],
  ];
  return [
    name,
    ...rules.filter(([ending]) => ending.test(name)).map(([ending, end]) => name.replace(ending, end)),
  ];
}

/** Up to five rows whose names come nearest to the phrase, best first; never empty while there are rows. */
export async function findNearest<T extends Named>(
  rows: readonly T[],
  phrase: string,
): Promise<readonly T[]> {
  const { distance } = await import("fastest-levenshtein");
  const wanted = phrase.slice(0, 200);
  const scored = rows
    .map((row) => ({ row, score: Math.max(...keysOf(row).map((key) => likeness(distance, wanted, key))) }))
    .toSorted((a, b) => b.score - a.score || (a.row.name < b.row.name ? -1 : 1));
  const best = scored[0]?.score ?? 0;
  return scored
    .filter((each) => each.score >= best - 0.25)
    .slice(0, mostChoices)
    .map((each) => each.row);
}

type Distance = (a: string, b: string) => number;

/** From 0 to 1: the better of shared words and shared letters. */
function likeness(distance: Distance, a: string, b: string): number {
  const letters = similarity(distance, plainLetters(a), plainLetters(b));
  const [ours, theirs] = [tellingWords(distance, a), tellingWords(distance, b)];
  const shared = ours.filter((word) => theirs.some((other) => similarity(distance, word, other) > 0.7));
  const words = shared.length / Math.max(1, Math.min(ours.length, theirs.length));
  return Math.max(letters, 0.9 * words + 0.1 * letters);
}

function similarity(distance: Distance, a: string, b: string): number {
  return 1 - distance(a, b) / Math.max(a.length, b.length, 1);
}

/** Words that many names share tell nothing. */
const commonWords = ["customer", "client", "company", "the", "and", "of", "ltd", "inc", "gmbh", "co"];

function tellingWords(distance: Distance, text: string): readonly string[] {
  const words = text
    .split(/[^\p{L}\p{N}]+/u)
    .map(plainLetters)
    .filter((word) => word !== "");
  const telling = words.filter((word) =>
    commonWords.every((common) => similarity(distance, word, common) < 0.8),
  );
  return telling.length > 0 ? telling : words;
}

/** The names as they are offered; ids tell rows of the same name apart. */
export function labelsOf(rows: readonly Named[]): readonly string[] {
  return rows.map((row) => {
    const isOnly = rows.every(
      (other) => other === row || plainLetters(other.name) !== plainLetters(row.name),
    );
    return isOnly ? row.name : labelOf(row);
  });
}
