import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { openMemoryQueue } from "../../adapters/bullmq/step-queue.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { stepQueueContract } from "./step-queue.ts";

const folder = mkdtempSync(path.join(tmpdir(), "cs-queue-"));
after(() => rmSync(folder, { recursive: true, force: true }));

stepQueueContract("in-memory PGlite", () => openMemoryQueue(silentLogger, folder));
stepQueueContract("in-memory PGlite, begun as a copy", () => openMemoryQueue(silentLogger, folder));

test("a damaged copy is not used, but made again", async () => {
  const [name] = readdirSync(folder);
  assert.ok(name);
  writeFileSync(path.join(folder, name), "no tar");
  const queue = await openMemoryQueue(silentLogger, folder);
  await queue.add({ run: "R1", revision: 1, step: "route", attempt: 1, dispatch: 1, ready: true });
  await queue.close();
});
