import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { after, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { RecordTables } from "../../adapters/store/record-schema.ts";
import { readSettings } from "../../src/config.ts";
import { databasePlace, openPlace } from "../../src/processes/databases.ts";
import { postgresMissing, startPostgres } from "../fakes/postgres.ts";
import { environmentOf, launchedProcess, noProcFolder } from "./our-processes.ts";
import { TestSystem } from "./system.ts";

/** Real processes, real clock: an agent's work moves to another process in the middle of a run. */

const request = "Order the parts needed for 50 widgets for Customer XYZ";
const mainFile = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "src", "main.ts");
const agents =
  "blueprint compliance crm exception financial hitl inventory logistics quoting router supply validation".split(
    " ",
  );

interface Live {
  readonly agent: string;
  readonly instance: string;
}

suite("instances of agents", { skip: noProcFolder || postgresMissing(), timeout: 400_000 }, () => {
  after(async () => (await startPostgres()).stop());

  test("an order moves to another process mid-run: done once, and the old one is refused", async (t) => {
    const url = await (await startPostgres()).createDatabase();
    const system = new TestSystem({ BOOKS_DATABASE_URL: url });
    let second: ChildProcess | undefined;
    let stopped = 0;
    const hasStopped = Promise.withResolvers<void>();
    t.after(async () => {
      if (stopped !== 0) {
        process.kill(stopped, "SIGCONT");
      }
      second?.kill("SIGKILL");
      await system.remove();
    });
    await system.start();
    const live = async (): Promise<readonly Live[]> =>
      (JSON.parse((await system.run("status", "--json")).stdout) as { instances: readonly Live[] }).instances;
    const until = async (condition: (instances: readonly Live[]) => boolean): Promise<void> => {
      while (!condition(await live())) {
        await pause(200);
      }
    };
    const first = launchedProcess(system, "agent")?.pid;
    assert.ok(first !== undefined);

    const asked = system.askWatched(
      (line) => {
        const { type, id, status } = JSON.parse(line) as { type: string; id?: string; status?: string };
        if (stopped === 0 && type === "step" && id === "parts" && status === "completed") {
          stopped = first;
          process.kill(first, "SIGSTOP");
          hasStopped.resolve();
        }
      },
      request,
      "--yes",
    );
    await hasStopped.promise;
    second = startSecond(environmentOf(first));
    const { result } = await asked;
    assert.equal(result.status, "completed", JSON.stringify(result.error));
    assert.deepEqual(new Set((await live()).map(({ instance }) => instance)), new Set(["b"]));

    process.kill(stopped, "SIGCONT");
    stopped = 0;
    await until((instances) => instances.length === 2 * agents.length);
    const orders = await system.books<{ run: string; status: string }>("orders");
    assert.equal(orders.length, result.plan?.orders.length);
    assert.ok(orders.every(({ run, status }) => run === result.run && status === "confirmed"));
    second.kill("SIGTERM");
    await until((instances) => instances.length === agents.length);
    assert.equal((await system.ask(request, "--yes")).result.status, "completed");
    const journal = await system.run("journal", "verify", "--json");
    assert.equal(journal.code, 0, journal.stdout);
    await system.stop();

    const settings = readSettings({ COUNTERSIGN_DATA: system.data });
    const record = await openPlace<RecordTables>(databasePlace(settings, "record"));
    const moved = await record.read((db) =>
      db
        .selectFrom("assignments")
        .select(["instance", "token"])
        .where("run", "=", result.run ?? "")
        .where("token", ">", 1)
        .execute(),
    );
    await record.close();
    assert.ok(moved.length > 0, "some step had begun at the old process");
    assert.deepEqual(new Set(moved.map(({ instance }) => instance)), new Set(["b"]));
  });

  test("beside books of SQLite there is no second process for agents, and it says why", async (t) => {
    const system = new TestSystem();
    t.after(() => system.remove());
    const ready = await system.start();
    const place = { COUNTERSIGN_AT_DIRECTORY: ready.atDirectory, COUNTERSIGN_AT_CA_FILE: ready.ca };
    const { code, stderr } = await system.runWith(place, "agent", "inventory", "--instance", "b");
    assert.equal(code, 1);
    assert.match(stderr, /SQLite books have one owner.*BOOKS_DATABASE_URL/);
    const wrong = await system.runWith(place, "agent", "inventory", "--instance", "B/../x");
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /--instance B\/\.\.\/x: expected small letters/);
  });
});

/** All agents once more, as on another host. */
function startSecond(environment: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [mainFile, "agent", ...agents, "--instance", "b"], {
    env: environment,
    stdio: "ignore",
  });
}
