import { CsvError, parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import type { BookKind, BookRow } from "../../src/book-rows.ts";
import { AppError } from "../../src/errors.ts";
import type { Books } from "../../src/ports.ts";
import { accountCheck, referenceCheck } from "./books-references.ts";
import { kindColumns, rowProblems, type RowProblem } from "./books-schema.ts";

type TextRow = Readonly<Record<string, string>>;
interface Line {
  /** Of the file, from 1. */
  readonly number: number;
  readonly cells: readonly string[];
}
interface LineProblem extends RowProblem {
  readonly line: number;
}
export interface ImportResult {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
}

/** What agents write as evidence of their own work; a file cannot claim it. */
export const keptByAgents: readonly BookKind[] = ["decisions", "standings", "checkpoints"];

const problemsShown = 20;
const longestFile = 20_000_000;
const writesAtOnce = 100;

/** All rows of a kind, or the one with this id, as CSV (RFC 4180, line feeds) with a header; values as they are. */
export async function exportKind(books: Books, kind: BookKind, id?: string): Promise<string> {
  const rows = id === undefined ? await books.find(kind) : [await books.get(kind, id)];
  if (rows.some((row) => row === undefined)) {
    throw new AppError("not-found", `${kind} has no "${id}"`);
  }
  return stringify(
    rows.map((row) => ({ ...row })),
    { header: true, columns: kindColumns(kind).map(({ name }) => name) },
  );
}

/**
 * Takes the rows of a CSV file into one kind, all or nothing: known ids are replaced, new ones inserted, rows that the
 * file does not name stay. The header names every column, in any order. Fails with code "bad-csv" whose message has
 * one line per problem, 20 at most: line, field, value, what was expected. Rows equal to stored ones are not checked
 * against other kinds again. With `dryRun` nothing is written. Fails with code "kept-by-agents" for their own kinds.
 */
export async function importKind(
  unit: (work: (books: Books) => Promise<ImportResult>) => Promise<ImportResult>,
  kind: BookKind,
  csvText: string,
  o: { readonly dryRun: boolean },
): Promise<ImportResult> {
  if (keptByAgents.includes(kind)) {
    throw new AppError(
      "kept-by-agents",
      `${kind} cannot be imported: agents keep them as evidence of what they did`,
    );
  }
  const { rows, problems } = readRows(kind, csvText);
  return unit(async (books) => {
    const stored = new Map<string, TextRow>(
      (await books.find(kind)).map((row) => [row.id, row as unknown as TextRow]),
    );
    const changed = rows.filter(({ row }) => !sameRow(row, stored.get(row["id"] ?? "")));
    const check = await referenceCheck(books, kind);
    const after = new Map([...stored, ...changed.map(({ row }) => [row["id"] ?? "", row] as const)]);
    const checkAccounts = accountCheck(kind, after.values());
    const wrong = changed.flatMap(({ line, row }) =>
      [...check(row), ...checkAccounts(row)].map((each) => ({ line, ...each })),
    );
    refuse(kind, [...problems, ...wrong]);
    const updates = changed.filter(({ row }) => stored.has(row["id"] ?? ""));
    if (!o.dryRun) {
      for (let start = 0; start < changed.length; start += writesAtOnce) {
        const batch = changed.slice(start, start + writesAtOnce);
        await Promise.all(batch.map(({ row }) => write(books, kind, row, stored.has(row["id"] ?? ""))));
      }
    }
    return {
      inserted: changed.length - updates.length,
      updated: updates.length,
      unchanged: rows.length - changed.length,
    };
  });
}

async function write(books: Books, kind: BookKind, row: TextRow, known: boolean): Promise<void> {
  // The row has passed the kind's schema in `readRows`.
  const typed = row as unknown as BookRow<BookKind>;
  if (!known) {
    await books.insert(kind, typed);
  } else if (!(await books.update(kind, typed.id, typed))) {
    throw new AppError("data-busy", `${kind} "${typed.id}" was removed meanwhile`, { retryable: true });
  }
}

interface ReadRows {
  readonly rows: readonly { readonly line: number; readonly row: TextRow }[];
  readonly problems: readonly LineProblem[];
}

/** The file's rows that are right in themselves, and what is wrong with the others. */
function readRows(kind: BookKind, csvText: string): ReadRows {
  const [header, ...lines] = readLines(kind, csvText);
  const names = header?.cells ?? [];
  const wanted = kindColumns(kind).map(({ name }) => name);
  const unknown = names.filter((name, index) => !wanted.includes(name) || names.indexOf(name) !== index);
  const missing = wanted.filter((name) => !names.includes(name));
  refuse(kind, [
    ...unknown.map((name) => headerProblem(name, `each of the columns ${wanted.join(",")} once`)),
    ...missing.map((name) => headerProblem("", `the column "${name}"`)),
  ]);
  const rows: { line: number; row: TextRow }[] = [];
  const problems: LineProblem[] = [];
  const seen = new Map<string, number>();
  for (const { number: line, cells } of lines) {
    if (cells.length !== names.length) {
      problems.push({
        line,
        field: "(line)",
        value: `${cells.length} fields`,
        expected: `${names.length} fields`,
      });
      continue;
    }
    const row: TextRow = Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ""]));
    const id = row["id"] ?? "";
    const wrong = rowProblems(kind, row);
    const first = seen.get(id);
    if (wrong.length > 0) {
      problems.push(...wrong.map((each) => ({ line, ...each })));
    } else if (first !== undefined) {
      problems.push({ line, field: "id", value: id, expected: `each id once; it is on line ${first} too` });
    } else {
      rows.push({ line, row });
    }
    seen.set(id, first ?? line);
  }
  return { rows, problems };
}

