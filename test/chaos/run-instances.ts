import { parseArgs } from "node:util";
import { fleetCase } from "./fleet-case.ts";

/** `npm run chaos:instances -- [--runs N] [--seed N]`: fails when a step of ten instances is lost or done twice. */

const { values } = parseArgs({
  options: { runs: { type: "string", default: "100" }, seed: { type: "string", default: "1" } },
});
const total = { runs: 0, steps: 0, begun: 0, refused: 0, faults: 0 };
const first = Number(values.seed);
for (let seed = first; seed < first + Number(values.runs); seed += 1) {
  const { faults, steps, begun, refused } = await fleetCase(seed);
  total.runs += 1;
  total.steps += steps;
  total.begun += begun;
  total.refused += refused;
  total.faults += faults.length;
  faults.forEach((fault) => process.stdout.write(`seed ${seed}: ${fault}\n`));
}
process.stdout.write(`${JSON.stringify({ seed: first, ...total })}\n`);
process.exitCode = total.faults === 0 ? 0 : 1;
