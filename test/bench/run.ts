import type { Ready } from "../e2e/system.ts";
import { namesOf, runOptions } from "../run-options.ts";
import { agentCall } from "./agent-call.ts";
import { BenchSystem } from "./bench-system.ts";
import { type Figure, figure, print } from "./figure.ts";
import { journalFigures } from "./journal.ts";
import { commitTimes, type QueueBackend, queueTimes } from "./limits.ts";
import { mainJob } from "./main-job.ts";
import { memory } from "./memory.ts";
import { afterBotKill, afterTotalKill } from "./restart.ts";
import { slackFigures } from "./slack.ts";

/**
 * `npm run bench [-- --quick] [--json] [--only system|restart|call|journal|slack]`: the figures that the project is measured by, each
 * a median, the limit measured in the same run beside it. Times say little on a machine that does other work.
 */

const known = ["system", "restart", "call", "journal", "slack"] as const;
const options = runOptions("bench", "The figures that the project is measured by.")
  .option("--quick", "fewer times")
  .option("--json", "machine-readable lines", false)
  .option("--only <names>", `some of ${known.join(",")}`, namesOf(known), known)
  .parse()
  .opts<{ quick?: true; json: boolean; only: readonly (typeof known)[number][] }>();
const counts =
  options.quick === true
    ? {
        runs: 5,
        warmUp: 3,
        memoryRuns: 20,
        restarts: 3,
        starts: 2,
        calls: 100,
        limits: 100,
        clicks: 10,
        openCards: 100,
        events: 2,
        records: 10_000,
      }
    : {
        runs: 25,
        warmUp: 10,
        memoryRuns: 100,
        restarts: 5,
        starts: 5,
        calls: 500,
        limits: 500,
        clicks: 50,
        openCards: 1_000,
        events: 10,
        records: 50_000,
      };
const say = (each: Figure): void => print(options.json, each);

async function limits(): Promise<void> {
  say(figure("limit: append of 4 KiB with fdatasync", "ms", await commitTimes(counts.limits)));
  for (const backend of ["redis", "memory"] as const) {
    const seen = await queueTimes(counts.limits, backend);
    if (seen !== undefined) {
      say(figure(`limit: queue round trip (${backend})`, "ms", seen));
    }
  }
}

/** Starts, main job and memory of one queue backend. */
async function system(backend: QueueBackend): Promise<void> {
  const seconds = async (bench: BenchSystem): Promise<number> => {
    const started = performance.now();
    await bench.system.start();
    return (performance.now() - started) / 1_000;
  };
  const [first, later]: [number[], number[]] = [[], []];
  for (let count = 0; count < counts.starts; count += 1) {
    const bench = new BenchSystem(backend);
    try {
      first.push(await seconds(bench));
      await bench.system.stop();
      later.push(await seconds(bench));
      if (count === counts.starts - 1) {
        await jobs(bench, backend);
      }
    } finally {
      await bench.remove();
    }
  }
  say(figure(`first start (${backend})`, "s", first, { target: 20, note: "installation apart" }));
  say(figure(`later start (${backend})`, "s", later, { target: 5 }));
}

async function jobs(bench: BenchSystem, backend: QueueBackend): Promise<void> {
  say(await memory(bench, `memory, idle (${backend})`));
  for (let index = 0; index < counts.warmUp; index += 1) {
    await bench.run(index);
  }
  (await mainJob(bench, backend, counts.runs)).forEach(say);
  for (let index = counts.warmUp + counts.runs; index < counts.memoryRuns; index += 1) {
    await bench.run(index);
  }
  const runs = Math.max(counts.memoryRuns, counts.warmUp + counts.runs);
  say(await memory(bench, `memory, after ${runs} runs (${backend})`));
}

async function restart(): Promise<void> {
  const bench = new BenchSystem("redis");
  const [bot, all]: [number[], number[]] = [[], []];
  try {
    let ready: Ready = await bench.system.start();
    await bench.run(0);
    for (let index = 0; index < counts.restarts; index += 1) {
      bot.push(await afterBotKill(bench, index));
    }
    await bench.system.stop();
    ready = await bench.system.start();
    for (let index = 0; index < counts.restarts; index += 1) {
      const again = await afterTotalKill(bench, ready, index);
      all.push(again.ms);
      ready = again.ready;
    }
  } finally {
    await bench.remove();
  }
  const note = "until the approval card of the run that was open";
  say(figure("kill -9 of the bot → card", "ms", bot, { target: 5_000, note }));
  say(figure("kill -9 of everything, start → card", "ms", all, { target: 5_000, note }));
}

const parts: Readonly<Record<(typeof known)[number], () => Promise<void>>> = {
  async system() {
    await limits();
    await system("redis");
    await system("memory");
  },
  restart,
  async call() {
    (await agentCall(counts.calls)).forEach(say);
  },
  async journal() {
    (await journalFigures(counts.records)).forEach(say);
  },
  slack: () => slackFigures(counts, say),
};
for (const name of options.only) {
  await parts[name]();
}
process.exit();
