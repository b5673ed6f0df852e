import type { Kysely } from "kysely";
import type { BookKind, BookRow } from "../../src/book-rows.ts";
import type { RunId } from "../../src/domain.ts";
import { AppError } from "../../src/errors.ts";
import type { Books, Clock } from "../../src/ports.ts";
import type { AgentStoreTables } from "./agent-store-tables.ts";
import { checkedRow, refuseOtherId } from "./books-schema.ts";
import type { Database } from "./database.ts";

/**
 * The books as a run in shadow mode sees them: the company's, and over them the rows that the run would have changed,
 * which stand in a table of their own. All of a run's agents see the same.
 */

type Db = Kysely<AgentStoreTables>;
type Ask = <T>(query: (db: Db) => Promise<T>) => Promise<T>;

/** The books inside a unit: the company's, or for a run in shadow mode its own. */
export function shadowed(books: Books, tx: Db, run: RunId | undefined, clock: Clock): Books {
  return run === undefined ? books : new ShadowBooks(books, run, (query) => query(tx), clock);
}

/** Committed rows only; writing through it fails with code "read-only". */
export function readShadowBooks(books: Books, database: Database<AgentStoreTables>, run: RunId): Books {
  return new ShadowBooks(books, run, (query) => database.read((db) => query(db)), undefined);
}

class ShadowBooks implements Books {
  readonly #books: Books;
  readonly #run: RunId;
  readonly #ask: Ask;
  readonly #clock: Clock | undefined;

  constructor(books: Books, run: RunId, ask: Ask, clock: Clock | undefined) {
    this.#books = books;
    this.#run = run;
    this.#ask = ask;
    this.#clock = clock;
  }

  async get<K extends BookKind>(kind: K, id: string): Promise<BookRow<K> | undefined> {
    const own = (await this.#own(kind)).get(id);
    return own ?? this.#books.get(kind, id);
  }

  async find<K extends BookKind>(kind: K, where: Partial<BookRow<K>> = {}): Promise<readonly BookRow<K>[]> {
    const own = await this.#own(kind);
    const company = await this.#books.find(kind, where);
    const rows = [...company.filter(({ id }) => !own.has(id)), ...[...own.values()].filter(agrees(where))];
    return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  async insert<K extends BookKind>(kind: K, row: BookRow<K>): Promise<void> {
    if ((await this.get(kind, row.id)) !== undefined) {
      throw new AppError("exists", `${kind} "${row.id}" exists already`);
    }
    await this.#write(kind, checkedRow(kind, row));
  }

  async update<K extends BookKind>(
    kind: K,
    id: string,
    change: Partial<BookRow<K>>,
    expected: Partial<BookRow<K>> = {},
  ): Promise<boolean> {
    refuseOtherId(kind, id, change);
    const row = await this.get(kind, id);
    if (row === undefined || !agrees(expected)(row)) {
      return false;
    }
    await this.#write(kind, checkedRow(kind, { ...row, ...change }));
    return true;
  }

  async #own<K extends BookKind>(kind: K): Promise<ReadonlyMap<string, BookRow<K>>> {
    const rows = await this.#ask((db) =>
      db
        .selectFrom("shadow_rows")
        .select(["id", "content"])
        .where("run", "=", this.#run)
        .where("kind", "=", kind)
        .execute(),
    );
    // Rows were checked when they were written, as those of the books.
    return new Map(rows.map(({ id, content }) => [id, JSON.parse(content) as BookRow<K>]));
  }

  async #write<K extends BookKind>(kind: K, row: BookRow<K>): Promise<void> {
    if (this.#clock === undefined) {
      throw new AppError("read-only", "these books are for reading");
    }
    const values = {
      run: this.#run,
      kind,
      id: row.id,
      content: JSON.stringify(row),
      at: this.#clock.now(),
    };
    await this.#ask((db) =>
      db
        .insertInto("shadow_rows")
        .values(values)
        .onConflict((conflict) =>
          conflict.columns(["run", "kind", "id"]).doUpdateSet({ content: values.content, at: values.at }),
        )
        .execute(),
    );
  }
}

function agrees<R extends object>(wanted: Partial<R>): (row: R) => boolean {
  const fields = Object.entries(wanted) as [keyof R, R[keyof R]][];
  return (row) => fields.every(([field, value]) => row[field] === value);
}