function readLines(kind: BookKind, csvText: string): Line[] {
  if (csvText.length > longestFile) {
    throw new AppError(
      "bad-csv",
      `the file has ${csvText.length} characters, at most ${longestFile} can be imported`,
    );
  }
  try {
    const options = { bom: true, info: true, relaxColumnCount: true, skipEmptyLines: true };
    // With `info` each record comes with where it stood, which the package's types leave out.
    const records = parse(csvText, options) as unknown as { record: string[]; info: { lines: number } }[];
    return records.map(({ record, info }) => {
      // `info.lines` is the record's last line; cells may have line feeds of their own.
      const within = record.reduce((sum, cell) => sum + cell.split("\n").length - 1, 0);
      return { number: info.lines - within, cells: record };
    });
  } catch (error) {
    if (error instanceof CsvError) {
      const line = typeof error["lines"] === "number" ? error["lines"] : 1;
      return refuse(kind, [
        { line, field: "(line)", value: error.code, expected: 'fields separated by commas, quoted with "' },
      ]);
    }
    throw error;
  }
}
function headerProblem(value: string, expected: string): LineProblem {
  return { line: 1, field: "(header)", value, expected };
}

function refuse(kind: BookKind, problems: readonly LineProblem[]): [] {
  if (problems.length === 0) {
    return [];
  }
  const sorted = problems.toSorted((a, b) => a.line - b.line);
  const shown = sorted.slice(0, problemsShown).map(({ line, field, value, expected }) => {
    return `line ${line}: ${field} is "${printable(value.slice(0, 200))}", expected ${printable(expected)}`;
  });
  const more = sorted.length > problemsShown ? [`and ${sorted.length - problemsShown} more problems`] : [];
  throw new AppError("bad-csv", [`nothing was imported into ${kind}:`, ...shown, ...more].join("\n"));
}

/** Untrusted text for one line of a terminal, without control and invisible characters. */
function printable(value: string): string {
  return value.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

function sameRow(row: TextRow, stored: TextRow | undefined): boolean {
  return stored !== undefined && Object.entries(row).every(([field, value]) => stored[field] === value);
}
