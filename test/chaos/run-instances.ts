import { parseArgs } from "node:util";
import { startPostgres } from "../fakes/postgres.ts";
import { fleetCase } from "./fleet-case.ts";
import { runInstances } from "./instances/instances-run.ts";

/**
 * `npm run chaos:instances -- [--runs N] [--seed N]`: fails when a step of ten instances is lost or done twice. In one
 * process and with time of its own; with `--processes` (`--turns N`, `--pace N`, `--skew SECONDS`) ten real processes on
 * PostgreSQL are stopped, killed and moved.
 */

const { values } = parseArgs({
  options: {
    runs: { type: "string" },
    seed: { type: "string", default: "1" },
    processes: { type: "boolean", default: false },
    turns: { type: "string", default: "30" },
    pace: { type: "string", default: "4" },
    skew: { type: "string", default: "240" },
  },
});
const first = Number(values.seed);
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
if (values.processes) {
  try {
    for (let seed = first; seed < first + Number(values.runs ?? 1); seed += 1) {
      const outcome = await runInstances({
        seed,
        turns: Number(values.turns),
        pace: Number(values.pace),
        mostSkewMs: Number(values.skew) * 1_000,
      });
      note(seed, outcome);
      const { moved, deeds, steps } = outcome;
      process.stdout.write(`seed ${seed}: ${steps} steps, ${moved} moved, ${JSON.stringify(deeds)}\n`);
    }
  } finally {
    await (await startPostgres()).stop();
  }
} else {
  for (let seed = first; seed < first + Number(values.runs ?? 100); seed += 1) {
    note(seed, await fleetCase(seed));
  }
}
process.stdout.write(`${JSON.stringify({ seed: first, ...total })}\n`);
process.exitCode = total.faults === 0 ? 0 : 1;
