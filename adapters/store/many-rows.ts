import { CompiledQuery, type Kysely } from "kysely";
import type { BatchStatement, Database } from "./database.ts";
import { type ColumnType, postgresArray } from "./postgres-array.ts";

/**
 * Statements about many rows, written as text: a query builder's work on each value would cost more than the statement.
 * All names come from code; values travel as parameters.
 */

type Engine = Database<unknown>["engine"];
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
      parameters: Object.entries(columns).map(([name, type]) =>
        postgresArray(
          type,
          rows.map((row) => row[name]),
        ),
      ),
    };
  }
  const line = `(${names.map(() => "?").join(", ")})`;
  return {
    text: text(`values ${rows.map(() => line).join(", ")}`),
    parameters: rows.flatMap((row) => names.map((name) => row[name])),
  };
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
