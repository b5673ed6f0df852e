import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import { test } from "node:test";
import { standBack } from "../../../src/processes/stand-back.ts";

test("a process stands back, and where Linux weighs sessions its session does", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = once(child, "exit");
  const pid = child.pid ?? 0;
  const nice = Math.min(os.getPriority() + 7, os.constants.priority.PRIORITY_LOW);
  try {
    await standBack(pid, 7);
    assert.equal(os.getPriority(pid), nice);
    const session = `/proc/${pid}/autogroup`;
    if (existsSync(session)) {
      assert.match(readFileSync(session, "utf8"), new RegExp(` nice ${nice}\\n`));
    }
  } finally {
    child.stdin.end();
    await ended;
  }
  // One that has ended meanwhile is no reason to fail.
  await standBack(pid, 7);
});
