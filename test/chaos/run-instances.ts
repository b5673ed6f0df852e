import { startPostgres } from "../fakes/postgres.ts";
import { runOptions, wholeNumber } from "../run-options.ts";
import { fleetCase } from "./fleet-case.ts";
import { runInstances } from "./instances/instances-run.ts";

/**
 * `npm run chaos:instances -- [--runs N] [--seed N]`: fails when a step of ten instances is lost or done twice. In one
 * process and with time of its own; with `--processes` (`--turns N`, `--pace N`, `--skew SECONDS`) ten real processes on
 * PostgreSQL are stopped, killed and moved.
 */

const options = runOptions("chaos:instances", "Ten instances of one agent, cut off, paused, killed, moved.")
  .option("--runs <n>", "so many; default: 100, with --processes 1", wholeNumber)
  .option("--seed <n>", "the first one's; each run has the next", wholeNumber, 1)
  .option("--processes", "ten real processes on PostgreSQL instead of one process with time of its own")
  .option("--turns <n>", "with --processes: deeds in a run", wholeNumber, 30)
  .option("--pace <n>", "with --processes: how many times as fast time goes", wholeNumber, 4)
  .option("--skew <seconds>", "with --processes: how wrong clocks may be", wholeNumber, 240)
  .parse()
  .opts<{ runs?: number; seed: number; processes?: true; turns: number; pace: number; skew: number }>();
const first = options.seed;
const total = { runs: 0, steps: 0, refused: 0, faults: 0 };
const note = (
  seed: number,
  outcome: Awaited<ReturnType<typeof fleetCase>> | Awaited<ReturnType<typeof runInstances>>,
) => {
  total.runs += 1;
  total.steps += outcome.steps;
  total.refused += outcome.refused;
  total.faults += outcome.faults.length;
  outcome.faults.forEach((fault) => process.stdout.write(`seed ${seed}: ${fault}\n`));
};
if (options.processes === true) {
  try {
    for (let seed = first; seed < first + (options.runs ?? 1); seed += 1) {
      const outcome = await runInstances({
        seed,
        turns: options.turns,
        pace: options.pace,
        mostSkewMs: options.skew * 1_000,
      });
      note(seed, outcome);
      const { moved, deeds, steps } = outcome;
      process.stdout.write(`seed ${seed}: ${steps} steps, ${moved} moved, ${JSON.stringify(deeds)}\n`);
    }
  } finally {
    await (await startPostgres()).stop();
  }
} else {
  for (let seed = first; seed < first + (options.runs ?? 100); seed += 1) {
    note(seed, await fleetCase(seed));
  }
}
process.stdout.write(`${JSON.stringify({ seed: first, ...total })}\n`);
process.exitCode = total.faults === 0 ? 0 : 1;
