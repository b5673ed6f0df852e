import { loadWorkflows } from "../../src/load.ts";
import type { BenchSystem, RunTimes } from "./bench-system.ts";
import { type Figure, figure, median } from "./figure.ts";
import { commitTimes, type QueueBackend, withTls } from "./limits.ts";

/**
 * Durable commits between a step that is ready and the next one. Bot: the request with its step, the result with what
 * follows from it. Agent: the effect with its reply. Each with the journal, and the message claimed by its sender.
 */
const commitsPerStep = 3;
/** A usual envelope on the wire. */
const wireBytes = 3_500;

interface Limit {
  /** Of one step, in milliseconds. */
  readonly step: number;
  readonly text: string;
}

/** Steps that wait for each other, before the approval (with the route) and after it (with the signing of the decision). */
async function longestChains(): Promise<{ readonly before: number; readonly after: number }> {
  const newest = (await loadWorkflows())
    .filter(({ id }) => id === "order-parts")
    .toSorted((a, b) => b.version - a.version)[0];
  const planned = newest?.planned ?? [];
  const depth = new Map<string, number>();
  for (const { id, kind, needs } of planned) {
    const deepest = Math.max(0, ...needs.map((need) => depth.get(need) ?? 0));
    depth.set(id, deepest + (kind === "compute" ? 0 : 1));
  }
  const gate = depth.get(planned.find(({ kind }) => kind === "approval")?.id ?? "") ?? 0;
  // The route is one step more; the gate is signed after the decision.
  return { before: gate, after: Math.max(...depth.values()) - gate + 1 };
}

/** The queue is not on the way: whoever commits a step sends its request. */
async function limitOf(n: number): Promise<Limit> {
  const commit = median(await commitTimes(n));
  const sizes = { requestBytes: wireBytes, replyBytes: wireBytes };
  const { relayed } = await withTls(sizes, (tlsTimes) => tlsTimes(n));
  const tls = median(relayed);
  return {
    step: commitsPerStep * commit + tls,
    text: `${commitsPerStep} commits of ${commit.toFixed(2)} and 1 relayed TLS round trip of ${tls.toFixed(2)} ms per step`,
  };
}

/** The main job with the rules model, on a running system that has had its first runs. */
export async function mainJob(
  bench: BenchSystem,
  backend: QueueBackend,
  n: number,
): Promise<readonly Figure[]> {
  const limit = await limitOf(n * 5);
  const chains = await longestChains();
  const runs: RunTimes[] = [];
  const usedBefore = bench.processorMs();
  for (let index = 0; index < n; index += 1) {
    runs.push(await bench.run(index));
  }
  const used = (bench.processorMs() - usedBefore) / n;
  const waits = "HTTP exchanges of the agents process with wholesalers and mailbox, overlaps once";
  const of = (pick: (run: RunTimes) => number) => runs.map(pick);
  const without = "without the waits for wholesalers";
  const limitFor = (steps: number) => ({
    value: steps * limit.step,
    of: `${steps} steps that wait for each other: ${limit.text}`,
  });
  return [
    figure(
      `request → approval card (${backend})`,
      "ms",
      of((run) => run.card - run.cardWaits),
      {
        target: 400,
        limit: limitFor(chains.before),
        note: without,
      },
    ),
    figure(
      `  waits for wholesalers in it (${backend})`,
      "ms",
      of((run) => run.cardWaits),
      { note: waits },
    ),
    figure(
      `decision → done (${backend})`,
      "ms",
      of((run) => run.done - run.doneWaits),
      {
        target: 300,
        limit: limitFor(chains.after),
        note: without,
      },
    ),
    figure(
      `  waits for wholesalers in it (${backend})`,
      "ms",
      of((run) => run.doneWaits),
    ),
    {
      id: `processor time of a whole run (${backend})`,
      unit: "ms",
      value: used,
      n,
      note: "all processes, sandbox included: says more than wall time on a busy machine",
    },
  ];
}
