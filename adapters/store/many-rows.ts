import { CompiledQuery, type Kysely } from "kysely";
import type { Database } from "./database.ts";

/**
 * Statements about many rows, written as text: a query builder's work on each value would cost more than the statement.
 * All names come from code; values travel as parameters.
 */

/** A column and, where the engine cannot tell it by itself, its type. */
export type Column = string | readonly [name: string, type: "text" | "bigint"];
type Row = Readonly<Record<string, unknown>>;
type Engine = Database<unknown>["engine"];

const nameOf = (column: Column): string => (typeof column === "string" ? column : column[0]);
export const quoted = (columns: readonly Column[]): string =>
  columns.map((column) => `"${nameOf(column)}"`).join(", ");

/** The sign for a parameter, counted from 0. */
function sign(engine: Engine, index: number): string {
  return engine === "postgres" ? `$${index + 1}` : "?";
}

/** `(values)` of the rows. The types are said in the first row; the others follow it. */
function valuesText(engine: Engine, columns: readonly Column[], rows: number): string {
  const lines: string[] = [];
  for (let row = 0; row < rows; row += 1) {
    const cells = columns.map((column, at) => {
      const cell = sign(engine, row * columns.length + at);
      return row > 0 || typeof column === "string" ? cell : `cast(${cell} as ${column[1]})`;
    });
    lines.push(`(${cells.join(", ")})`);
  }
  return lines.join(", ");
}

/** Runs the statement that `text` makes of a list to choose from, and of the parameter before it; none without a list. */
export async function withList<S>(
  tx: Kysely<S>,
  engine: Engine,
  o: {
    readonly before?: number;
    readonly list: readonly string[];
    readonly text: (list: string, before: string) => string;
  },
): Promise<readonly Row[]> {
  if (o.list.length === 0) {
    return [];
  }
  const values = o.before === undefined ? o.list : [o.before, ...o.list];
  const signs = values.map((_, index) => sign(engine, index));
  const list = signs.slice(values.length - o.list.length).join(", ");
  const text = o.text(`(${list})`, signs[0] ?? "");
  return (await tx.executeQuery<Row>(CompiledQuery.raw(text, [...values]))).rows;
}

/** Runs the statement that `text` makes of the values; none without rows. Resolves with what it returns. */
export async function withRows<S>(
  tx: Kysely<S>,
  engine: Engine,
  o: {
    readonly columns: readonly Column[];
    readonly rows: readonly Row[];
    readonly text: (values: string) => string;
  },
): Promise<readonly Row[]> {
  const { columns, rows } = o;
  if (rows.length === 0) {
    return [];
  }
  const names = columns.map(nameOf);
  const values = rows.flatMap((row) => names.map((name) => row[name]));
  const text = o.text(valuesText(engine, columns, rows.length));
  const { rows: returned } = await tx.executeQuery<Row>(CompiledQuery.raw(text, values));
  return returned;
}

/** Every column of a table, so that one added to the table cannot be forgotten where its rows are written. */
export type Columns<Table> = { readonly [Name in keyof Table & string]-?: true };

/** Inserts rows; `rest` is what follows the values: "on conflict …", "returning …". */
export async function insertRows<S, T extends keyof S & string>(
  tx: Kysely<S>,
  engine: Engine,
  table: T,
  o: {
    readonly columns: Columns<S[T]>;
    readonly rows: readonly S[T][];
    readonly rest?: string;
  },
): Promise<readonly Row[]> {
  const { rest = "" } = o;
  const columns = Object.keys(o.columns);
  return withRows(tx, engine, {
    columns,
    rows: o.rows as readonly Row[],
    text: (values) => `insert into "${table}" (${quoted(columns)}) values ${values} ${rest}`,
  });
}
