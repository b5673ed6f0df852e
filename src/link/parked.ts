import type { AgentId, PersonId } from "../domain.ts";
import type { OutboxRow } from "../record-types.ts";
import { FairShares } from "../fair-shares.ts";
import { urgencyOf } from "./urgency.ts";

/**
 * Messages that wait for an instance of their agent, never more than `most`. What people wait for goes first; of the
 * others each requester gets a fair share, and of one requester's the first that came.
 */
export class Parked {
  readonly #rows = new Map<string, OutboxRow>();
  readonly #byAgent = new Map<AgentId, Set<string>>();
  readonly #most: number;
  readonly #shares: FairShares;

  constructor(most: number, weightOf?: (person: PersonId) => number) {
    this.#most = most;
    this.#shares = new FairShares(weightOf);
  }

  /** False when there is no room. A row that is there already keeps its place. */
  add(row: OutboxRow): boolean {
    if (!this.#rows.has(row.id) && this.#rows.size >= this.#most) {
      return false;
    }
    this.#rows.set(row.id, row);
    const ids = this.#byAgent.get(row.to) ?? new Set();
    this.#byAgent.set(row.to, ids.add(row.id));
    return true;
  }

  holds(agent: AgentId): boolean {
    return (this.#byAgent.get(agent)?.size ?? 0) > 0;
  }

  delete(id: string): void {
    const row = this.#rows.get(id);
    if (row !== undefined) {
      this.#rows.delete(id);
      this.#byAgent.get(row.to)?.delete(id);
    }
  }

  /** Those of an agent whose turn it is; they wait no more. */
  take(agent: AgentId, count: number): readonly OutboxRow[] {
    const waiting = [...(this.#byAgent.get(agent) ?? [])].flatMap((id) => this.#rows.get(id) ?? []);
    const taken: OutboxRow[] = [];
    for (const urgency of [0, 1, 2]) {
      const byPerson = new Map<PersonId, OutboxRow[]>();
      for (const row of waiting.filter((each) => urgencyOf(each) === urgency)) {
        const own = byPerson.get(row.requester ?? "") ?? [];
        byPerson.set(row.requester ?? "", [...own, row]);
      }
      while (taken.length < count && byPerson.size > 0) {
        const person = this.#shares.next(byPerson.keys()) ?? "";
        const [row, ...rest] = byPerson.get(person) ?? [];
        taken.push(...(row === undefined ? [] : [row]));
        if (rest.length === 0) {
          byPerson.delete(person);
        } else {
          byPerson.set(person, rest);
        }
      }
    }
    taken.forEach(({ id }) => this.delete(id));
    return taken;
  }
}
