import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { askBothWays, canary, hasRedis, nameCustomer, queueOf, watchQueue } from "./canary-company.ts";
import { TestSystem } from "./system.ts";
import { keysAndValues } from "./redis-values.ts";
import { files, Traces } from "./traces.ts";

/** R30 from outside: no word of a request, a prompt or a plan lies or passes outside the books in clear. */

suite("record, gateway, queue, atServers and logs hold no business text", { timeout: 120_000 }, () => {
  const system = new TestSystem();
  const queue: Buffer[] = [];
  let traces = new Traces([]);
  before(async () => {
    await system.start();
    await nameCustomer(system);
    const monitor = hasRedis ? await watchQueue(system, queue) : undefined;
    traces = await askBothWays(system);
    monitor?.disconnect();
  });
  after(() => system.remove());

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
      const client = queueOf(system);
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
