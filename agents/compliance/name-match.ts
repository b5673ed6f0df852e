/**
 * Recognises a name in a list although it is written differently: case, accents, punctuation, legal form, order of
 * words, look-alike letters, small misspellings, further words around it.
 */

// Legal forms say nothing about who it is. Written as they are after punctuation was removed.
const legalForms = new Set(
  (
    "ab ag as asa aps bv bvba co company corp corporation cv eurl gmbh inc incorporated kft kg kk lda limited llc " +
    "llp ltd lp ltda mbh nv oao ohg ooo oy oyj plc pllc pte pty pvt sa sae sarl sas se sl sro spa spol srl spzoo ug zao"
  ).split(" "),
);
// Letters of other scripts, and digits inside words, that look like Latin ones.
const lookAlikes: Readonly<Record<string, string>> = {
  а: "a",
  в: "b",
  е: "e",
  і: "i",
  к: "k",
  м: "m",
  н: "h",
  о: "o",
  р: "p",
  с: "c",
  т: "t",
  у: "y",
  х: "x",
  ѕ: "s",
  ј: "j",
  α: "a",
  β: "b",
  ε: "e",
  η: "n",
  ι: "i",
  κ: "k",
  μ: "m",
  ν: "v",
  ο: "o",
  ρ: "p",
  τ: "t",
  υ: "u",
  χ: "x",
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ł: "l",
  ı: "i",
  þ: "th",
};
const lookAlikeDigits: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "l",
  "3": "e",
  "4": "a",
  "5": "s",
  "8": "b",
};

/** The words of a name that identify it. A name made of legal forms only keeps them. */
export function nameWords(name: string): readonly string[] {
  const words = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\P{ASCII}/gu, (letter) => lookAlikes[letter] ?? letter)
    .replaceAll(/\p{M}/gu, "")
    // "G.m.b.H." and "O'Neil" are one word each; everything else that is no letter or digit parts words.
    .replaceAll(/(?<=\p{L})[.'’`](?=\p{L})/gu, "")
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "")
    .map((word) =>
      /\p{L}/u.test(word) ? word.replaceAll(/\d/g, (digit) => lookAlikeDigits[digit] ?? digit) : word,
    );
  const telling = words.filter((word) => !legalForms.has(word));
  return telling.length === 0 ? words : telling;
}

/** True when both are surely the same name: the same words, in any order or joined. */
export function sameName(a: string, b: string): boolean {
  const [left, right] = [nameWords(a), nameWords(b)];
  return left.join("") === right.join("") || sorted(left) === sorted(right);
}

/**
 * True when `name` may be the listed name: the same, misspelt by one letter in seven, or the listed one (of two or
 * more words, or one long one) with further words around it. `distance` counts single-letter edits.
 */
export function mayBeName(name: string, listed: string, distance: (a: string, b: string) => number): boolean {
  const [left, right] = [nameWords(name), nameWords(listed)];
  if (left.length === 0 || right.length === 0) {
    return false;
  }
  if (sameName(name, listed)) {
    return true;
  }
  const joined = right.join("");
  if (misspelt(left.join(""), joined, distance) || misspelt(sorted(left), sorted(right), distance)) {
    return true;
  }
  const telling = right.length >= 2 || joined.length >= 7;
  return (
    telling && right.every((word) => left.some((each) => each === word || misspelt(each, word, distance)))
  );
}

function misspelt(a: string, b: string, distance: (a: string, b: string) => number): boolean {
  const allowed = Math.min(3, Math.floor(Math.min(a.length, b.length) / 7));
  return allowed > 0 && Math.abs(a.length - b.length) <= allowed && distance(a, b) <= allowed;
}

function sorted(words: readonly string[]): string {
  return words.toSorted().join(" ");
}
