import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { after, suite, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { launchedProcess, noProcFolder } from "../e2e/our-processes.ts";
import { TestSystem } from "../e2e/system.ts";
import { caseText, chaosCase, jobs, targets } from "./chaos-case.ts";
import { ChaosSession } from "./chaos-session.ts";

/** Real processes, real clock: the fixed part of `npm run chaos`, and what it cannot draw. */

/** Chosen because its first runs kill everything there is, before and after the decision, four a second time. */
const seed = 955;
const cases = targets.map((_, index) => chaosCase(seed, index));

suite("kill -9 during the main job", { skip: noProcFolder }, () => {
  const session = new ChaosSession();
  after(async () => assert.deepEqual(await session.end(), []));

  test("the sample kills everything that may be killed", () => {
    assert.deepEqual(
      targets.filter((target) => !cases.some(({ kills }) => kills[0]?.target === target)),
      [],
    );
  });
  for (const each of cases) {
    test(`${caseText(each)}: the run ends exactly once`, { timeout: 400_000 }, async () => {
      const { faults, logs } = await session.run(each);
      assert.deepEqual(faults, [], logs);
    });
  }

  test("a sandbox whose port is taken while it is away is found again", { timeout: 200_000 }, async (t) => {
    const system = new TestSystem();
    t.after(() => system.remove());
    await system.start();
    const file = path.join(system.data, "sandbox", "at", "ports.json");
    const { directory = 0 } = JSON.parse(readFileSync(file, "utf8")) as Record<string, number>;
    const sandbox = launchedProcess(system, "sandbox");
    const asked = system.ask(jobs[0]?.text ?? "", "--yes");
    process.kill(sandbox?.pid ?? 0, "SIGKILL");
    const holder = createServer((socket) => socket.destroy());
    t.after(() => holder.close());
    while (!holder.listening) {
      await new Promise<void>((resolve) => {
        holder.once("error", () => resolve());
        holder.listen(directory, "127.0.0.1", resolve);
      });
      await pause(1);
    }
    assert.equal((await asked).result.status, "completed");
  });
});
