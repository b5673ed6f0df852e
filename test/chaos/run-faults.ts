import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { InvalidArgumentError } from "commander";
import { runOptions, wholeNumber } from "../run-options.ts";
import { faultless } from "./chaos-session.ts";
import { faultCase, faultText } from "./faults/fault-case.ts";
import { FaultSession } from "./faults/fault-session.ts";
import { placeKinds } from "./faults/place-kinds.ts";

/**
 * `npm run chaos:faults [-- --only NAME] [--seed N] [--runs N]`: the main job while what it stands on fails, N times
 * for each fault, one line per run. Ends with 1 when anything was lost, doubled or wrong.
 */

const known = placeKinds.flatMap(({ faults }) => faults);
/** By name, or all whose names begin alike. */
const namedBy = (name: string): readonly string[] => {
  const named = known.filter((fault) => fault === name || fault.startsWith(`${name}-`));
  if (named.length === 0) {
    throw new InvalidArgumentError(`"${name}": expected some of ${known.join()}.`);
  }
  return named;
};
const options = runOptions("chaos:faults", "The main job while what it stands on fails.")
  .option("--only <names>", "these faults, with commas; default: all", (text) =>
    text.split(",").flatMap(namedBy),
  )
  .option("--seed <n>", "from which everything is drawn", wholeNumber, 1)
  .option("--runs <n>", "of each fault", wholeNumber, 5)
  .parse()
  .opts<{ only?: readonly string[]; seed: number; runs: number }>();
const { seed, runs } = options;
const only = new Set(options.only ?? known);

const counts = { runs: 0, lost: 0, doubled: 0, otherPlans: 0 };
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const report = (faults: readonly string[]): void => {
  counts[faults.some((fault) => fault.includes(": added ")) ? "doubled" : "lost"] += 1;
  faults.forEach((fault) => say(`  ${fault.slice(0, 1000)}`));
};
let expected: ReturnType<typeof faultless> | undefined;
const faultlessOnce = () => (expected ??= faultless());
for (const kind of placeKinds) {
  const chosen = kind.faults.filter((fault) => only.has(fault));
  const missing = chosen.length > 0 && kind.missing();
  if (missing !== false) {
    chosen.forEach((fault) => say(`not run here: ${fault}: ${missing}`));
    continue;
  }
  const session = new FaultSession(kind, faultlessOnce);
  for (const fault of chosen) {
    for (let index = 0; index < runs; index += 1) {
      const each = faultCase(seed, index, fault);
      const started = performance.now();
      const { faults, otherPlan, logs } = await session.run(each);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      counts.runs += 1;
      counts.otherPlans += otherPlan ? 1 : 0;
      const verdict = faults.length > 0 ? "FAIL" : otherPlan ? "ok, another plan" : "ok";
      say(`${faultText(each)}: ${verdict} (${seconds} s)`);
      if (faults.length > 0) {
        report(faults);
        const file = path.join(mkdtempSync(path.join(tmpdir(), "cs-chaos-")), "logs");
        writeFileSync(file, logs);
        say(`  logs: ${file}`);
      }
    }
  }
  const atEnd = await session.end();
  if (atEnd.length > 0) {
    report(atEnd);
  }
}
say(
  `${counts.runs} runs, ${counts.lost} lost or otherwise wrong, ${counts.doubled} doubled ` +
    `(${counts.otherPlans} with another plan: a wholesaler was away, or clocks were wrong)`,
);
process.exitCode = counts.lost + counts.doubled === 0 ? 0 : 1;
