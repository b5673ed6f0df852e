import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openDatabase } from "../../adapters/store/open-database.ts";
import type { RecordTables } from "../../adapters/store/record-schema.ts";
import { recordMigrations } from "../../adapters/store/record-migrations.ts";
import { openRecordStore } from "../../adapters/store/record-store.ts";
import type { TestPostgres } from "../fakes/postgres.ts";
import { postgresMissing, startPostgres } from "../fakes/postgres.ts";
import { sampleCommit, sampleOutbox, sampleRun, sampleTime } from "../fakes/sample-run.ts";
import { databaseBatchContract } from "./database-batch.ts";
import { databaseContract } from "./database.ts";
import { recordContract } from "./record.ts";

const missing = postgresMissing();
let server: TestPostgres | undefined;
after(() => server?.stop());
const newUrl = async (): Promise<string> => {
  server ??= await startPostgres();
  return server.createDatabase();
};

if (missing === false) {
  const place = async () => ({ url: await newUrl() });
  databaseContract("PostgreSQL", place);
  databaseBatchContract("PostgreSQL", place);
  recordContract("PostgreSQL", place);
} else {
  test("Store on PostgreSQL", { skip: missing }, () => undefined);
}

const openRecord = (url: string, name = "record") =>
  openDatabase<RecordTables>({ url, name, migrations: recordMigrations });

test("several bots start at once on one database and share its runs", { skip: missing }, async () => {
  const url = await newUrl();
  const databases = await Promise.all([1, 2, 3].map(() => openRecord(url)));
  const recordKey = new Uint8Array(32).fill(7);
  const stores = await Promise.all(
    databases.map((database, index) =>
      openRecordStore({ database, recordKey, clock: { now: () => sampleTime }, writer: `bot-${index}` }),
    ),
  );
  const made = await Promise.all(
    stores.map((store, index) =>
      store.createRun(
        sampleCommit(sampleRun(`run${index}`), { outbox: [sampleOutbox(`run${index}`)] }),
        "one request",
      ),
    ),
  );
  assert.equal(made.filter((each) => each.created).length, 1);
  const id = made[0]?.run ?? "";
  const run = await stores[0]?.loadRun(id);
  assert.ok(run !== undefined);
  const saved = await Promise.all(stores.map((store) => store.saveRun(sampleCommit(run))));
  assert.deepEqual(saved.toSorted(), ["saved", "stale", "stale"]);
  const claimed = await Promise.all(stores.map((store) => store.claimOutbox(sampleTime, 1_000, 5)));
  assert.deepEqual(
    claimed.flat().map((row) => row.subject.run),
    [id],
  );
  await Promise.all(stores.map((store) => store.close()));
});

test("record and books may share one database", { skip: missing }, async () => {
  const url = await newUrl();
  const [record, books] = await Promise.all([openRecord(url), openRecord(url, "books")]);
  await record.unit((tx) => tx.insertInto("kept_values").values({ key: "k", value: "record" }).execute());
  const found = await books.read((db) => db.selectFrom("kept_values").selectAll().execute());
  assert.deepEqual(found, []);
  await Promise.all([record.close(), books.close()]);
});

test("units that deadlock are tried again and all succeed", { skip: missing }, async () => {
  const database = await openRecord(await newUrl());
  const set = (key: string, value: string) =>
    database.unit((tx) => tx.insertInto("kept_values").values({ key, value }).execute());
  await set("a", "");
  await set("b", "");
  let arrived = 0;
  const { promise: both, resolve } = Promise.withResolvers<undefined>();
  let runs = 0;
  const crossing = (first: string, second: string) =>
    database.unit(async (tx) => {
      runs += 1;
      const write = (key: string) =>
        tx.updateTable("kept_values").set({ value: first }).where("key", "=", key).execute();
      await write(first);
      arrived += 1;
      if (arrived === 2) {
        resolve(undefined);
      }
      await both;
      await write(second);
    });
  await Promise.all([crossing("a", "b"), crossing("b", "a")]);
  assert.equal(runs, 3, "one of the two was undone and run again");
  const rows = await database.read((db) => db.selectFrom("kept_values").select("value").execute());
  assert.equal(new Set(rows.map((row) => row.value)).size, 1, "both rows are of the same unit");
  await database.close();
});

test("a URL with settings of its own is refused", async () => {
  await assert.rejects(openRecord("postgres://localhost/db?options=-c%20search_path%3Dother"), {
    code: "bad-setting",
  });
});

test("a server that is gone is said to be, without a password in the text", { skip: missing }, async () => {
  const database = await openRecord(await newUrl());
  await server?.stop();
  server = undefined;
  for (const failing of [
    database.unit((tx) => tx.selectFrom("runs").select("id").execute()),
    database.read((db) => db.selectFrom("runs").select("id").execute()),
    openRecord("postgres://bot:s3cret@127.0.0.1:1/db"),
  ]) {
    await assert.rejects(failing, (error: Error & { code: string; retryable: boolean }) => {
      assert.equal(error.code, "data-unavailable");
      assert.equal(error.retryable, true);
      assert.ok(!error.message.includes("s3cret"));
      return true;
    });
  }
  await database.close();
});
