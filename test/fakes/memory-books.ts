import { bookKinds } from "../../adapters/store/books-kinds.ts";
import { checkedRow, refuseOtherId } from "../../adapters/store/books-schema.ts";
import type { BookKind, BookRow } from "../../src/book-rows.ts";
import { AppError } from "../../src/errors.ts";
import type { Books } from "../../src/ports.ts";

/** Rows to start with, by kind. */
export type RowsByKind = { readonly [K in BookKind]?: readonly BookRow<K>[] };

/** The books in memory, over the same schemas as the real ones; no transactions. */
export class MemoryBooks implements Books {
  private readonly tables = new Map<BookKind, Map<string, BookRow<BookKind>>>(
    bookKinds.map((kind) => [kind, new Map<string, BookRow<BookKind>>()]),
  );

  constructor(rowsByKind: RowsByKind = {}) {
    for (const kind of bookKinds) {
      for (const row of rowsByKind[kind] ?? []) {
        this.add(kind, row);
      }
    }
  }

  async get<K extends BookKind>(kind: K, id: string): Promise<BookRow<K> | undefined> {
    return this.table(kind).get(id);
  }

  async find<K extends BookKind>(kind: K, where: Partial<BookRow<K>> = {}): Promise<readonly BookRow<K>[]> {
    return [...this.table(kind).values()]
      .filter((row) => matches(row, where))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  async insert<K extends BookKind>(kind: K, row: BookRow<K>): Promise<void> {
    this.add(kind, row);
  }

  async update<K extends BookKind>(
    kind: K,
    id: string,
    change: Partial<BookRow<K>>,
    expected: Partial<BookRow<K>> = {},
  ): Promise<boolean> {
    refuseOtherId(kind, id, change);
    const row = this.table(kind).get(id);
    if (row === undefined || !matches(row, expected)) {
      return false;
    }
    this.table(kind).set(id, checkedRow(kind, { ...row, ...change }));
    return true;
  }

  private add<K extends BookKind>(kind: K, row: BookRow<K>): void {
    if (this.table(kind).has(row.id)) {
      throw new AppError("exists", `${kind} "${row.id}" exists already`);
    }
    this.table(kind).set(row.id, checkedRow(kind, row));
  }

  private table<K extends BookKind>(kind: K): Map<string, BookRow<K>> {
    return this.tables.get(kind) as unknown as Map<string, BookRow<K>>;
  }
}

function matches(row: object, where: object): boolean {
  const fields = row as Readonly<Record<string, unknown>>;
  return Object.entries(where).every(([field, value]) => fields[field] === value);
}
