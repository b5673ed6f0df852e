import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { ChaosSession } from "./chaos-session.ts";
import { caseText, chaosCase } from "./chaos-case.ts";

/**
 * `npm run chaos [-- --seed N] [--runs N] [--minutes M] [--only I]`: the main job under kill -9 at random moments, one
 * line per run. Run I of a seed comes alone with `--only I`. Ends with 1 when anything was lost, doubled or wrong.
 */

const { values: options } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "20" },
    minutes: { type: "string" },
    only: { type: "string" },
  },
});
const number = (name: "seed" | "runs" | "minutes" | "only"): number | undefined => {
  const text = options[name];
  if (text !== undefined && !/^\d{1,9}$/.test(text)) {
    throw new Error(`--${name} ${text}: expected a whole number`);
  }
  return text === undefined ? undefined : Number(text);
};
const seed = number("seed") ?? 1;
const only = number("only");
const minutes = number("minutes");
const runs = only === undefined ? (number("runs") ?? 20) : 1;
const end = performance.now() + (minutes ?? Number.POSITIVE_INFINITY) * 60_000;

const session = new ChaosSession();
const counts = { runs: 0, kills: 0, lost: 0, doubled: 0, wrong: 0, otherPlans: 0 };
/** Books and orders are right, but not what is around them. */
const aroundIt = /^(journal verify|left over|\d+ processes)/;
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
try {
  for (let count = 0; count < runs && performance.now() < end; count += 1) {
    const chaos = chaosCase(seed, only ?? count);
    const started = performance.now();
    const { faults, otherPlan, logs } = await session.run(chaos);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    counts.runs += 1;
    counts.kills += chaos.kills.length;
    counts.otherPlans += otherPlan ? 1 : 0;
    if (faults.length > 0) {
      const doubled = faults.some((fault) => fault.includes(": added "));
      counts[doubled ? "doubled" : faults.every((fault) => aroundIt.test(fault)) ? "wrong" : "lost"] += 1;
    }
    const verdict = faults.length > 0 ? "FAIL" : otherPlan ? "ok, another plan" : "ok";
    say(`${caseText(chaos)}: ${verdict} (${seconds} s)`);
    if (faults.length > 0) {
      faults.forEach((fault) => say(`  ${fault.slice(0, 1000)}`));
      const file = path.join(mkdtempSync(path.join(tmpdir(), "cs-chaos-")), "logs");
      writeFileSync(file, logs);
      say(`  logs: ${file}`);
    }
  }
} finally {
  await session.end();
}
say(
  `${counts.runs} runs, ${counts.kills} kills, ${counts.lost} lost, ${counts.doubled} doubled, ` +
    `${counts.wrong} otherwise wrong (${counts.otherPlans} with another plan, because a wholesaler was away)`,
);
process.exitCode = counts.lost + counts.doubled + counts.wrong === 0 ? 0 : 1;
