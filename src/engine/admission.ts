import type { PersonId, Run, RunId } from "../domain.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import { FairShares } from "../fair-shares.ts";
import type { Logger, Store } from "../ports.ts";
import { isInProgress } from "./plan.ts";

/** How many runs are worked on at a time, and how many may wait for their turn. */
export interface RunBounds {
  readonly inProgress: number;
  readonly waiting: number;
}
export interface AdmissionOptions {
  readonly store: Pick<Store, "progress" | "heldRuns">;
  readonly bounds: RunBounds;
  /** A requester's share of the places where there is not room for all. */
  readonly shareOf: (person: PersonId) => number;
  /** While it is true nothing that waits is begun. */
  readonly frozen: () => boolean;
  /** Begins a run that waits; nothing when another bot has. */
  readonly begin: (run: RunId) => Promise<unknown>;
  readonly log: Logger;
}
/** Who may begin: of new runs so many, the others wait in the record, and beyond those requests are refused. */
export interface Admission {
  /** Whether a new run waits; throws "too-many-requests". */
  holds(): boolean;
  /** A commit has made this run of that one (undefined: it is new). */
  saved(before: Run | undefined, after: Run): void;
  /** Counts, and begins of those that wait as many as there is room for. */
  admit(): Promise<void>;
}

/** Begun in one go at most: what people do meanwhile waits behind these. */
const mostAtOnce = 50;
/** So many are looked at for each that can begin: those of few requesters come in an order of their own. */
const lookedAt = 4;

/**
 * What bots begin between two counts they know of each other only at the next one: the bounds may be passed by that. Runs
 * that wait for a person are not in progress, and what a person has decided goes on in any case.
 */
export function createAdmission(options: AdmissionOptions): Admission {
  const { store, bounds, log } = options;
  const shares = new FairShares(options.shareOf);
  /** Runs that could not be begun: until the next start they take nobody's turn. */
  const broken = new Set<RunId>();
  let inProgress = 0;
  let held = 0;
  let admitting: Promise<void> | undefined;

  async function admitNow(): Promise<void> {
    for (;;) {
      ({ inProgress, held } = await store.progress());
      const room = Math.min(bounds.inProgress - inProgress, mostAtOnce);
      if (held === 0 || room <= 0 || options.frozen()) {
        return;
      }
      const found = await store.heldRuns(room * lookedAt);
      const chosen = inTurn(
        found.filter(({ run }) => !broken.has(run)),
        room,
      );
      if (chosen.length === 0) {
        return;
      }
      const begun = await Promise.all(chosen.map(begin));
      if (begun.includes(false)) {
        return;
      }
    }
  }

  /** False when it is to be tried again at the next count. */
  async function begin(run: RunId): Promise<boolean> {
    try {
      await options.begin(run);
      return true;
    } catch (error) {
      const { code, retryable } = toErrorInfo(error);
      log.error({ run, code }, "run-not-begun");
      if (!retryable) {
        broken.add(run);
      }
      return !retryable;
    }
  }

  function inTurn(found: Awaited<ReturnType<Store["heldRuns"]>>, room: number): readonly RunId[] {
    const waiting = new Map(
      Object.entries(Object.groupBy(found, ({ requester }) => requester)).map(([who, own = []]) => [
        who,
        own.map(({ run }) => run),
      ]),
    );
    const chosen: RunId[] = [];
    while (chosen.length < room && waiting.size > 0) {
      const who = shares.next(waiting.keys()) ?? "";
      const [run, ...rest] = waiting.get(who) ?? [];
      chosen.push(...(run === undefined ? [] : [run]));
      if (rest.length === 0) {
        waiting.delete(who);
      } else {
        waiting.set(who, rest);
      }
    }
    return chosen;
  }

  const admit = (): Promise<void> => {
    admitting ??= admitNow().finally(() => {
      admitting = undefined;
    });
    return admitting;
  };

  return {
    holds() {
      if (held === 0 && inProgress < bounds.inProgress) {
        return false;
      }
      if (held >= bounds.waiting) {
        throw new AppError(
          "too-many-requests",
          `${held} requests wait for their turn already: ask again when some of them are done`,
          { retryable: true },
        );
      }
      return true;
    },
    saved(before, after) {
      const count = (run: Run | undefined, is: (run: Run) => boolean): number =>
        run !== undefined && is(run) ? 1 : 0;
      inProgress += count(after, isInProgress) - count(before, isInProgress);
      held += count(after, isHeld) - count(before, isHeld);
      // A few places at a time: asking who comes next costs more than a place that is empty for a moment.
      const enough = Math.ceil(Math.min(mostAtOnce, bounds.inProgress / lookedAt));
      if (held > 0 && bounds.inProgress - inProgress >= enough && admitting === undefined) {
        admit().catch((error: unknown) => {
          log.warn({ code: toErrorInfo(error).code }, "waiting-runs-not-begun");
        });
      }
    },
    admit,
  };
}

function isHeld({ held, status }: Run): boolean {
  return held === true && status === "running";
}
