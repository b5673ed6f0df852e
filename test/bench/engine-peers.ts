import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { RecordKind } from "./engine-place.ts";
import { type Figure, median } from "./figure.ts";

/** The peers that ours is compared with, and on which of our records. */
const peers: Readonly<Record<string, RecordKind>> = {
  "bare-pg": "postgres",
  bullmq: "postgres",
  dbos: "postgres",
  restate: "postgres",
  "restate-awakeable": "postgres",
  "langgraph-pg": "postgres",
  "mastra-pg": "postgres",
  "langgraph-sqlite": "sqlite",
  "langgraph-sqlite-async": "sqlite",
  "mastra-libsql": "sqlite",
};
/** Floors, not engines with a history of steps: shown, but not to be beaten. */
const floors = new Set(["bare-pg", "bullmq"]);

/** What one engine did in one trial. */
export interface Trial {
  readonly p50: number;
  readonly runsPerS: number;
  readonly cpuMs: number;
}
const line = z.object({ metric: z.string(), value: z.union([z.number(), z.string()]).nullable() });

/**
 * An unchanged copy of the peers' harness in a temporary folder, installed and run with the machine's own Node 20: the
 * peers never become packages of ours.
 */
class PeerHarness {
  readonly #folder = mkdtempSync(path.join(tmpdir(), "cs-peers-"));
  readonly #environment = { ...process.env, PATH: ownPath() };

  constructor(source: string) {
    cpSync(source, this.#folder, { recursive: true });
    for (const folder of [this.#folder, path.join(this.#folder, "mastra")]) {
      // The copy of a read-only folder can be read only too.
      execFileSync("chmod", ["-R", "u+w", folder]);
      execFileSync("npm", ["install", "--no-audit", "--no-fund"], {
        cwd: folder,
        env: this.#environment,
        stdio: ["ignore", "ignore", "inherit"],
      });
    }
  }

  /** Undefined where the peer cannot be run here. */
  async trial(peer: string, quick: boolean): Promise<Trial | undefined> {
    const size = quick ? ["--quick"] : [];
    const args = ["run.mjs", peer, "--only", "latency,throughput", "--no-wait", ...size];
    const harness = spawn("node", args, {
      cwd: this.#folder,
      env: this.#environment,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const seen = new Map<string, number>();
    for await (const text of createInterface({ input: harness.stdout })) {
      const { metric, value } = line.parse(JSON.parse(text));
      if (typeof value === "number") {
        seen.set(metric, value);
      } else if (metric === "error" || metric === "skipped") {
        process.stderr.write(`${peer}: ${String(value)}\n`);
      }
    }
    const [p50, runsPerS] = [seen.get("latency_p50_ms"), seen.get("throughput_runs_per_s")];
    return p50 === undefined || runsPerS === undefined
      ? undefined
      : { p50, runsPerS, cpuMs: seen.get("cpu_ms_per_run") ?? Number.NaN };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The PATH without the folders that npm puts first; its Node must be the 20 that the harness was written for. */
function ownPath(): string {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const own = folders.filter((each) => !each.includes("node_modules"));
  const found = own.find((each) => existsSync(path.join(each, "node")));
  const version = spawnSync("node", ["--version"], {
    env: { PATH: own.join(path.delimiter) },
    encoding: "utf8",
  }).stdout;
  if (found === undefined || !version.startsWith("v20.")) {
    throw new Error(`the peers need a Node 20 of the machine's own in PATH, found ${version.trim()}`);
  }
  return own.join(path.delimiter);
}

/** Measures the peers and ours in turns, `trials` times; the medians side by side. */
export async function comparePeers(o: {
  readonly source: string;
  readonly trials: number;
  readonly quick: boolean;
  readonly only: readonly string[];
  readonly ours: (kind: RecordKind) => Promise<Trial>;
  readonly say: (figure: Figure) => void;
}): Promise<void> {
  const chosen = Object.keys(peers).filter((peer) => o.only.length === 0 || o.only.includes(peer));
  const harness = new PeerHarness(o.source);
  const seen = new Map<string, Trial[]>();
  const note = (name: string, trial: Trial | undefined): void => {
    seen.set(name, [...(seen.get(name) ?? []), ...(trial === undefined ? [] : [trial])]);
  };
  try {
    for (let trial = 0; trial < o.trials; trial += 1) {
      for (const kind of new Set(chosen.map((peer) => peers[peer] ?? "postgres"))) {
        note(kind, await o.ours(kind));
        for (const peer of chosen.filter((each) => peers[each] === kind)) {
          note(peer, await harness.trial(peer, o.quick));
        }
      }
    }
  } finally {
    harness.remove();
  }
  for (const peer of chosen) {
    report(peer, seen, o.say);
  }
}

function report(
  peer: string,
  seen: ReadonlyMap<string, readonly Trial[]>,
  say: (each: Figure) => void,
): void {
  const kind = peers[peer] ?? "postgres";
  const [theirs, ours] = [seen.get(peer) ?? [], seen.get(kind) ?? []];
  if (theirs.length === 0 || ours.length === 0) {
    return;
  }
  const of = (trials: readonly Trial[], key: keyof Trial): number => median(trials.map((each) => each[key]));
  const beside = (key: keyof Trial): string => {
    const [our, their] = [of(ours, key), of(theirs, key)];
    return `ours on ${kind}: ${our.toPrecision(3)} (${(our / their).toPrecision(2)} ×)`;
  };
  const n = theirs.length;
  const ahead = (isAhead: boolean): string => (floors.has(peer) ? "" : isAhead ? ", ahead" : ", BEHIND");
  const faster = of(ours, "runsPerS") > of(theirs, "runsPerS");
  const sooner = of(ours, "p50") < of(theirs, "p50");
  say({
    id: `${peer}: runs, 100 in flight`,
    unit: "runs/s",
    value: of(theirs, "runsPerS"),
    n,
    note: `${beside("runsPerS")}${ahead(faster)}; CPU ms per run ${of(theirs, "cpuMs").toPrecision(3)}, ${beside("cpuMs")}`,
  });
  say({
    id: `${peer}: p50 of a run`,
    unit: "ms",
    value: of(theirs, "p50"),
    n,
    note: `${beside("p50")}${ahead(sooner)}`,
  });
}
