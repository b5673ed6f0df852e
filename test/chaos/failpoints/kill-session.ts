import type { FailpointName } from "./failpoints.ts";
import { KillSystem, processOf, type RecordedRun, type Verdict, verdicts } from "./kill-system.ts";

/** Who passes the failpoint is killed there, during a run that ends with this verdict. */
export interface KillCase {
  readonly verdict: Verdict;
  readonly failpoint: FailpointName;
  /** It is passed by a process that was killed before, and starts again. */
  readonly atStart: boolean;
}
export interface KillReport {
  /** Nothing: all is as without faults. */
  readonly faults: readonly string[];
  /** Whether anybody passed the failpoint. */
  readonly isHit: boolean;
  /** Of all processes, when something is wrong. */
  readonly logs: string;
}
interface Running {
  readonly system: KillSystem;
  readonly cases: readonly KillCase[];
  readonly expected: Readonly<Record<Verdict, RecordedRun>>;
}

/** So many orders fit one folder's credit and budget. */
const mostRuns = 60;

/** Kills processes of real systems at failpoints, one of them in each run. */
export class KillSession {
  #running: Promise<Running> | undefined;
  #runs = 0;

  /** Every failpoint of a start and of a run, for each verdict. */
  async cases(): Promise<readonly KillCase[]> {
    return (await this.#open()).cases;
  }

  async run({ verdict, failpoint, atStart }: KillCase): Promise<KillReport> {
    const { system, expected } = await this.#open();
    this.#runs += 1;
    const faults: string[] = [];
    let isHit = false;
    try {
      const killed = await system.kill(failpoint, { verdict, expected: expected[verdict], atStart });
      faults.push(...killed.faults);
      isHit = killed.hit !== undefined;
      if (killed.hit !== undefined && killed.hit.kind !== processOf(failpoint)) {
        faults.push(`killed was process ${killed.hit.pid} "${killed.hit.kind}"`);
      }
    } catch (error) {
      faults.push(String(error));
    }
    const logs = faults.length === 0 ? "" : system.logs();
    if (faults.length > 0 || this.#runs >= mostRuns) {
      faults.push(...(await this.end()));
    }
    return { faults, isHit, logs };
  }

  /** Ends the system that runs, if any; gives what is wrong with its end. */
  async end(): Promise<readonly string[]> {
    const running = await this.#running?.catch(() => undefined);
    this.#running = undefined;
    this.#runs = 0;
    if (running === undefined) {
      return [];
    }
    try {
      return await running.system.stop();
    } finally {
      await running.system.remove();
    }
  }

  #open(): Promise<Running> {
    this.#running ??= open();
    return this.#running;
  }
}

async function open(): Promise<Running> {
  const system = new KillSystem();
  try {
    const start = await system.start();
    const expected = { approved: await system.record("approved"), rejected: await system.record("rejected") };
    const inRuns = new Set(verdicts.flatMap((verdict) => expected[verdict].passed.map(operationOf)));
    const cases = [
      ...start
        .filter((failpoint) => !inRuns.has(operationOf(failpoint)))
        .map((failpoint) => ({ verdict: "approved", failpoint, atStart: true }) as const),
      ...verdicts.flatMap((verdict) =>
        expected[verdict].passed.map((failpoint) => ({ verdict, failpoint, atStart: false })),
      ),
    ];
    return { system, cases, expected };
  } catch (error) {
    await system.remove();
    throw error;
  }
}

/** "supply.store.perform" */
function operationOf(failpoint: FailpointName): string {
  return failpoint.slice(failpoint.indexOf(":") + 1, failpoint.lastIndexOf("#"));
}

/** What work is made of: of these one case before and one after, of all others one of the two. */
const ofWork = /\.(createRun|saveRun|perform|transact|placeOrder|notify|add|post)$/;

/** Of each operation of the bot, and of the agents with the gateway, which is one of them: wherever in a run. */
export function oneOfEachKind(cases: readonly KillCase[]): readonly KillCase[] {
  const kinds = Map.groupBy(cases, ({ failpoint }) => {
    const operation = operationOf(failpoint);
    const actor = processOf(failpoint) === "bot" ? "bot" : "agent";
    return `${actor}${operation.slice(operation.indexOf("."))}`;
  });
  return [...kinds].flatMap(([kind, all], index) => {
    const share = ((index * 7) % kinds.size) / kinds.size;
    const one = (moment: "before" | "after"): readonly KillCase[] => {
      const those = all.filter(({ failpoint }) => failpoint.startsWith(moment));
      return those.slice(Math.floor(share * those.length)).slice(0, 1);
    };
    return ofWork.test(kind)
      ? [...one("before"), ...one("after")]
      : one(index % 2 === 0 ? "before" : "after");
  });
}
