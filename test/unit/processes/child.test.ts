import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, beforeEach, mock, test } from "node:test";
import { type Child, startChild } from "../../../src/processes/child.ts";

/** How a child that ends is started again, and when a first start counts as failed. */

const folder = mkdtempSync(path.join(tmpdir(), "cs-child-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const node = process.execPath;
let child: Child | undefined;
let restarts: string[] = [];
let slow: string[] = [];
let environment: Readonly<Record<string, string>> = {};
/** Told of each restart. */
let restarted: () => void = () => undefined;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  restarts = [];
  slow = [];
  restarted = () => undefined;
  environment = {};
});
afterEach(async () => {
  process.execPath = node;
  await child?.stop();
  mock.timers.reset();
});

/**
 * A child of which `lives` says what each of its lives does: the code of the first, the second, …; the last goes on.
 */
function start(name: string, lives: readonly string[]): Child {
  const program = path.join(folder, `${name}.mjs`);
  const count = path.join(folder, `${name}.count`);
  writeFileSync(count, "");
  writeFileSync(
    program,
    `import { appendFileSync, readFileSync } from "node:fs";
     const life = readFileSync(${JSON.stringify(count)}, "utf8").length;
     appendFileSync(${JSON.stringify(count)}, "x");
     process.on("message", () => undefined);
     const lives = [${lives.map((life) => `() => { ${life} }`).join(", ")}];
     lives[Math.min(life, lives.length - 1)]();`,
  );
  child = startChild({
    name,
    args: [],
    program,
    environment: () => environment,
    onSlow: (who) => slow.push(who),
    onRestart: (_name, reason) => {
      restarts.push(reason);
      restarted();
      // The next start waits for its back-off, which is planned after this call.
      setImmediate(() => mock.timers.tick(60_000));
    },
  });
  return child;
}
const livesOf = (name: string) => readFileSync(path.join(folder, `${name}.count`), "utf8").length;
const ready = (life: number) => `process.send({ type: "ready", info: { life: ${life} } });`;
const killed = 'process.kill(process.pid, "SIGKILL");';

test("a child that is killed while it first starts is started again", async () => {
  const { ready: told } = start("killed", [killed, "process.disconnect(); process.exit(0);", ready(3)]);
  assert.deepEqual(await told, { life: 3 });
  assert.deepEqual(restarts, ["ended with SIGKILL", "ended with code 0"]);
});

test("a child that is killed at every first start fails it in the end", async () => {
  await assert.rejects(start("always", [killed]).ready, { code: "child-failed", message: /SIGKILL/ });
  assert.equal(livesOf("always"), 3);
});

test("a first start that fails by itself is not tried again: its reason is given", async () => {
  const failing =
    'process.send({ type: "failed", code: "no-luck", message: "no luck" }, () => process.exit(1));';
  await assert.rejects(start("failing", [failing]).ready, { code: "no-luck", message: "no luck" });
  await assert.rejects(start("crashing", ["process.exit(7);"]).ready, {
    code: "child-failed",
    message: "crashing ended with code 7",
  });
  assert.deepEqual(restarts, []);
});

test("a child that cannot be started at all fails its first start, and is tried again later", async () => {
  process.execPath = path.join(folder, "no-such-node");
  await assert.rejects(start("nowhere", [ready(1)]).ready, {
    code: "child-failed",
    message: /could not be started/,
  });
  assert.deepEqual(restarts, []);

  process.execPath = node;
  const started = start("away", [ready(1), ready(2)]);
  await started.ready;
  const again = Promise.withResolvers<unknown>();
  started.onReadyAgain(again.resolve);
  process.execPath = path.join(folder, "no-such-node");
  restarted = () => {
    if (restarts.length === 2) {
      process.execPath = node;
    }
  };
  process.kill(started.pid() ?? assert.fail(), "SIGKILL");
  assert.deepEqual(await again.promise, { life: 2 });
  assert.equal(restarts[0], "ended with SIGKILL");
  assert.match(restarts[1] ?? "", /could not be started/);
});

test("a restart that the operating system refuses at once is tried again as well", async () => {
  const started = start("refused", [ready(1), ready(2)]);
  await started.ready;
  const again = Promise.withResolvers<unknown>();
  started.onReadyAgain(again.resolve);
  // No process can be given a value with a zero byte.
  environment = { BROKEN: "a\0b" };
  restarted = () => {
    if (restarts.length === 2) {
      environment = {};
    }
  };
  process.kill(started.pid() ?? assert.fail(), "SIGKILL");
  assert.deepEqual(await again.promise, { life: 2 });
  assert.match(restarts[1] ?? "", /could not be started/);
});

test("a child that is to start again and does not end is ended by force", async () => {
  const stubborn = `process.on("SIGTERM", () => undefined); ${ready(1)}`;
  const started = start("stubborn", [stubborn, ready(2)]);
  await started.ready;
  const again = Promise.withResolvers<unknown>();
  started.onReadyAgain(again.resolve);
  started.restart();
  mock.timers.tick(20_000);
  assert.deepEqual(await again.promise, { life: 2 });
  assert.deepEqual(restarts, ["ended with SIGKILL"]);
});

test("a first start that takes long is said once, and never of one that is ready", async () => {
  const waiting = start("waiting", ["setInterval(() => undefined, 1000);"]);
  mock.timers.tick(29_999);
  assert.deepEqual(slow, []);
  mock.timers.tick(60_000);
  assert.deepEqual(slow, ["waiting"]);
  await waiting.stop();
  await start("prompt", [ready(1)]).ready;
  mock.timers.tick(60_000);
  assert.deepEqual(slow, ["waiting"]);
});

test("who waits for a child that is stopped before it was ready is told so", async () => {
  const started = start("stopped", ["setInterval(() => undefined, 1000);"]);
  const waited = assert.rejects(started.ready, { code: "child-failed" });
  await started.stop();
  await waited;
  assert.deepEqual(restarts, []);
});
