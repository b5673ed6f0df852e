import { canonicalJson } from "../../../src/canonical.ts";
import type { JournalRecord } from "../../../src/journal.ts";
import { differences, type Outcome, withoutRunIds } from "../outcome.ts";

/** What differs from course to course by its nature: times, hashes over them, and how often something was tried. */
const passing = new Set(["at", "bookedAt", "planHash", "messageId", "hash", "attempt", "ms", "stale"]);
/** What may be said and read again: of these it counts that they are there. */
const repeatable = new Set(["envelope", "step", "model"]);

/** A row as text, without what differs by its nature. */
export function businessText(row: object, runs: readonly string[]): string {
  const kept = Object.entries(row).filter(([name]) => !passing.has(name));
  return withoutRunIds(canonicalJson(Object.fromEntries(kept)), runs);
}

/** What a journal says of these runs, by kind, whoever wrote it in whichever life. */
export function journalRows(
  name: string,
  records: readonly Pick<JournalRecord, "kind" | "facts" | "writer">[],
  runs: readonly string[],
): Outcome {
  const found: Record<string, readonly string[]> = {};
  for (const [kind, ofKind] of Map.groupBy(records, (record) => record.kind)) {
    const rows = ofKind.map(({ facts, writer }) => ({
      again: repeatable.has(kind) || facts["effect"] === "read",
      text: businessText({ ...facts, writer: writer.replace(/-[^-]+$/, "") }, runs),
    }));
    const once = rows.filter(({ again }) => !again).map(({ text }) => text);
    const sets = new Set(rows.filter(({ again }) => again).map(({ text }) => text));
    found[`journal of the ${name}: ${kind}`] = [...once, ...sets].toSorted();
  }
  return found;
}

/** What one has and the other has not, under whatever name. */
export function allDifferences(expected: Outcome, found: Outcome): readonly string[] {
  return differences({ ...namesOf(found), ...expected }, { ...namesOf(expected), ...found });
}
function namesOf(outcome: Outcome): Outcome {
  return Object.fromEntries(Object.keys(outcome).map((name) => [name, []]));
}
