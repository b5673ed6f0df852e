import { setTimeout as delay } from "node:timers/promises";
import { people } from "../fakes/trust-world.ts";
import { namesOf, runOptions, wholeNumber } from "../run-options.ts";
import { type AtPlace, withAtPlace } from "./at-place.ts";
import type { RecordKind } from "./engine-place.ts";
import { MeasuredEngine } from "./engine-measured.ts";
import { comparePeers, type Trial } from "./engine-peers.ts";
import { benchAgents } from "./engine-workflow.ts";
import { type Figure, print } from "./figure.ts";

/**
 * `npm run bench:engine [-- --quick] [--json] [--only latency,throughput,decisions,parked] [--record postgres|sqlite]
 * [--parked N]`: what the engine costs without the agents' network, by the work of the peers' harness; with `--full-path`
 * what it costs with them: sealed envelopes, atServers, agent hosts and their books. With `--peers FOLDER` instead that
 * harness in turns with ours, `[--trials N] [--only dbos,restate,…]`.
 */

const phases = ["latency", "throughput", "decisions", "parked"];
const command = runOptions("bench:engine", "What the engine costs, and durable-workflow engines beside it.")
  .option("--quick", "fewer times", false)
  .option("--json", "machine-readable lines", false)
  .option(
    "--only <names>",
    `some of ${phases.join(",")}; with --peers the engines`,
    (text) => text.split(","),
    [],
  )
  .option("--record <kinds>", "postgres,sqlite, or one of them", namesOf(["postgres", "sqlite"]), [
    "postgres",
    "sqlite",
  ])
  .option("--parked <n>", "runs that wait", wholeNumber)
  .option("--full-path", "with sealed envelopes, atServers, agents and books", false)
  .option("--peers <folder>", "a harness of other engines, in turns with ours")
  .option("--trials <n>", "with --peers: of each engine", wholeNumber)
  .parse();
const options = command.opts<{
  quick: boolean;
  json: boolean;
  only: readonly string[];
  record: readonly RecordKind[];
  parked?: number;
  fullPath: boolean;
  peers?: string;
  trials?: number;
}>();
const usual = options.quick
  ? { warmUp: 20, latency: 50, runs: 200, slow: 5, fast: 100, parked: 1_000, resumed: 100 }
  : { warmUp: 100, latency: 200, runs: 1_000, slow: 30, fast: 1_000, parked: 100_000, resumed: 1_000 };
const parkedRuns = options.parked ?? usual.parked;
const counts = { ...usual, parked: parkedRuns, resumed: Math.min(usual.resumed, parkedRuns) };
const { only } = options;
const stranger = only.find((phase) => !phases.includes(phase));
if (options.peers === undefined && stranger !== undefined) {
  command.error(`error: --only "${stranger}": expected some of ${phases.join(",")}`);
}
const measures = (phase: string): boolean => only.length === 0 || only.includes(phase);
const targets = {
  postgres: { p50: 12, runsPerS: 300 },
  sqlite: { p50: 6.4, runsPerS: 250 },
} as const;
const idleMs = options.quick ? 3_000 : 10_000;

const round = (value: number): number => Number(value.toPrecision(3));
const say = (each: Figure): void => print(options.json, each);

async function measure(kind: RecordKind): Promise<void> {
  const engine = new MeasuredEngine(kind);
  const name = kind === "postgres" ? "PostgreSQL + Redis" : "SQLite (FULL) + Redis";
  try {
    await engine.start();
    await engine.load({ prefix: "warmslow", runs: 20, inFlight: 1 });
    await engine.load({ prefix: "warm", runs: counts.warmUp, inFlight: 100 });
    if (measures("latency")) {
      const seen = await engine.load({ prefix: "one", runs: counts.latency, inFlight: 1 });
      const n = counts.latency;
      say({ id: `run, p50 (${name})`, unit: "ms", value: seen.total.p50, n, target: targets[kind].p50 });
      say({ id: `run, p99 (${name})`, unit: "ms", value: seen.total.p99, n });
      say({ id: `run, to waiting, p50 (${name})`, unit: "ms", value: seen.toWaiting.p50, n });
      say({ id: `run, approved → done, p50 (${name})`, unit: "ms", value: seen.approved.p50, n, target: 3 });
    }
    if (measures("throughput")) {
      for (const inFlight of [100, counts.runs]) {
        const seen = await engine.load({ prefix: `all${inFlight}x`, runs: counts.runs, inFlight });
        const { cost } = seen;
        const how = inFlight === counts.runs ? "started together" : `${inFlight} in flight`;
        say({
          id: `${counts.runs} runs, ${how} (${name})`,
          unit: "runs/s",
          value: (counts.runs * 1_000) / seen.ms,
          n: counts.runs,
          ...(inFlight === 100 ? { atLeast: targets[kind].runsPerS } : {}),
          note:
            `p50 ${round(seen.total.p50)} ms, p99 ${round(seen.total.p99)} ms; per run: CPU ${round(cost.appCpuMs)} + ` +
            `${round(cost.storeCpuMs)} ms (application + stores), ${round(cost.commits)} commits, ` +
            `${round(cost.walKb)} KiB of WAL, ${round(cost.redisCommands)} Redis commands`,
        });
      }
      const { residentMb: value } = await engine.memory();
      say({ id: `memory after that (${name})`, unit: "MB", value, n: 1, note: storeMemory(engine) });
    }
    if (measures("decisions")) {
      await decisions(engine, name);
    }
    if (measures("parked")) {
      await parked(engine, name);
    }
  } finally {
    await engine.stop();
  }
}

