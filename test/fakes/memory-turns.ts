import type { PersonId, Run, RunId } from "../../src/domain.ts";

/** Runs in progress and runs that wait for their turn, as the record counts them. */

const isHeld = (run: Run): boolean => run.held === true && run.status === "running";

export function progressOf(runs: Iterable<Run>): { inProgress: number; held: number } {
  const busy = [...runs].filter(({ status }) => status === "running" || status === "compensating");
  const held = busy.filter(isHeld).length;
  return { inProgress: busy.length - held, held };
}

/** Of every requester the first that came, then of every one the second, and so on. */
export function heldInTurns(
  runs: Iterable<Run>,
  limit: number,
): readonly { readonly run: RunId; readonly requester: PersonId }[] {
  const turns = new Map<PersonId, number>();
  const held = [...runs].filter(isHeld).toSorted((a, b) => a.createdAt - b.createdAt);
  return held
    .map(({ id: run, requester }) => {
      const turn = (turns.get(requester) ?? 0) + 1;
      turns.set(requester, turn);
      return { run, requester, turn };
    })
    .toSorted((a, b) => a.turn - b.turn)
    .slice(0, limit)
    .map(({ run, requester }) => ({ run, requester }));
}
