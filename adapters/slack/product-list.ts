import { CsvError, parse } from "csv-parse/sync";
import { z } from "zod";
import { AppError } from "../../src/errors.ts";
import { lineSchema, quantitySchema } from "../../src/plan/plan-schema.ts";

/** A list that somebody attached, as requests in words: which product and customer is meant is the router's to say. */

export const mostListBytes = 64_000;
export const mostListLines = 20;
const longestName = 80;
const problemsShown = 20;
const columns = ["item", "quantity", "customer"] as const;
type Column = (typeof columns)[number];

const name = lineSchema(longestName).refine(
  (text) => !text.includes('"'),
  "must not contain quotation marks",
);
const cells: Readonly<Record<Column, z.ZodType<string>>> = {
  item: name,
  quantity: quantitySchema,
  customer: name,
};

/**
 * One request per line of a CSV text in UTF-8 with the columns item and quantity and, if wanted, customer, in any
 * order, separated by commas or semicolons. All or nothing: fails with "bad-list", naming each line that is wrong.
 */
export function requestsInList(bytes: Uint8Array): readonly string[] {
  const [header, ...rows] = rowsOf(textOf(bytes));
  const names = header?.cells.map((cell) => cell.toLowerCase()) ?? [];
  checkHeader(names);
  if (rows.length === 0 || rows.length > mostListLines) {
    throw bad(`the list has ${rows.length} lines below its first; 1 to ${mostListLines} are read`);
  }
  const problems = rows.flatMap(({ line, cells: found }) => problemsOf(names, line, found));
  if (problems.length > 0) {
    const more = problems.length - problemsShown;
    throw bad([...problems.slice(0, problemsShown), ...(more > 0 ? [`and ${more} more`] : [])].join("; "));
  }
  return rows.map(({ cells: found }) => {
    const cell = (column: Column): string => found[names.indexOf(column)] ?? "";
    const customer = cell("customer") === "" ? "" : ` for "${cell("customer")}"`;
    return `Order the parts needed for ${cell("quantity")} "${cell("item")}"${customer}`;
  });
}

interface Row {
  /** In the file, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}
const parsedRows = z.array(z.object({ info: z.object({ lines: z.int() }), record: z.array(z.string()) }));

function textOf(bytes: Uint8Array): string {
  if (bytes.length > mostListBytes) {
    throw bad(`the list has ${bytes.length} bytes; at most ${mostListBytes} are read`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw bad("the list is not text in UTF-8: save it as CSV UTF-8");
  }
}
function rowsOf(text: string): readonly Row[] {
  const [first = ""] = text.split("\n", 1);
  try {
    const found: unknown = parse(text, {
      delimiter: first.includes(";") ? ";" : ",",
      info: true,
      trim: true,
      skip_empty_lines: true,
      max_record_size: mostListBytes,
    });
    return parsedRows.parse(found).map(({ info, record }) => ({ line: info.lines, cells: record }));
  } catch (error) {
    if (error instanceof CsvError) {
      throw bad(`the list is not CSV: line ${String(error["lines"])} cannot be read (${error.code})`);
    }
    throw error;
  }
}
function checkHeader(names: readonly string[]): void {
  const unknown = names.find((each) => !columns.some((column) => column === each));
  const missing = ["item", "quantity"].find((each) => !names.includes(each));
  if (unknown !== undefined || missing !== undefined || new Set(names).size !== names.length) {
    throw bad('the first line of a list names its columns: "item,quantity" or "item,quantity,customer"');
  }
}
function problemsOf(names: readonly string[], line: number, found: readonly string[]): readonly string[] {
  return columns
    .filter((column) => names.includes(column))
    .flatMap((column) => {
      const value = found[names.indexOf(column)] ?? "";
      const problem = cells[column].safeParse(value).error?.issues[0]?.message;
      return problem === undefined
        ? []
        : [`line ${line}: ${column} "${value.slice(0, longestName)}": ${problem}`];
    });
}
function bad(message: string): AppError {
  return new AppError("bad-list", message);
}
