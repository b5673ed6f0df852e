import { parse } from "csv-parse/sync";
import { AppError } from "../../src/errors.ts";

/** Business letters as plain text: "Label: value" lines, a table, quoted text left out, and a CSV attachment. */

export interface Attachment {
  readonly name: string;
  readonly type: string;
  readonly base64: string;
}
export interface Letter {
  /** Values by lower-case label, in the order written; equal repetitions count once. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  /** Table rows: lines that begin with a position number and have columns two spaces or a tab apart. */
  readonly rows: readonly (readonly string[])[];
}

const maxLines = 5000;

/** Reads a letter; lines quoted with ">" are what somebody else wrote and are left out. */
export function readLetter(text: string): Letter {
  const fields = new Map<string, string[]>();
  const rows: string[][] = [];
  for (const line of text.split(/\r\n|\n|\r/, maxLines)) {
    const content = line.trim();
    if (content.startsWith(">")) {
      continue;
    }
    if (/^\d{1,4}(\t| {2,})\S/.test(content)) {
      rows.push(content.split(/\t| {2,}/).map((cell) => cell.trim()));
      continue;
    }
    const colon = content.indexOf(":");
    const label = content.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    const value = content.slice(colon + 1).trim();
    if (value !== "" && /^[a-z][a-z0-9 .%()/-]{0,40}$/.test(label)) {
      const values = fields.get(label) ?? [];
      fields.set(label, values.includes(value) ? values : [...values, value]);
    }
  }
  return { fields, rows };
}

/** The one value under any of these labels; undefined when absent, an error when the letter contradicts itself. */
export function field(letter: Letter, labels: RegExp): string | undefined {
  const found = new Set(
    [...letter.fields].filter(([label]) => labels.test(label)).flatMap(([, values]) => values),
  );
  if (found.size > 1) {
    throw new AppError("bad-letter", `the letter has ${found.size} different values for one field`);
  }
  return [...found][0];
}

export function requiredField(letter: Letter, labels: RegExp, name: string): string {
  const value = field(letter, labels);
  if (value === undefined) {
    throw new AppError("bad-letter", `the letter does not say the ${name}`);
  }
  return value;
}

/** "1,200.50" or "1200.50" as a decimal string; groups must be of three digits. */
export function writtenNumber(text: string): string {
  if (!/^(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$/.test(text)) {
    throw new AppError("bad-letter", "a number is not written like 1,200.50");
  }
  return text.replaceAll(",", "");
}

/** "1,200.50 USD" or "USD 1,200.50". */
export function writtenMoney(text: string): { readonly amount: string; readonly currency: string } {
  const match = /^(?:([A-Z]{3})\s+)?([\d.,]+)(?:\s+([A-Z]{3}))?$/.exec(text);
  const currency = match?.[1] ?? match?.[3];
  if (match === null || currency === undefined || (match[1] !== undefined && match[3] !== undefined)) {
    throw new AppError("bad-letter", "an amount is not written like 1,200.50 USD");
  }
  return { amount: writtenNumber(match[2] ?? ""), currency };
}

/** The rows of the letter's one CSV attachment, by lower-case column name. */
export function csvRows(attachments: readonly Attachment[]): readonly Readonly<Record<string, string>>[] {
  const tables = attachments.filter((each) => each.type === "text/csv" || /\.csv$/i.test(each.name));
  const [table] = tables;
  if (table === undefined || tables.length > 1) {
    throw new AppError("bad-letter", `${tables.length} CSV attachments where one is expected`);
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(table.base64, "base64"));
    return parse(text, {
      bom: true,
      // With ";" between the cells, a comma belongs to a number.
      delimiter: text.split("\n", 1)[0]?.includes(";") === true ? ";" : ",",
      columns: (header: string[]) => header.map((name) => name.trim().toLowerCase()),
      skip_empty_lines: true,
      trim: true,
      max_record_size: 10_000,
    });
  } catch (error) {
    throw new AppError("bad-letter", "the CSV attachment cannot be read", { cause: error });
  }
}
