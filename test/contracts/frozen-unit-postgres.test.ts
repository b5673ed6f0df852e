import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { sql } from "kysely";
import { agentStoreMigrations, type AgentStoreTables } from "../../adapters/store/agent-store-tables.ts";
import { lockAgent, newLease } from "../../adapters/store/agent-fences.ts";
import { journalMigration } from "../../adapters/store/journal-store.ts";
import type { Database } from "../../adapters/store/database.ts";
import { openPostgres } from "../../adapters/store/postgres-database.ts";
import { postgresLimits, type PostgresLimits } from "../../adapters/store/postgres-dialect.ts";
import { leaseMs } from "../../src/link/presence-message.ts";
import { postgresMissing, startPostgres } from "../fakes/postgres.ts";

const migrations = [journalMigration, ...agentStoreMigrations];

suite(
  "an instance that stands still in the middle of a unit, on PostgreSQL",
  { skip: postgresMissing() },
  () => {
    after(async () => (await startPostgres()).stop());

    async function open(url: string, limits?: PostgresLimits): Promise<Database<AgentStoreTables>> {
      return openPostgres<AgentStoreTables>({ url, name: "books", migrations, ...(limits && { limits }) });
    }

    test("it loses the unit, and those who take over its work wait for less than a lease", async (t) => {
      const url = await (await startPostgres()).createDatabase();
      const frozen = await open(url, { ...postgresLimits, idleInUnitMs: 300 });
      const other = await open(url);
      t.after(() => Promise.all([frozen.close(), other.close()]));
      await other.unit((tx) => newLease(tx, "supply", "a"));
      const thaw = Promise.withResolvers<void>();
      const held = Promise.withResolvers<void>();
      const unit = frozen.unit(async (tx) => {
        await lockAgent(tx, "supply");
        await tx.insertInto("agent_values").values({ agent: "supply", key: "by", value: "frozen" }).execute();
        held.resolve();
        await thaw.promise;
        await lockAgent(tx, "supply");
      });
      const failed = assert.rejects(unit, { code: "data-unavailable", retryable: true });
      await held.promise;
      // Waits until the server takes the lock from the one that stands still.
      await other.unit((tx) => lockAgent(tx, "supply"));
      thaw.resolve();
      await failed;
      const values = await other.read((db) => db.selectFrom("agent_values").selectAll().execute());
      assert.deepEqual(values, [], "the unit was undone");
      await frozen.unit((tx) => lockAgent(tx, "supply"));
    });

    test("whoever waits for a unit that goes on and on gives up, and may try again", async (t) => {
      const url = await (await startPostgres()).createDatabase();
      const busy = await open(url);
      const other = await open(url, { ...postgresLimits, lockMs: 100 });
      t.after(() => Promise.all([busy.close(), other.close()]));
      await busy.unit((tx) => newLease(tx, "supply", "a"));
      const end = Promise.withResolvers<void>();
      const held = Promise.withResolvers<void>();
      const unit = busy.unit(async (tx) => {
        await lockAgent(tx, "supply");
        held.resolve();
        await end.promise;
      });
      await held.promise;
      await assert.rejects(
        other.unit((tx) => lockAgent(tx, "supply")),
        { code: "data-unavailable", retryable: true },
      );
      end.resolve();
      await unit;
      await other.unit((tx) => lockAgent(tx, "supply"));
    });

    test("both limits are shorter than a lease, also as the server has them", async (t) => {
      const database = await open(await (await startPostgres()).createDatabase());
      t.after(() => database.close());
      const { rows } = await database.unit((tx) =>
        sql<{ name: string; ms: number }>`
        select name, setting::int as ms from pg_settings
        where name in ('idle_in_transaction_session_timeout', 'lock_timeout') order by name`.execute(tx),
      );
      assert.deepEqual(
        rows.map(({ ms }) => ms),
        [postgresLimits.idleInUnitMs, postgresLimits.lockMs],
      );
      assert.ok(rows.every(({ ms }) => ms <= leaseMs / 2));
    });
  },
);
