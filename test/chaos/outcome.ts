import assert from "node:assert/strict";
import { canonicalJson } from "../../src/canonical.ts";
import type { BookKind } from "../../src/book-rows.ts";
import type { PlanDocument } from "../../src/domain.ts";
import { demoWholesalers } from "../../src/sandbox/company/catalogues.ts";
import { importableKinds } from "../e2e/oracle-company.ts";
import type { OracleDesk } from "../e2e/oracle-desk.ts";
import type { TestSystem } from "../e2e/system.ts";
import { wholesalerControl } from "../e2e/wholesaler-control.ts";

const kinds: readonly BookKind[] = [...importableKinds, "decisions"];
/** What differs from run to run by its nature: times, and hashes over run ids. */
const passing = new Set(["at", "bookedAt", "planHash", "creditAsOf"]);

/** All books and all wholesalers' own lists, by name; run ids replaced by their numbers, so that systems compare. */
export type Outcome = Readonly<Record<string, readonly string[]>>;

export async function readOutcome(
  system: TestSystem,
  desk: OracleDesk,
  runs: readonly string[],
): Promise<Outcome> {
  const text = (row: object): string => {
    const kept = Object.entries(row).filter(([name]) => !passing.has(name));
    return withoutRunIds(canonicalJson(Object.fromEntries(kept)), runs);
  };
  const found: Record<string, readonly string[]> = {};
  for (const kind of kinds) {
    found[kind] = (await desk.rows(kind)).map(text).toSorted();
  }
  for (const { id } of demoWholesalers) {
    const answer = await wholesalerControl(system, id, "orders");
    const { orders } = (await answer.json()) as { orders: readonly object[] };
    found[`orders at ${id}`] = orders.map(text).toSorted();
  }
  return found;
}

/** Every run id as its number, no days and times, and no version in an activity id: it counts what a run went through. */
export function withoutRunIds(text: string, runs: readonly string[]): string {
  return runs
    .reduce((changed, run, index) => changed.replaceAll(run, `run ${index}`), text)
    .replaceAll(/\b20\d\d-\d\d-\d\d(T[\d:.]+Z)?\b/g, "day")
    .replaceAll(/("id":"run \d+-\d+-[a-z-]+)-\d+"/g, '$1"');
}

/** What one has and the other has not, row by row; nothing: they agree. */
export function differences(expected: Outcome, found: Outcome): readonly string[] {
  return Object.keys(expected).flatMap((name) => {
    const missing = surplus(expected[name] ?? [], found[name] ?? []);
    const added = surplus(found[name] ?? [], expected[name] ?? []);
    return [
      ...missing.map((row) => `${name}: missing ${row}`),
      ...added.map((row) => `${name}: added ${row}`),
    ];
  });
}
function surplus(of: readonly string[], over: readonly string[]): readonly string[] {
  const left = [...over];
  return of.filter((row) => {
    const index = left.indexOf(row);
    if (index >= 0) {
      left.splice(index, 1);
    }
    return index < 0;
  });
}

/**
 * For a plan that is another one than without faults, because a wholesaler was away when it was asked for its offer:
 * what was ordered is what that plan says, each once, and what is reserved and held fits the books.
 */
export async function checkByPlan(
  system: TestSystem,
  desk: OracleDesk,
  o: { readonly run: string; readonly document: PlanDocument; readonly approved: boolean },
): Promise<void> {
  const { run, document, approved } = o;
  const planned = approved ? document.orders : [];
  const rows = (await desk.rows("orders")).filter((row) => row.run === run);
  assert.deepEqual(
    rows.map(({ document: text, status }) => `${status} ${text}`).toSorted(),
    planned.map((order) => `confirmed ${canonicalJson(order)}`).toSorted(),
  );
  const booked: string[] = [];
  for (const { id } of demoWholesalers) {
    const answer = await wholesalerControl(system, id, "orders");
    const { orders } = (await answer.json()) as { orders: readonly { reference: string; total: string }[] };
    booked.push(...orders.map(({ reference, total }) => `${id} ${reference} ${total}`));
  }
  assert.deepEqual(
    booked.filter((each) => each.includes(` ${run}-`)).toSorted(),
    planned.map(({ supplier, id, total }) => `${supplier} ${id} ${total.amount}`).toSorted(),
  );
  const books = await desk.read();
  if (approved) {
    desk.check(books, { run, document });
  } else {
    const own = [...books.reservations, ...books.commitments].filter((row) => row.run === run);
    assert.deepEqual(
      own.filter((row) => row.status !== "released"),
      [],
    );
  }
}
