import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { bookedOrderSchema, type BookedOrder } from "./trade.ts";
import { openSandboxDatabase } from "../sandbox-database.ts";

const orderRow = z.object({ number: z.number(), hash: z.string(), content: z.string() });
const numberRow = z.object({ number: z.number() });
const textRow = z.object({ value: z.string() });

const schema = `
  create table if not exists orders (
    number integer primary key autoincrement, reference text not null unique,
    hash text not null, content text not null);
  create table if not exists sold (part text primary key, quantity text not null);
  create table if not exists quotes (number integer primary key autoincrement, request text not null);
  create table if not exists quoted (
    part text not null, unit_price text not null, valid_until text not null, primary key (part, unit_price));
  create table if not exists letters (id integer primary key autoincrement, value text not null);
  create table if not exists settings (name text primary key, value text not null);
`;

/** A wholesaler's own database: orders, what they took from stock, prices quoted, and letters still to be sent. */
export class WholesalerStore {
  readonly #db: DatabaseSync;

  constructor(file: string) {
    this.#db = openSandboxDatabase(file, schema);
  }

  close(): void {
    this.#db.close();
  }

  /** All of it or nothing; may not be nested. `durable`: survives power loss too, at the price of a disk flush. */
  transaction<T>(work: () => T, o: { readonly durable: boolean } = { durable: false }): T {
    this.#db.exec(`pragma synchronous = ${o.durable ? "full" : "normal"}; begin immediate`);
    try {
      const result = work();
      this.#db.exec("commit");
      return result;
    } catch (error) {
      this.#db.exec("rollback");
      throw error;
    }
  }

  findOrder(reference: string): { readonly hash: string; readonly order: BookedOrder } | undefined {
    const row = this.#db
      .prepare("select number, hash, content from orders where reference = ?")
      .get(reference);
    if (row === undefined) {
      return undefined;
    }
    const { hash, content } = orderRow.parse(row);
    return { hash, order: bookedOrderSchema.parse(JSON.parse(content)) };
  }

  /** Oldest first. */
  orders(): readonly BookedOrder[] {
    return this.#db
      .prepare("select number, hash, content from orders order by number")
      .all()
      .map((row) => bookedOrderSchema.parse(JSON.parse(orderRow.parse(row).content)));
  }

  nextOrderNumber(): number {
    return numberRow.parse(
      this.#db.prepare("select coalesce(max(number), 0) + 1 as number from orders").get(),
    ).number;
  }

  insertOrder(number: number, hash: string, order: BookedOrder): void {
    this.#db
      .prepare("insert into orders (number, reference, hash, content) values (?, ?, ?, ?)")
      .run(number, order.reference, hash, JSON.stringify(order));
  }

  sold(part: string): string {
    const row = this.#db.prepare("select quantity as value from sold where part = ?").get(part);
    return row === undefined ? "0" : textRow.parse(row).value;
  }

  setSold(part: string, quantity: string): void {
    this.#db
      .prepare("insert into sold values (?, ?) on conflict (part) do update set quantity = excluded.quantity")
      .run(part, quantity);
  }

  clearSold(): void {
    this.#db.exec("delete from sold");
  }

  /** The number of a new quotation. */
  insertQuote(request: string): number {
    return Number(this.#db.prepare("insert into quotes (request) values (?)").run(request).lastInsertRowid);
  }

  rememberPrice(part: string, unitPrice: string, validUntil: string): void {
    this.#db
      .prepare(
        `insert into quoted values (?, ?, ?)
         on conflict (part, unit_price) do update set valid_until = max(valid_until, excluded.valid_until)`,
      )
      .run(part, unitPrice, validUntil);
  }

  /** Prices quoted for a part that still hold on `today`. */
  quotedPrices(part: string, today: string): readonly string[] {
    return this.#db
      .prepare("select unit_price as value from quoted where part = ? and valid_until >= ?")
      .all(part, today)
      .map((row) => textRow.parse(row).value);
  }

  setting(name: string): string | undefined {
    const row = this.#db.prepare("select value from settings where name = ?").get(name);
    return row === undefined ? undefined : textRow.parse(row).value;
  }

  setSetting(name: string, value: string): void {
    this.#db
      .prepare("insert into settings values (?, ?) on conflict (name) do update set value = excluded.value")
      .run(name, value);
  }

  insertLetter(content: string): void {
    this.#db.prepare("insert into letters (value) values (?)").run(content);
  }

  letters(): readonly { readonly id: number; readonly content: string }[] {
    return this.#db
      .prepare("select id as number, value from letters order by id")
      .all()
      .map((row) => ({ id: numberRow.parse(row).number, content: textRow.parse(row).value }));
  }

  deleteLetter(id: number): void {
    this.#db.prepare("delete from letters where id = ?").run(id);
  }
}
