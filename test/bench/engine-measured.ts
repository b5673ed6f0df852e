import { z } from "zod";
import { type Child, Children, type Usage } from "./child.ts";
import { EnginePlace, type RecordKind, type StoreCounts } from "./engine-place.ts";

const spread = z.object({ p50: z.number(), p99: z.number() });
const answered = z.object({ result: z.looseObject({}) });
const loadResult = z.object({
  ms: z.number(),
  total: spread,
  toWaiting: spread,
  approved: spread,
  decided: spread,
});
const parkResult = z.object({ ms: z.number() });
const memoryResult = z.object({ residentMb: z.number(), heapMb: z.number() });
export type LoadResult = z.infer<typeof loadResult>;

/** What something cost, per run. */
export interface CostPerRun {
  readonly appCpuMs: number;
  readonly storeCpuMs: number;
  /** SQLite's that wait for the disk, or PostgreSQL's that wrote. */
  readonly commits: number;
  readonly walKb: number;
  readonly redisCommands: number;
}

/** An engine in a process of its own, with its stores; commands by name, costs from outside. */
export class MeasuredEngine {
  readonly place: EnginePlace;
  readonly #children = new Children();
  #child: Child | undefined;

  readonly #fullPath: boolean;

  constructor(kind: RecordKind, o: { readonly fullPath: boolean } = { fullPath: false }) {
    this.place = new EnginePlace(kind);
    this.#fullPath = o.fullPath;
  }

  async start(): Promise<void> {
    await this.place.start();
    const { redisUrl, postgresUrl, folder } = this.place;
    this.#child = await this.#children.start("./engine-load.ts", [
      JSON.stringify({ redisUrl, postgresUrl, folder, fullPath: this.#fullPath }),
    ]);
  }

  async stop(): Promise<void> {
    await this.#children.stop();
    await this.place.stop();
  }

  /** So many runs, one after the other or `inFlight` at a time, each approved as soon as it waits. */
  async load(o: { readonly prefix: string; readonly runs: number; readonly inFlight: number }) {
    const [result, cost] = await this.#costOf(o.runs, () => this.#ask({ type: "throughput", ...o }));
    await this.#ask({ type: "check", prefix: o.prefix, runs: o.runs });
    return { ...loadResult.parse(result), cost };
  }

  /** Starts runs and leaves them waiting for their approval. Milliseconds. */
  async park(o: { readonly prefix: string; readonly runs: number }): Promise<number> {
    return parkResult.parse(await this.#ask({ type: "park", inFlight: 100, ...o })).ms;
  }

  /** Approves parked runs, so many per second, and waits until they are done. */
  async decide(o: {
    readonly prefix: string;
    readonly first: number;
    readonly runs: number;
    readonly perSecond: number;
  }): Promise<LoadResult> {
    return loadResult.parse(await this.#ask({ type: "decide", ...o }));
  }

  /** Memory of the engine's process, garbage collected. */
  async memory(): Promise<z.infer<typeof memoryResult>> {
    return memoryResult.parse(await this.#ask({ type: "collect" }));
  }

  /** CPU of engine and stores while `call` runs, in per cent of a core. */
  async cpuPercent(call: () => Promise<unknown>): Promise<{ readonly app: number; readonly store: number }> {
    const started = performance.now();
    const [, cost] = await this.#costOf(1, async () => {
      await call();
    });
    const percent = 100 / (performance.now() - started);
    return { app: cost.appCpuMs * percent, store: cost.storeCpuMs * percent };
  }

  async #costOf<T>(runs: number, call: () => Promise<T>): Promise<readonly [T, CostPerRun]> {
    const [before, counted, used] = [await this.#usage(), await this.place.counts(), this.place.usage()];
    const result = await call();
    const [after, counts, use] = [await this.#usage(), await this.place.counts(), this.place.usage()];
    const per = (seen: StoreCounts, was: StoreCounts, key: keyof StoreCounts): number =>
      (seen[key] - was[key]) / runs;
    return [
      result,
      {
        appCpuMs: (after.cpu - before.cpu) / runs,
        storeCpuMs: (use.cpuMs - used.cpuMs) / runs,
        commits: (after.full - before.full) / runs + per(counts, counted, "commits"),
        walKb: per(counts, counted, "walKb"),
        redisCommands: per(counts, counted, "redisCommands"),
      },
    ];
  }

  async #usage(): Promise<Usage> {
    return this.#running().usage();
  }
  async #ask(message: object): Promise<object> {
    const answer = await this.#running().ask(message);
    const parsed = answered.safeParse(answer);
    if (!parsed.success) {
      throw new Error(`the engine's process said ${JSON.stringify(answer)}`);
    }
    return parsed.data.result;
  }
  #running(): Child {
    if (this.#child === undefined) {
      throw new Error("the engine is not started");
    }
    return this.#child;
  }
}
