import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, suite, test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { postgresMissing, startPostgres } from "../fakes/postgres.ts";
import { environmentOf, noProcFolder, ourProcesses } from "./our-processes.ts";
import { TestSystem } from "./system.ts";

/** Keys come and go while requests are under way, in real processes. */

const request = "Order the parts needed for 50 widgets for Customer XYZ";
const mainFile = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "src", "main.ts");

interface Listed {
  readonly agent: string;
  readonly instance: string;
  readonly state: string;
}

async function answerOf<T>(system: TestSystem, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await system.run(...args, "--json");
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}
const instancesOf = async (system: TestSystem): Promise<readonly string[]> =>
  (await answerOf<{ instances: readonly Listed[] }>(system, "status")).instances.map(
    ({ agent, instance }) => `${agent}/${instance}`,
  );
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    await pause(200);
  }
}
/** Says how long something took; how long that is on a busy machine proves nothing. */
async function measured(t: TestContext, what: string, act: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  await act();
  t.diagnostic(`${what} after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}
/** Runs `act` once, when this step of the request is completed. */
function whenCompleted(step: string, act: () => void): (line: string) => void {
  let done = false;
  return (line) => {
    const { type, id, status } = JSON.parse(line) as { type: string; id?: string; status?: string };
    if (!done && type === "step" && id === step && status === "completed") {
      done = true;
      act();
    }
  };
}

suite("keys", { skip: noProcFolder, timeout: 600_000 }, () => {
  test("one agent's keys are rotated, then another is revoked, mid-run: the others do not notice", async (t) => {
    const system = new TestSystem();
    t.after(() => system.remove());
    const { pids } = await system.start();
    const listed = await answerOf<readonly Listed[]>(system, "keys", "list");
    assert.equal(listed.length, 14);
    assert.ok(listed.every(({ instance, state }) => instance === "main" && state === "enrolled"));

    let rotated: Promise<readonly { readonly code: number; readonly stderr: string }[]> | undefined;
    const first = await system.askWatched(
      whenCompleted("parts", () => {
        rotated = Promise.all([
          system.run("keys", "rotate", "inventory"),
          // What people click from now on is signed with another key: the next request's approval shows that.
          system.run("keys", "rotate", "bot", "--evidence"),
        ]);
      }),
      request,
      "--yes",
    );
    assert.equal(first.result.status, "completed", JSON.stringify(first.result.error));
    assert.deepEqual(
      (await rotated)?.map(({ code, stderr }) => (code === 0 ? "" : stderr)),
      ["", ""],
    );

    let revoked: Promise<{ readonly code: number; readonly stderr: string }> | undefined;
    const asked = system.askWatched(
      whenCompleted("route", () => {
        revoked = system.run("keys", "revoke", "logistics", "--instance", "main");
      }),
      request,
      "--yes",
    );
    await until(async () => revoked !== undefined);
    assert.equal((await revoked)?.code, 0);
    await measured(t, "revoked, on the same machine: out of the bot's sight", async () =>
      until(async () => !(await instancesOf(system)).includes("logistics/main")),
    );
    assert.equal((await instancesOf(system)).length, 11);
    const trusted = await answerOf<{ problems: readonly unknown[] }>(system, "trust", "show");
    assert.deepEqual(trusted.problems, []);
    // Let in again, with new keys: what waited for it goes on.
    assert.equal((await system.run("keys", "rotate", "logistics", "--instance", "main")).code, 0);
    const { result } = await asked;
    assert.equal(result.status, "completed", JSON.stringify(result.error));
    const now = new Set(ourProcesses(system.folder).map(({ pid }) => pid));
    assert.ok(
      Object.values(pids).every((pid) => now.has(pid)),
      "no process had to start again",
    );
    assert.equal((await system.run("journal", "verify")).code, 0);
  });

  test(
    "an instance on another machine: invited, enrolled, at work, revoked",
    { skip: postgresMissing() },
    async (t) => {
      const url = await (await startPostgres()).createDatabase();
      const system = new TestSystem({ BOOKS_DATABASE_URL: url });
      let second: ChildProcess | undefined;
      after(async () => (await startPostgres()).stop());
      t.after(async () => {
        second?.kill("SIGKILL");
        await system.remove();
      });
      const ready = await system.start();
      const machine = path.join(system.folder, "machine-2");
      const agents = ourProcesses(system.folder).find(({ command }) =>
        command.includes("main.ts agent"),
      )?.pid;
      assert.ok(agents !== undefined);
      const there = {
        COUNTERSIGN_DATA: machine,
        COUNTERSIGN_RUNTIME: path.join(system.folder, "run-2"),
        COUNTERSIGN_AT_DIRECTORY: ready.atDirectory,
        COUNTERSIGN_AT_CA_FILE: ready.ca,
      };
      const invited = await answerOf<{ token: string }>(
        system,
        "keys",
        "invite",
        "inventory",
        "--instance",
        "b",
      );
      const approving = system.run("keys", "approve", "inventory", "--watch");
      const enrolled = await system.runWith(there, "keys", "enroll", invited.token, "--json");
      assert.equal(enrolled.code, 0, enrolled.stderr);
      assert.equal((await approving).code, 0);
      const again = await system.runWith(there, "keys", "enroll", invited.token, "--json");
      assert.deepEqual([again.code, again.stdout.includes("token-refused")], [1, true]);
      const wrong = await system.runWith(there, "keys", "enroll", invited.token.slice(0, -3));
      assert.equal(wrong.code, 2);
      // The key-holder is not there, so nobody is let in from there.
      const elsewhere = await system.runWith(there, "keys", "invite", "inventory", "--json");
      assert.deepEqual([elsewhere.code, elsewhere.stdout.includes("keys-missing")], [1, true]);

      second = spawn(process.execPath, [mainFile, "agent", "inventory", "--instance", "b"], {
        env: { ...environmentOf(agents), ...there },
        stdio: "ignore",
      });
      await until(async () => (await instancesOf(system)).includes("inventory/b"));
      assert.equal((await system.run("keys", "revoke", "inventory", "--instance", "b")).code, 0);
      const log = () => readFileSync(path.join(machine, "log", "inventory-b.log"), "utf8");
      await measured(t, "revoked, on another machine: out of the bot's sight, and stopped", async () => {
        await until(async () => !(await instancesOf(system)).includes("inventory/b"));
        await until(async () => log().includes("instance-stopped"));
      });
      assert.equal((await system.ask(request, "--yes")).result.status, "completed");
    },
  );
});
