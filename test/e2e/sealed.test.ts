import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { Redis } from "ioredis";
import type { PlanDocument } from "../../src/domain.ts";
import { TestSystem } from "./system.ts";
import { keysAndValues } from "./redis-values.ts";
import { files, Traces, wordsOf } from "./traces.ts";

/** R30 from outside: no word of a request, a prompt or a plan lies or passes outside the books in clear. */

const canary = "Quillfeather Ombrelle Works";
const reason = "budget of the xylographers is exhausted";
const redisNames = ["redis-server", "valkey-server"];
const hasRedis = (process.env.PATH ?? "")
  .split(path.delimiter)
  .some((folder) => redisNames.some((name) => existsSync(path.join(folder, name))));

suite("record, gateway, queue, atServers and logs hold no business text", { timeout: 120_000 }, () => {
  const system = new TestSystem();
  const queue: Buffer[] = [];
  let traces = new Traces([]);
  before(async () => {
    await system.start();
    // Another name for a customer of the books, by which nothing else goes.
    const [header = "", ...rows] = (await system.run("books", "customers", "--csv")).stdout.split("\n");
    const known = rows.find((row) => row.includes("CUST-XYZ,"));
    assert.ok(known);
    const file = path.join(system.folder, "customers.csv");
    writeFileSync(file, `${header}\n${known.replace("CUST-XYZ,Customer XYZ,", `CUST-XYZ,${canary},`)}\n`);
    const imported = await system.run("import", "customers", file);
    assert.match(imported.stdout, /1 updated/);

    const monitor = hasRedis ? await watchQueue() : undefined;
    const text = `Order the parts needed for 50 widgets for ${canary}`;
    const done = await system.ask(text, "--yes");
    assert.equal(done.result.status, "completed", JSON.stringify(done.result));
    const rejected = await system.ask(text, "--no", "--reason", reason);
    assert.equal(rejected.result.status, "rejected");
    monitor?.disconnect();
    traces = new Traces(wordsOf(done.result.plan?.document as PlanDocument, canary, "needed for 50", reason));
  });
  after(() => system.remove());

  /** Keeps all that any process tells the queue. */
  async function watchQueue(): Promise<Redis> {
    const client = new Redis(path.join(system.folder, "run", "redis.sock"));
    const monitor = await client.monitor();
    client.disconnect();
    monitor.on("monitor", (_time: string, words: readonly string[]) => {
      queue.push(Buffer.from(words.join("\n")));
    });
    return monitor;
  }

  test("the search itself finds words in every form, and in the books, where they may be", () => {
    for (const offset of [0, 1, 2]) {
      const text = Buffer.concat([randomBytes(offset), Buffer.from(`x ${canary} y`)]);
      for (const form of [
        text,
        Buffer.from(text.toString("base64")),
        Buffer.from(text.toString("base64url")),
        Buffer.from(text.toString("hex")),
      ]) {
        assert.notDeepEqual(traces.in(form, ""), []);
      }
    }
    assert.notDeepEqual(traces.inFiles(files(path.join(system.data, "books"))), []);
  });

  for (const [what, folder] of [
    ["the record", "bot"],
    ["the model gateway", "gateway"],
    ["atServers", "sandbox/at"],
    ["logs", "log"],
    ["grants and trust document", "trust"],
  ] as const) {
    test(`not in ${what}, while running`, () => {
      const place = path.join(system.data, folder);
      assert.ok(files(place).some((file) => statSync(file).size > 0));
      assert.deepEqual(traces.inFiles(files(place)), []);
    });
  }

  test(
    "not in anything said to the queue, nor in what it holds",
    { skip: hasRedis ? false : "no Redis server is installed" },
    async () => {
      const said = Buffer.concat(queue);
      assert.ok(said.length > 10_000, "jobs were seen");
      assert.deepEqual(traces.in(said, "commands"), []);
      const client = new Redis(path.join(system.folder, "run", "redis.sock"));
      try {
        assert.deepEqual(traces.in(await keysAndValues(client), "queue"), []);
      } finally {
        client.disconnect();
      }
    },
  );

  test("not in anything that is left when all has stopped, but the books and the outside world", async () => {
    await system.stop();
    const clear = new Set(["books", "sandbox/world"].map((name) => path.join(system.data, name)));
    // Our own code, compiled, holds the words of the demo company.
    const code = path.join(system.data, "cache") + path.sep;
    const left = files(system.data).filter(
      (file) => !clear.has(path.dirname(file)) && !file.startsWith(code),
    );
    assert.ok(left.length > 80);
    assert.deepEqual(traces.inFiles(left), []);
  });
});