function storeMemory(engine: MeasuredEngine): string {
  return `the application's process; its stores' ${Math.round(engine.place.usage().memoryMb)} MB (PSS)`;
}

/** From a click to the work of the step after the approval. */
async function decisions(engine: MeasuredEngine, name: string): Promise<void> {
  for (const [perSecond, runs] of [
    [1, counts.slow],
    [100, counts.fast],
  ] as const) {
    const prefix = `decide${perSecond}x`;
    await engine.park({ prefix, runs });
    const seen = await engine.decide({ prefix, first: 0, runs, perSecond });
    const id = `decision → next step, ${perSecond}/s`;
    say({ id: `${id}, p50 (${name})`, unit: "ms", value: seen.decided.p50, n: runs });
    say({ id: `${id}, p99 (${name})`, unit: "ms", value: seen.decided.p99, n: runs });
  }
}

async function parked(engine: MeasuredEngine, name: string): Promise<void> {
  const { parked: runs, resumed } = counts;
  const prefix = "parked";
  const before = { ...(await engine.memory()), disk: await engine.place.diskKb() };
  const ms = await engine.park({ prefix, runs });
  await delay(idleMs);
  const after = { ...(await engine.memory()), disk: await engine.place.diskKb() };
  const perRun = (now: number, then: number): number => ((now - then) * 1_024) / runs;
  const heap = perRun(after.heapMb, before.heapMb);
  const note = `of it objects ${round(heap)} KiB; parked at ${round((runs * 1_000) / ms)} runs/s`;
  say({
    id: `parked run, memory (${name})`,
    unit: "KiB",
    value: perRun(after.residentMb, before.residentMb),
    n: runs,
    note,
  });
  say({ id: `parked run, disk (${name})`, unit: "KiB", value: (after.disk - before.disk) / runs, n: runs });
  const idle = await engine.cpuPercent(() => delay(idleMs));
  say({
    id: `idle with ${runs} parked runs (${name})`,
    unit: "% of a core",
    value: idle.app,
    n: 1,
    target: 1,
    note: `the stores: ${round(idle.store)} %`,
  });
  const first = Math.floor((runs - resumed) / 2);
  const seen = await engine.decide({ prefix, first, runs: resumed, perSecond: 1e9 });
  say({ id: `${resumed} of them resumed at once (${name})`, unit: "ms", value: seen.ms, n: resumed });
}

/** The same work with all that makes it safe, and where its CPU goes. */
async function fullPath(kind: RecordKind, { children, sandbox }: AtPlace): Promise<void> {
  const agents = await children.start("./engine-agents.ts", []);
  const engine = new MeasuredEngine(kind, { fullPath: true });
  try {
    await engine.start();
    await engine.load({ prefix: "warm", runs: counts.warmUp / 5, inFlight: 10 });
    const before = [await agents.usage(), await sandbox.usage()] as const;
    const runs = counts.latency;
    const one = await engine.load({ prefix: "one", runs, inFlight: 1 });
    const after = [await agents.usage(), await sandbox.usage()] as const;
    const cpu = (index: 0 | 1): number => round((after[index].cpu - before[index].cpu) / runs);
    const commits = round((after[0].full - before[0].full) / runs);
    say({
      id: `run over the agents' network, p50 (${kind})`,
      unit: "ms",
      value: one.total.p50,
      n: runs,
      note:
        `p99 ${round(one.total.p99)} ms, approved → done ${round(one.approved.p50)} ms; CPU per run: bot ` +
        `${round(one.cost.appCpuMs)} ms, its stores ${round(one.cost.storeCpuMs)}, agents ${cpu(0)} (${commits} commits), ` +
        `atServers ${cpu(1)}; the bot's commits ${round(one.cost.commits)}`,
    });
    const many = await engine.load({ prefix: "many", runs, inFlight: 100 });
    say({
      id: `${runs} runs over the agents' network (${kind})`,
      unit: "runs/s",
      value: (runs * 1_000) / many.ms,
      n: runs,
      note: `100 in flight; the bot's CPU per run ${round(many.cost.appCpuMs)} ms`,
    });
  } finally {
    await engine.stop();
  }
}

/** As a peer is measured. */
async function asPeer(kind: RecordKind): Promise<Trial> {
  const engine = new MeasuredEngine(kind);
  try {
    await engine.start();
    await engine.load({ prefix: "warmslow", runs: 20, inFlight: 1 });
    const one = await engine.load({ prefix: "one", runs: counts.latency, inFlight: 1 });
    await engine.load({ prefix: "warm", runs: counts.warmUp, inFlight: 100 });
    const many = await engine.load({ prefix: "many", runs: counts.runs, inFlight: 100 });
    const { appCpuMs, storeCpuMs } = many.cost;
    return {
      p50: one.total.p50,
      runsPerS: (counts.runs * 1_000) / many.ms,
      cpuMs: appCpuMs + storeCpuMs,
    };
  } finally {
    await engine.stop();
  }
}

/** With the admin to whom the company's policy passes on what nobody decides. */
const everyone: typeof people = [
  ...people,
  { id: "admin", name: "Ada Example", roles: ["admin"], active: true, accounts: [] },
];

if (options.peers === undefined) {
  for (const kind of options.record) {
    if (options.fullPath) {
      await withAtPlace((place) => fullPath(kind, place), { agents: benchAgents, people: everyone });
    } else {
      await measure(kind);
    }
  }
} else {
  const trials = options.trials ?? (options.quick ? 1 : 3);
  await comparePeers({ source: options.peers, trials, quick: options.quick, only, ours: asPeer, say });
}
process.exit();
