import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Option } from "commander";
import { runOptions, wholeNumber } from "../run-options.ts";
import { type ChaosKind, chaosKinds, type ChaosOutcome } from "./chaos-kinds.ts";

/**
 * `npm run chaos [-- --what moments|kills|pairs] [--seed N] [--runs N] [--seconds S] [--from I] [--only I] [--all] [--each-kind]`:
 * the main job under faults, one line per run; without `--what` all kinds by turns. What run I of a seed is depends on the
 * two alone: `--from I` goes on where an earlier one ended, `--only I` does that one. `--all` does every failpoint
 * (`kills`), or every pair with the I-th as its first (`pairs`), in their order; `--each-kind` only one pair of each two
 * kinds, drawn by the seed. Ends with 1 when anything was lost, doubled or wrong.
 */

const command = runOptions("chaos", "The main job under faults, compared with one without.")
  .addOption(new Option("--what <kind>", "one kind; default: all by turns").choices(Object.keys(chaosKinds)))
  .option("--seed <n>", "from which everything is drawn", wholeNumber, 1)
  .option("--runs <n>", "so many; default: 20, or as many as there are", wholeNumber)
  .option("--seconds <s>", "for so long", wholeNumber)
  .option("--from <i>", "go on with run I of the seed", wholeNumber)
  .option("--only <i>", "run I of the seed alone", wholeNumber)
  .option("--all", "every failpoint (kills), or every pair with the I-th as its first (pairs)")
  .option("--each-kind", "pairs: one of each two kinds of failpoints")
  .parse();
const options = command.opts<{
  what?: keyof typeof chaosKinds;
  seed: number;
  runs?: number;
  seconds?: number;
  from?: number;
  only?: number;
  all?: true;
  eachKind?: true;
}>();
const { seed, only, seconds } = options;
const which = options.all ? "all" : options.eachKind ? "each-kind" : "drawn";
const first = only ?? options.from ?? 0;
const mostRuns = options.runs ?? (which !== "drawn" || seconds !== undefined ? Number.POSITIVE_INFINITY : 20);
const last = only ?? Number.POSITIVE_INFINITY;
const end = performance.now() + (seconds ?? Number.POSITIVE_INFINITY) * 1_000;

const kinds = chosenKinds();
const counts = { runs: 0, injected: 0, lost: 0, doubled: 0, wrong: 0 };
/** Books and orders are right, but not what is around them. */
const aroundIt = /^(journal|left over|\d+ processes)/;
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

function chosenKinds(): readonly ChaosKind[] {
  const { what } = options;
  if (what === undefined && which === "drawn") {
    return Object.values(chaosKinds).map((kind) => kind(seed, which));
  }
  if (what === "pairs") {
    return [chaosKinds.pairs(seed, which)];
  }
  if (what === "kills" && which !== "each-kind") {
    return [chaosKinds.kills(seed, which)];
  }
  if (what === "moments" && which === "drawn") {
    return [chaosKinds.moments(seed)];
  }
  return command.error(
    `error: --all is with --what kills or pairs, --each-kind with pairs, not with ${what ?? "all kinds"}`,
  );
}

function count({ injected, faults }: Pick<ChaosOutcome, "injected" | "faults">): void {
  counts.injected += injected;
  if (faults.length > 0) {
    const isDoubled = faults.some((fault) => fault.includes(": added "));
    counts[isDoubled ? "doubled" : faults.every((fault) => aroundIt.test(fault)) ? "wrong" : "lost"] += 1;
  }
}
function tell(index: number, { text, faults, note, logs }: ChaosOutcome, ms: number): void {
  const verdict = faults.length > 0 ? "FAIL" : note === undefined ? "ok" : `ok, ${note}`;
  say(`seed ${seed} run ${index}: ${text}: ${verdict} (${(ms / 1000).toFixed(1)} s)`);
  if (faults.length > 0) {
    faults.forEach((fault) => say(`  ${fault.slice(0, 1000)}`));
    const file = path.join(mkdtempSync(path.join(tmpdir(), "cs-chaos-")), "logs");
    writeFileSync(file, logs);
    say(`  logs: ${file}`);
  }
}
/** All runs of one number; false when there is none. */
async function run(index: number): Promise<boolean> {
  const runs = await kinds[index % kinds.length]?.run(Math.floor(index / kinds.length));
  let started = performance.now();
  for await (const outcome of runs ?? []) {
    if (interrupted.signal.aborted) {
      break;
    }
    counts.runs += 1;
    count(outcome);
    tell(index, outcome, performance.now() - started);
    started = performance.now();
  }
  return runs !== undefined;
}

/** What is under way then does not count: the signal may have met its processes as well. */
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    interrupted.abort();
    say("ends after this run");
  });
}

let next = first;
try {
  let isThere = true;
  while (
    isThere &&
    !interrupted.signal.aborted &&
    next <= last &&
    counts.runs < mostRuns &&
    performance.now() < end
  ) {
    isThere = await run(next);
    next += isThere && !interrupted.signal.aborted ? 1 : 0;
  }
} finally {
  for (const kind of kinds) {
    const faults = await kind.end();
    count({ injected: 0, faults });
    faults.forEach((fault) => say(`  at the end: ${fault.slice(0, 1000)}`));
  }
}
say(
  `${counts.runs} runs, ${counts.injected} faults, ${counts.lost} lost, ${counts.doubled} doubled, ` +
    `${counts.wrong} otherwise wrong; go on with --seed ${seed} --from ${next}`,
);
process.exitCode = counts.lost + counts.doubled + counts.wrong === 0 ? 0 : 1;
