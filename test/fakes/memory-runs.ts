import type { Run } from "../../src/domain.ts";
import type { Store } from "../../src/ports.ts";
import { stuckSteps } from "../../src/step-errors.ts";

export function isOpen(run: Run): boolean {
  return ["running", "waiting", "compensating"].includes(run.status);
}

/** Those that are asked for, newest first. */
export function listed(runs: Iterable<Run>, o: Parameters<Store["listRuns"]>[0]): readonly Run[] {
  return [...runs]
    .filter((run) => o.open === undefined || isOpen(run) === o.open)
    .filter((run) => o.stuck !== true || stuckSteps(run).length > 0)
    .filter((run) => o.person === undefined || run.requester === o.person)
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .slice(0, o.limit);
}
