import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import {
  readLauncherState,
  removeLauncherState,
  waitForOrphans,
  writeLauncherState,
} from "../../../src/processes/launcher-state.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "cs-state-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the state is there until an orderly end, for its owner only", () => {
  assert.equal(readLauncherState(folder), undefined);
  writeLauncherState(folder, { launcher: 11, children: [12, 13] });
  assert.deepEqual(readLauncherState(folder), { launcher: 11, children: [12, 13] });
  assert.equal(statSync(path.join(folder, "launcher.json")).mode & 0o777, 0o600);
  removeLauncherState(folder);
  removeLauncherState(folder);
  assert.equal(readLauncherState(folder), undefined);
  writeFileSync(path.join(folder, "launcher.json"), '{"launcher":');
  assert.equal(readLauncherState(folder), undefined);
});

test("children that a killed launcher left are waited for until they are gone", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  await once(child, "spawn");
  writeLauncherState(folder, { launcher: 1, children: [child.pid ?? 0, process.pid] });
  const order: string[] = [];
  const ended = once(child, "exit").then(() => order.push("ended"));
  const waiting = waitForOrphans(folder, 60_000).then(() => order.push("waited"));
  child.stdin.end();
  await Promise.all([ended, waiting]);
  assert.deepEqual(order, ["ended", "waited"]);
});

test("nothing is waited for longer than told, or after Ctrl-C", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  await once(child, "spawn");
  writeLauncherState(folder, { launcher: 1, children: [child.pid ?? 0] });
  await waitForOrphans(folder, 0);
  await waitForOrphans(folder, 60_000, AbortSignal.abort());
  const ended = once(child, "exit");
  child.stdin.end();
  await ended;
});
