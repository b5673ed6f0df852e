import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Redis } from "ioredis";
import type { PlanDocument } from "../../src/domain.ts";
import type { TestSystem } from "./system.ts";
import { Traces, wordsOf } from "./traces.ts";

/** Business text that occurs nowhere else, put through a system to be looked for afterwards. */

/** The name of a customer. */
export const canary = "Quillfeather Ombrelle Works";
const reason = "budget of the xylographers is exhausted";
const redisNames = ["redis-server", "valkey-server"];

export const hasRedis = (process.env.PATH ?? "")
  .split(path.delimiter)
  .some((folder) => redisNames.some((name) => existsSync(path.join(folder, name))));

/** Another name for a customer of the books, by which nothing else goes. */
export async function nameCustomer(system: TestSystem): Promise<void> {
  const [header = "", ...rows] = (await system.run("books", "customers", "--csv")).stdout.split("\n");
  const known = rows.find((row) => row.includes("CUST-XYZ,"));
  assert.ok(known);
  const file = path.join(system.folder, "customers.csv");
  writeFileSync(file, `${header}\n${known.replace("CUST-XYZ,Customer XYZ,", `CUST-XYZ,${canary},`)}\n`);
  assert.match((await system.run("import", "customers", file)).stdout, /1 updated/);
}

/** One request to its end and one rejected; all words of them that are nobody else's. */
export async function askBothWays(system: TestSystem): Promise<Traces> {
  const text = `Order the parts needed for 50 widgets for ${canary}`;
  const done = await system.ask(text, "--yes");
  assert.equal(done.result.status, "completed", JSON.stringify(done.result));
  const rejected = await system.ask(text, "--no", "--reason", reason);
  assert.equal(rejected.result.status, "rejected");
  return new Traces(wordsOf(done.result.plan?.document as PlanDocument, canary, "needed for 50", reason));
}

export function queueOf(system: TestSystem): Redis {
  return new Redis(path.join(system.folder, "run", "redis.sock"));
}

/** Keeps in `said` all that any process tells the queue, until it is disconnected. */
export async function watchQueue(system: TestSystem, said: Buffer[]): Promise<Redis> {
  const client = queueOf(system);
  const monitor = await client.monitor();
  client.disconnect();
  monitor.on("monitor", (_time: string, words: readonly string[]) => {
    said.push(Buffer.from(words.join("\n")));
  });
  return monitor;
}
