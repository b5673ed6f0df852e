import { farWaitMs, isPutOff } from "../../src/clock-ahead.ts";
import type { Run } from "../../src/domain.ts";
import type { OutboxRow } from "../../src/record-types.ts";

/** Runs that are due, by the time of each, oldest first; then those that a clock which was ahead has put off. */
export function dueFirst(runs: readonly Run[], dueAt: (run: Run) => number, now: number): readonly Run[] {
  return runs
    .filter(
      (run) =>
        dueAt(run) <= now || (Number.isFinite(dueAt(run)) && isPutOff({ ...run, dueAt: dueAt(run) }, now)),
    )
    .toSorted((a, b) => dueAt(a) - dueAt(b));
}

/** The open rows that are due, oldest first. */
export function dueRows<R extends OutboxRow & { readonly open: boolean }>(
  rows: Iterable<R>,
  now: number,
): readonly R[] {
  return [...rows]
    .filter((row) => row.open && (row.dueAt <= now || row.dueAt > now + farWaitMs))
    .toSorted((a, b) => a.dueAt - b.dueAt);
}
