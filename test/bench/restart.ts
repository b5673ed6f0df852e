import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../../src/errors.ts";
import type { Ready } from "../e2e/system.ts";
import type { BenchSystem } from "./bench-system.ts";

/** The step under way when the processes are killed: in the middle of the way to the card. */
const middle = "reserve";
const lookMs = 10;

/** Asks, kills the processes named with SIGKILL in the middle of the run, and gives the run. */
async function killInTheMiddle(bench: BenchSystem, pids: readonly number[], index: number): Promise<string> {
  const run = await bench.request(index);
  await bench.card(run, ({ steps }) =>
    steps.some(({ id, status }) => id === middle && status !== "pending" && status !== "queued"),
  );
  for (const pid of pids) {
    process.kill(pid, "SIGKILL");
  }
  return run;
}

/** Waits for the run's approval card while the bot may be away. */
async function cardAgain(bench: BenchSystem, run: string): Promise<void> {
  for (;;) {
    try {
      await bench.card(run, (card) => card.approval !== null);
      return;
    } catch (error) {
      const away = error instanceof AppError ? error.code === "not-running" : error instanceof Error;
      if (!away) {
        throw error;
      }
      await delay(lookMs);
    }
  }
}

/** Milliseconds from kill -9 of the bot (its launcher starts it again) to the approval card of the run it had open. */
export async function afterBotKill(bench: BenchSystem, index: number): Promise<number> {
  const bot = bench.pidOf("bot");
  if (bot === undefined) {
    throw new Error("there is no bot to kill");
  }
  const run = await killInTheMiddle(bench, [bot], index);
  const killed = performance.now();
  await cardAgain(bench, run);
  return performance.now() - killed;
}

/** Milliseconds from the next start after kill -9 of every process to the approval card of the run that was open. */
export async function afterTotalKill(
  bench: BenchSystem,
  ready: Ready,
  index: number,
): Promise<{ readonly ms: number; readonly ready: Ready }> {
  const run = await killInTheMiddle(bench, Object.values(ready.pids), index);
  await bench.system.stop();
  const started = performance.now();
  const again = await bench.system.start();
  await cardAgain(bench, run);
  return { ms: performance.now() - started, ready: again };
}
