import type { Card } from "../card.ts";
import { table } from "./output.ts";

/** A card as lines for a terminal. */
export function cardText(card: Card): string {
  const facts = card.facts.map(({ label, value }) => `  ${`${label}:`.padEnd(20)} ${value}`);
  const tables = card.tables.flatMap(({ title, columns, rows }) => [
    "",
    `  ${title}`,
    ...table(columns, rows)
      .split("\n")
      .map((line) => `    ${line}`),
  ]);
  const options = card.options.map((option) => `  - ${option}`);
  return ["", card.title, card.text, ...facts, ...tables, ...options].join("\n");
}
