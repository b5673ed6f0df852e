import type { Card } from "../../../src/card.ts";
import type { Line } from "./elements.ts";
import { line } from "./safe-text.ts";

/** Parts of cards as lines of rich text. */

/** Short values share a line. */
const shortValue = 24;
const mostFacts = 12;
/** How much of a plan's hash a card shows. */
const shortHashLength = 12;

/** Labels bold; every value cut to `longest`. */
export function factLines(facts: Card["facts"], longest: number): Line[] {
  const found: Line[] = [];
  let lastIsShort = false;
  for (const { label, value } of facts.slice(0, mostFacts)) {
    const text = line(value, longest);
    const pieces: Line = [[line(label, 40), true], ` ${text}`];
    const isShort = text.length <= shortValue;
    const last = found.at(-1);
    if (isShort && lastIsShort && last !== undefined) {
      found[found.length - 1] = [...last, "  ·  ", ...pieces];
    } else {
      found.push(pieces);
    }
    lastIsShort = isShort;
  }
  return facts.length > mostFacts ? [...found, [moreText(facts.length - mostFacts, "facts")]] : found;
}

/** At most `most` lines, and how many there are besides; `where` says where those are. */
export function firstLines<T>(
  all: readonly T[],
  most: number,
  draw: (each: T) => Line,
  where: string,
): readonly Line[] {
  const shown = all.slice(0, most).map(draw);
  return all.length > most ? [...shown, [`${moreText(all.length - most, "")}${where}`]] : shown;
}
function moreText(count: number, what: string): string {
  return `… and ${count} more ${what}`.trimEnd();
}

/** A table's row: the first cell bold, the others with their column's name, unless there is but one. */
export function rowLine(columns: readonly string[], row: readonly string[], longest: number): Line {
  const [first = "", ...others] = row;
  const names = others.length > 1;
  const rest = others.flatMap((cell, index) =>
    cell === "" ? [] : [`${names ? `${line(columns[index + 1] ?? "", 40)} ` : ""}${line(cell, longest)}`],
  );
  return [[line(first, longest), true], ...(rest.length === 0 ? [] : [` — ${rest.join(" · ")}`])];
}

export function shortHash(hash: string): string {
  return line(hash, shortHashLength + 1).slice(0, shortHashLength);
}
