import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { sql } from "kysely";
import type { Database } from "../../adapters/store/database.ts";
import { openDatabase } from "../../adapters/store/open-database.ts";
import type { RecordTables } from "../../adapters/store/record-schema.ts";
import { recordMigrations } from "../../adapters/store/record-migrations.ts";
import { verifyDatabase } from "../fakes/verify-database.ts";
import { AppError } from "../../src/errors.ts";

const root = mkdtempSync(join(tmpdir(), "cs-process-"));
// Another user must be able to reach the folders that it then cannot write.
chmodSync(root, 0o755);
after(() => {
  rmSync(root, { recursive: true, force: true });
});
let folders = 0;
const newFolder = (): string => {
  folders += 1;
  return join(root, String(folders));
};
const open = (folder: string): Promise<Database<RecordTables>> =>
  openDatabase<RecordTables>({ folder, name: "record", migrations: recordMigrations });

const program = fileURLToPath(new URL("../fakes/store-writer.ts", import.meta.url));
/** Starts a writer and hands on its lines; `until` says when it has said enough and is killed with SIGKILL. */
async function runWriter(args: readonly string[], until: (lines: readonly string[]) => boolean) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (until(lines)) {
      child.kill("SIGKILL");
    }
  }
  await exited;
  return lines;
}

test("units that somebody waits for go before the others", async () => {
  const database = await open(newFolder());
  const order: string[] = [];
  const unit = (name: string, urgent: boolean) =>
    database.unit(
      async (tx) => {
        order.push(name);
        await sql`select 1`.execute(tx);
      },
      { urgent },
    );
  await Promise.all([unit("card", false), unit("other card", false), unit("click", true)]);
  assert.deepEqual(order, ["click", "card", "other card"]);
  await database.close();
});

test("kill -9 during commits loses nothing acknowledged, leaves no half unit and frees the lock", async () => {
  const folder = newFolder();
  const acknowledged: string[] = [];
  for (const round of [1, 2, 3, 4]) {
    const lines = await runWriter([folder, `bot${round}`], (said) => said.length >= 37 * round);
    assert.equal(lines[0], "ready");
    acknowledged.push(...lines.slice(1).filter((line) => line.startsWith("bot")));
  }
  const database = await open(folder);
  const { rows } = await database.read((db) =>
    sql<{ id: string; parts: number }>`select r.id, (select count(*) from requests where run = r.id)
      + (select count(*) from run_keys where run = r.id) + (select count(*) from contents where run = r.id)
      + (select count(*) from outbox where run = r.id) + (select count(*) from journal where run = r.id) as parts
      from runs r`.execute(db),
  );
  const stored = new Set(rows.map((row) => row.id));
  assert.ok(acknowledged.length > 100);
  assert.deepEqual(
    acknowledged.filter((id) => !stored.has(id)),
    [],
  );
  assert.deepEqual(
    rows.filter((row) => row.parts !== 5),
    [],
  );
  const { rows: journal } = await database.read((db) =>
    sql<{ n: number }>`select count(*) as n from journal`.execute(db),
  );
  assert.equal(journal[0]?.n, stored.size);
  const report = await verifyDatabase(database);
  assert.deepEqual(report, { ok: true, records: stored.size, firstBad: null, unwitnessed: stored.size });
  await database.close();
});

test("a second owner of a folder is refused at once, in the same and in another process", async () => {
  const folder = newFolder();
  const database = await open(folder);
  await assert.rejects(open(folder), (error: Error & { code: string }) => {
    assert.equal(error.code, "data-in-use");
    assert.ok(error.message.includes(folder));
    return true;
  });
  const many = await Promise.allSettled(Array.from({ length: 8 }, () => open(folder)));
  assert.ok(many.every((each) => each.status === "rejected"));
  assert.deepEqual(await runWriter([folder, "other"], () => false), ["data-in-use"]);
  await database.close();
  await (await open(folder)).close();
});

test("a folder that cannot be written is refused at start", async () => {
  const inside = newFolder();
  mkdirSync(inside, { mode: 0o755 });
  const existing = newFolder();
  await (await open(existing)).close();
  if (process.getuid?.() === 0) {
    const nobody = "65534";
    for (const folder of [inside, join(inside, "new")]) {
      assert.deepEqual(await runWriter([folder, "other", nobody], () => true), ["data-not-writable"]);
    }
  } else {
    chmodSync(inside, 0o555);
    chmodSync(existing, 0o555);
    await assert.rejects(open(inside), { code: "data-not-writable" });
    await assert.rejects(open(existing), { code: "data-not-writable" });
    await assert.rejects(open(join(inside, "new")), { code: "data-not-writable" });
    chmodSync(inside, 0o755);
    chmodSync(existing, 0o755);
  }
  await assert.rejects(open("/proc/countersign"), { code: "data-not-writable" });
});

test("a full disk fails the units it hits, clearly, and nothing else", async () => {
  const folder = newFolder();
  const database = await open(folder);
  const write = (key: string, size: number) =>
    database.unit((tx) =>
      tx
        .insertInto("kept_values")
        .values({ key, value: "x".repeat(size) })
        .execute(),
    );
  const keys = () =>
    database.read(async (db) =>
      (await db.selectFrom("kept_values").select("key").execute()).map((row) => row.key),
    );
  const limit = (pages: number) =>
    database.unit((tx) => sql`pragma max_page_count = ${sql.lit(pages)}`.execute(tx));
  await write("before", 10);
  await limit(1);
  const results = await Promise.allSettled([
    write("big", 1_000_000),
    write("small", 1),
    write("big2", 1_000_000),
  ]);
  const stored = new Set(await keys());
  for (const [index, key] of ["big", "small", "big2"].entries()) {
    assert.equal(results[index]?.status === "fulfilled", stored.has(key), key);
  }
  const [big] = results;
  assert.ok(big?.status === "rejected" && big.reason instanceof AppError);
  assert.equal(big.reason.code, "data-not-writable");
  assert.equal(big.reason.retryable, true);
  await limit(100_000);
  await write("after", 1_000_000);
  assert.ok((await keys()).includes("after") && stored.has("before"));
  await database.close();
});

test("a damaged database is refused at start, never taken for an empty one", async () => {
  const damaged = async (damage: (file: string) => void) => {
    const folder = newFolder();
    const database = await open(folder);
    await database.unit(async (tx) => {
      for (let index = 0; index < 300; index += 1) {
        await tx
          .insertInto("kept_values")
          .values({ key: `k${index}`, value: "v".repeat(200) })
          .execute();
      }
    });
    await database.close();
    damage(join(folder, "record.db"));
    await assert.rejects(open(folder), (error: Error & { code: string }) => {
      assert.equal(error.code, "data-corrupt");
      assert.ok(error.message.includes(folder));
      return true;
    });
    // The refusal has let go of the folder.
    await assert.rejects(open(folder), { code: "data-corrupt" });
  };
  const overwrite = (file: string, position: number, length: number) => {
    const handle = openSync(file, "r+");
    writeSync(handle, Buffer.alloc(length, 0xa5), 0, length, position);
    closeSync(handle);
  };
  await damaged((file) => {
    overwrite(file, 0, 100);
  });
  await damaged((file) => {
    truncateSync(file, Math.floor(statSync(file).size / 2));
  });
  await damaged((file) => {
    overwrite(file, Math.floor(statSync(file).size / 2), 20_000);
  });
});
