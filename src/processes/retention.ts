import type { Database } from "../../adapters/store/database.ts";
import { eraseRuns, eraseTexts, type RecordPlace, runsToErase } from "../../adapters/store/erase-runs.ts";
import type { RecordTables } from "../../adapters/store/record-schema.ts";
import type { CompanyConfig } from "../config.ts";
import { systemTimers } from "../link/timers.ts";
import type { Logger, Prunable } from "../ports.ts";
import { createPruner } from "../pruner.ts";
import type { Repeated } from "../repeat.ts";
import { systemClock } from "./system.ts";

/** Who the journal names for what was erased by time. */
const retentionName = "retention";
const dayMs = 24 * 3_600_000;
/** Runs per time; the rest an hour later. */
const mostRuns = 5_000;

/** The end of what has been kept long enough; undefined where everything is kept. */
export function keptSince({ retention }: CompanyConfig, now: number): number | undefined {
  return retention === undefined ? undefined : now - retention.days * dayMs;
}

/** How many runs that ended before then still have their texts. */
export async function runsKeptFrom<S>(
  database: Database<S> | undefined,
  before: number,
): Promise<{ readonly due: number }> {
  const record = database as unknown as Database<RecordTables> | undefined;
  return { due: record === undefined ? 0 : (await runsToErase(record, { endedBefore: before })).length };
}

/** Erases the texts of runs that ended long enough ago, in the record. */
export function recordRetention(config: CompanyConfig, place: RecordPlace): Prunable {
  return {
    async prune(now) {
      const before = keptSince(config, now);
      if (before === undefined) {
        return 0;
      }
      const runs = await runsToErase(place.database, { endedBefore: before }, { limit: mostRuns });
      const days = config.retention?.days ?? 0;
      await eraseRuns(place, runs, { by: retentionName, reason: `kept for ${days} days` });
      return runs.length;
    },
  };
}

/** The same in an agents' database. */
export function textRetention(config: CompanyConfig, place: Parameters<typeof eraseTexts>[0]): Prunable {
  return {
    async prune(now) {
      const before = keptSince(config, now);
      return before === undefined ? 0 : eraseTexts(place, { before }, retentionName);
    },
  };
}

/** Looks every hour. */
export function retentionPruner(store: Prunable, log: Logger): Repeated {
  return createPruner({ store, clock: systemClock, log, after: (ms, call) => systemTimers.after(ms, call) });
}
