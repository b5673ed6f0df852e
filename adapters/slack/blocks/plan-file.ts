import { canonicalJson, sha256Hex } from "../../../src/canonical.ts";
import type { Card } from "../../../src/card.ts";
import type { Json } from "../../../src/domain.ts";
import { shortHash } from "./card-lines.ts";
import { line, paragraph, width } from "./safe-text.ts";

const longestCell = 2000;

/** A text file to be sent. */
export interface TextFile {
  readonly name: string;
  readonly title: string;
  readonly content: string;
}

/**
 * The plan of an approval card as a text file: every line in aligned columns, then, when `document` is the plan that
 * the card's hash names, its very bytes, so that anybody can check the hash.
 */
export function planFile(card: Card, document: Json | null): TextFile {
  const hash = card.plan?.hash ?? "";
  const cell = (text: string) => (text === "" ? "" : line(text, longestCell));
  const facts = card.facts.map(({ label, value }) => [`${cell(label)}:`, cell(value)]);
  const tables = card.tables.flatMap(({ title, columns, rows }) => [
    "",
    cell(title),
    ...aligned(
      columns.map(cell),
      rows.map((row) => row.map(cell)),
    ),
  ]);
  const bytes = document === null ? "" : canonicalJson(document);
  const signed =
    bytes !== "" && sha256Hex(bytes) === hash
      ? ["", "The plan as it is signed: the SHA-256 of the next line is the plan hash.", bytes]
      : [];
  const content = [
    cell(card.title),
    paragraph(card.text, 4000),
    "",
    ...aligned([], facts),
    ...tables,
    ...signed,
  ];
  return {
    name: `plan-${shortHash(hash)}.txt`,
    title: `Plan ${shortHash(hash)}`,
    content: `${content.join("\n")}\n`,
  };
}

/** Columns under each other, those of figures to the right. */
export function aligned(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = head.length === 0 ? rows : [head, ...rows];
  const columns = Array.from({ length: Math.max(0, ...all.map((row) => row.length)) }, (_, at) => {
    const cells = rows.map((row) => row[at] ?? "").filter((cell) => cell !== "");
    const widest = all.reduce((found, row) => Math.max(found, width(row[at] ?? "")), 0);
    return { widest, right: cells.length > 0 && cells.every(isFigure) };
  });
  return all.map((row) =>
    columns
      .map(({ widest, right }, at) => {
        const text = row[at] ?? "";
        const space = " ".repeat(widest - width(text));
        return right ? space + text : text + space;
      })
      .join("  ")
      .trimEnd(),
  );
}
/** "12.50 USD", "40 pcs" */
function isFigure(text: string): boolean {
  return /^-?\d[\d.,]*( \S+)?$/.test(text);
}
