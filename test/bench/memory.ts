import { setTimeout as delay } from "node:timers/promises";
import type { BenchSystem } from "./bench-system.ts";
import { type Figure, figure } from "./figure.ts";

const samples = 5;
const pauseMs = 1_000;

/** Memory of all processes of a running system, as the median of five samples a second apart. */
export async function memory(bench: BenchSystem, id: string): Promise<Figure> {
  const seen = [];
  for (let count = 0; count < samples; count += 1) {
    await delay(pauseMs);
    seen.push(bench.memory());
  }
  const shared = seen.at(-1);
  return figure(
    id,
    "MB",
    seen.map((each) => each.resident),
    {
      note:
        `resident, ${shared?.processes ?? 0} processes with launcher and queue; ` +
        `${Math.round(shared?.proportional ?? 0)} MB when pages that several share count once`,
    },
  );
}
