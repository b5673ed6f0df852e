import { CompiledQuery, type Kysely } from "kysely";
import { AppError } from "../../src/errors.ts";
import type { BatchStatement, Database } from "./database.ts";

/**
 * Statements about many rows, written as text: a query builder's work on each value would cost more than the statement.
 * All names come from code; values travel as parameters.
 */

type Engine = Database<unknown>["engine"];
type ColumnType = "text" | "bigint" | "bytea";
type Row = Readonly<Record<string, unknown>>;

/** Every column of a table, so that one added to the table cannot be forgotten where its rows are written. */
export type Columns<Table> = { readonly [Name in keyof Table & string]-?: ColumnType };
type SomeColumns = Readonly<Record<string, ColumnType>>;

export function quoted(columns: SomeColumns): string {
  return Object.keys(columns)
    .map((name) => `"${name}"`)
    .join(", ");
}

/**
 * The statement that `text` makes of the rows, given as what may follow "insert into …" or "with … as". PostgreSQL gets
 * a list for each column: the text is the same for any number of rows, so the server need plan it once only.
 */
export function statementOver(
  engine: Engine,
  columns: SomeColumns,
  rows: readonly Row[],
  text: (rows: string) => string,
): BatchStatement {
  const names = Object.keys(columns);
  if (engine === "postgres") {
    const lists = Object.values(columns).map((type, index) => `$${index + 1}::${type}[]`);
    return {
      text: text(`select * from unnest(${lists.join(", ")})`),
      parameters: names.map((name) => postgresList(rows, name)),
    };
  }
  const line = `(${names.map(() => "?").join(", ")})`;
  return {
    text: text(`values ${rows.map(() => line).join(", ")}`),
    parameters: rows.flatMap((row) => names.map((name) => row[name])),
  };
}

/** A column's values as a PostgreSQL array: the driver would take several times as long. */
function postgresList(rows: readonly Row[], name: string): string {
  return `{${rows.map((row) => listItem(row[name])).join(",")}}`;
}

function listItem(value: unknown): string {
  if (value === null || value === undefined) {
    return "NULL";
  }
  if (typeof value === "number") {
    return String(value);
  }
  if (value instanceof Uint8Array) {
    return `\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
  }
  if (typeof value !== "string") {
    throw new AppError("data-error", `a ${typeof value} cannot be a statement's parameter`);
  }
  return `"${/["\\]/.test(value) ? value.replaceAll(/["\\]/g, String.raw`\$&`) : value}"`;
}

/** Inserts rows; `rest` is what follows the values: "on conflict …", "returning …". */
export function insertion<Table extends object>(
  engine: Engine,
  table: string,
  o: { readonly columns: Columns<Table>; readonly rows: readonly Table[]; readonly rest?: string },
): BatchStatement {
  const { columns, rows, rest = "" } = o;
  return statementOver(
    engine,
    columns,
    rows as readonly Row[],
    (values) => `insert into "${table}" (${quoted(columns)}) ${values} ${rest}`,
  );
}

/** Runs one statement in a unit; resolves with the rows it returns. */
export async function runStatement<S>(
  tx: Kysely<S>,
  { text, parameters }: BatchStatement,
): Promise<readonly Row[]> {
  return (await tx.executeQuery<Row>(CompiledQuery.raw(text, [...parameters]))).rows;
}
