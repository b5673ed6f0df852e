import type { Kysely } from "kysely";
import { sql } from "kysely";
import type { Database } from "./database.ts";
import { AppError } from "../../src/errors.ts";

/** One step of a database's schema, for both engines. Never changed once released. */
export interface Migration {
  readonly name: string;
  /** Plain portable DDL, run one after the other in one transaction. */
  readonly statements: readonly string[];
}
interface MigrationTables {
  readonly migrations: { readonly name: string };
}
/** Applies what is missing, each migration in a transaction of its own; refuses a database from a later version. */
export async function migrate<S>(
  database: Database<S>,
  migrations: readonly Migration[],
  place: string,
): Promise<void> {
  // The one table that every database has besides its own.
  const transact = <T>(fn: (tx: Kysely<MigrationTables>) => Promise<T>): Promise<T> =>
    database.unit((tx) => fn(tx as unknown as Kysely<MigrationTables>));
  const known = new Set(migrations.map((each) => each.name));
  const applied = await transact(async (tx) => {
    await sql`create table if not exists migrations (name text primary key)`.execute(tx);
    return tx.selectFrom("migrations").select("name").execute();
  });
  const unknown = applied.find((each) => !known.has(each.name));
  if (unknown !== undefined) {
    throw new AppError(
      "data-newer",
      `${place} was written by another version: it has migration "${unknown.name}", which this version does not know`,
    );
  }
  for (const migration of migrations) {
    await transact((tx) => apply(tx, migration));
  }
}

async function apply(tx: Kysely<MigrationTables>, migration: Migration): Promise<void> {
  // Several processes may start at once on PostgreSQL: whoever inserts the name does the work.
  const mine = await tx
    .insertInto("migrations")
    .values({ name: migration.name })
    .onConflict((conflict) => conflict.doNothing())
    .returning("name")
    .execute();
  if (mine.length === 0) {
    return;
  }
  for (const statement of migration.statements) {
    await sql.raw(statement).execute(tx);
  }
}

/** The tables that migrations make, in order; one that is made anew counts once. */
export function tableNames(migrations: readonly Migration[]): readonly string[] {
  const names = migrations.flatMap(({ statements }) =>
    statements.flatMap((statement) => /^create table (\w+)/.exec(statement)?.[1] ?? []),
  );
  return [...new Set(names)];
}
