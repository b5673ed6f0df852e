import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { Worker } from "node:worker_threads";
import { openDatabase } from "../../../adapters/store/open-database.ts";
import type { AppError } from "../../../src/errors.ts";

test("a database whose thread dies says so once; one that is closed does not", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-lost-"));
  const lost: AppError[] = [];
  const opened = once(process, "worker") as Promise<[Worker]>;
  const options = { folder, name: "sample", migrations: [], onLost: (error: AppError) => lost.push(error) };
  await openDatabase(options);
  const [worker] = await opened;
  await worker.terminate();
  assert.deepEqual(
    lost.map(({ code }) => code),
    ["data-unavailable"],
  );
  const second = await openDatabase(options);
  await second.close();
  assert.equal(lost.length, 1);
  rmSync(folder, { recursive: true });
});
