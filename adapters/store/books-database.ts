import type { Kysely } from "kysely";
import type { BookKind, BookRow } from "../../src/book-rows.ts";
import { AppError } from "../../src/errors.ts";
import type { Books } from "../../src/ports.ts";
import { bookColumns } from "./books-kinds.ts";
import { checkedRow, refuseOtherId } from "./books-schema.ts";
import type { BookTables } from "./books-tables.ts";
import type { Database } from "./database.ts";

/** The company's books in a database. */
export interface BooksAccess {
  /** Committed rows only; writing through it fails with code "read-only". */
  readonly reader: Books;
  /** One transaction, durable when it resolves; `fn` may run again after a deadlock. */
  unit<T>(fn: (books: Books) => Promise<T>): Promise<T>;
  /** The books inside somebody else's transaction on the same database. */
  within<S>(tx: Kysely<S>): Books;
}

/** Opens the books in a database that has had `booksMigrations`. */
export function openBooks<S extends BookTables>(database: Database<S>): BooksAccess {
  return {
    reader: new DatabaseBooks((query) => database.read((db) => query(asText(db)))),
    unit: (fn) => database.unit((tx) => fn(within(tx))),
    within,
  };
}

/** What stands in for the books where there are none: every use fails with code "no-books". */
export const noBooks: Pick<BooksAccess, "reader" | "within"> = {
  reader: refusingBooks(),
  within: refusingBooks,
};

function refusingBooks(): Books {
  const refuse = async (): Promise<never> => {
    throw new AppError("no-books", "this process has no books of the company");
  };
  return { get: refuse, find: refuse, insert: refuse, update: refuse };
}

/** All kinds alike: tables whose columns are text. The types of rows are those of the kinds' columns. */
type TextTables = Readonly<Record<string, Readonly<Record<string, string>>>>;
type TextRow = Readonly<Record<string, string>>;
type Run = <T>(query: (db: Kysely<TextTables>) => Promise<T>) => Promise<T>;

function asText<S>(db: Kysely<S>): Kysely<TextTables> {
  return db as unknown as Kysely<TextTables>;
}
function within<S>(tx: Kysely<S>): Books {
  return new DatabaseBooks((query) => query(asText(tx)));
}

/** Rows were checked when they were written, so they are read as they are. */
class DatabaseBooks implements Books {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async get<K extends BookKind>(kind: K, id: string): Promise<BookRow<K> | undefined> {
    const rows = await this.#run((db) =>
      db.selectFrom<string>(kind).selectAll().where("id", "=", id).execute(),
    );
    return rows[0] === undefined ? undefined : asRow(rows[0]);
  }

  async find<K extends BookKind>(kind: K, where: Partial<BookRow<K>> = {}): Promise<readonly BookRow<K>[]> {
    const wanted = fieldsOf(kind, where);
    const rows = await this.#run((db) =>
      db
        .selectFrom<string>(kind)
        .selectAll()
        .where((eb) => eb.and(wanted.map(([field, value]) => eb(field, "=", value))))
        .execute(),
    );
    // Sorted here: the engines' own orders of text differ.
    return rows.map(asRow<K>).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  async insert<K extends BookKind>(kind: K, row: BookRow<K>): Promise<void> {
    const values = Object.fromEntries(fieldsOf(kind, checkedRow(kind, row)));
    const inserted = await this.#run((db) =>
      db
        .insertInto<string>(kind)
        .values(values)
        .onConflict((conflict) => conflict.column("id").doNothing())
        .returning("id")
        .execute(),
    );
    if (inserted.length === 0) {
      throw new AppError("exists", `${kind} "${row.id}" exists already`);
    }
  }

  async update<K extends BookKind>(
    kind: K,
    id: string,
    change: Partial<BookRow<K>>,
    expected: Partial<BookRow<K>> = {},
  ): Promise<boolean> {
    refuseOtherId(kind, id, change);
    // The id is set to itself, so that an empty change still is a compare-and-set.
    const values: TextRow = { ...Object.fromEntries(fieldsOf(kind, change)), id };
    const holds = fieldsOf(kind, expected);
    const rows = await this.#run((db) =>
      db
        .updateTable<string>(kind)
        .set(values)
        .where("id", "=", id)
        .where((eb) => eb.and(holds.map(([field, value]) => eb(field, "=", value))))
        .returningAll()
        .execute(),
    );
    if (rows[0] === undefined) {
      return false;
    }
    // What is thrown here undoes the unit.
    checkedRow(kind, asRow<K>(rows[0]));
    return true;
  }
}

/** Field names are identifiers in SQL: only those of the kind are let through, and only with text. */
function fieldsOf<K extends BookKind>(kind: K, fields: Partial<BookRow<K>>): (readonly [string, string])[] {
  return Object.entries(fields).map(([field, value]) => {
    if (!Object.hasOwn(bookColumns[kind], field) || typeof value !== "string") {
      throw new AppError(
        "bad-row",
        `${kind} has no field "${field.slice(0, 40)}" with a value of type ${typeof value}; values are texts`,
      );
    }
    return [field, value];
  });
}

function asRow<K extends BookKind>(row: TextRow): BookRow<K> {
  return row as unknown as BookRow<K>;
}
