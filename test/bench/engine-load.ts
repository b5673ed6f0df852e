import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { z } from "zod";
import { type EngineApp, openEngineApp, type RunTrace } from "./engine-app.ts";
import { percentile } from "./figure.ts";

/** The process that is measured: the engine and whoever asks it for runs. Commands come from `engine.ts`. */

const command = z.discriminatedUnion("type", [
  z.object({ type: z.literal("throughput"), prefix: z.string(), runs: z.number(), inFlight: z.number() }),
  z.object({ type: z.literal("park"), prefix: z.string(), runs: z.number(), inFlight: z.number() }),
  z.object({
    type: z.literal("decide"),
    prefix: z.string(),
    first: z.number(),
    runs: z.number(),
    perSecond: z.number(),
  }),
  z.object({ type: z.literal("check"), prefix: z.string(), runs: z.number() }),
  z.object({ type: z.literal("collect") }),
]);
const place = z.object({
  redisUrl: z.string(),
  postgresUrl: z.string().optional(),
  folder: z.string(),
  fullPath: z.boolean(),
});

const spread = (values: readonly number[]) => ({
  p50: percentile(values, 0.5),
  p99: percentile(values, 0.99),
});
const nameOf = (prefix: string, index: number): string => `${prefix}${index}`;

async function oneRun(app: EngineApp, run: string): Promise<RunTrace> {
  await app.park(run);
  return app.approve(run);
}

/** Calls `one` for 0 … count - 1, so many at a time. */
async function inParallel(
  count: number,
  atATime: number,
  one: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await one(next - 1);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, count) }, lane));
}

function timesOf(traces: readonly RunTrace[]) {
  return {
    total: spread(traces.map((each) => each.doneAt - each.startedAt)),
    toWaiting: spread(traces.map((each) => each.waitingAt - each.startedAt)),
    approved: spread(traces.map((each) => each.doneAt - each.decidedAt)),
    decided: spread(traces.map((each) => each.nextAt - each.decidedAt)),
  };
}

function memoryOf({ rss, heapUsed }: NodeJS.MemoryUsage) {
  return { residentMb: rss / 1_048_576, heapMb: heapUsed / 1_048_576 };
}

async function obey(app: EngineApp, message: z.infer<typeof command>): Promise<object> {
  const startedAt = performance.now();
  const traces: RunTrace[] = [];
  switch (message.type) {
    case "throughput": {
      const { prefix, runs, inFlight } = message;
      await inParallel(runs, inFlight, async (index) => {
        traces.push(await oneRun(app, nameOf(prefix, index)));
      });
      return { ms: performance.now() - startedAt, ...timesOf(traces) };
    }
    case "park": {
      const { prefix, runs, inFlight } = message;
      await inParallel(runs, inFlight, async (index) => {
        await app.park(nameOf(prefix, index));
        app.forget(nameOf(prefix, index));
      });
      return { ms: performance.now() - startedAt };
    }
    case "decide": {
      const { prefix, first, runs, perSecond } = message;
      const all = Array.from({ length: runs }, async (_, index) => {
        await delay((index * 1_000) / perSecond);
        const run = nameOf(prefix, first + index);
        app.follow(run);
        traces.push(await app.approve(run));
      });
      await Promise.all(all);
      return { ms: performance.now() - startedAt, ...timesOf(traces) };
    }
    case "check":
      await inParallel(message.runs, 8, (index) => app.assertDone(nameOf(message.prefix, index)));
      return {};
    case "collect":
      collectGarbage();
      return memoryOf(process.memoryUsage());
  }
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const given = place.parse(JSON.parse(process.argv[2] ?? "{}"));
const app = await openEngineApp({ ...given, postgresUrl: given.postgresUrl });
process.on("message", (message: unknown) => {
  const known = command.safeParse(message);
  if (known.success) {
    obey(app, known.data).then(
      (result) => process.send?.({ result }),
      (error: unknown) => process.send?.({ failed: String(error) }),
    );
  }
});
process.on("disconnect", () => {
  void app.close().then(() => process.exit());
});
process.send?.({ ready: true, node: process.version });
