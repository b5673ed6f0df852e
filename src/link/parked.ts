import type { AgentId } from "../domain.ts";
import type { OutboxRow } from "../record-types.ts";

/** Messages that wait for an instance of their agent, first come, first served; never more than `most`. */
export class Parked {
  readonly #rows = new Map<string, OutboxRow>();
  readonly #byAgent = new Map<AgentId, Set<string>>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
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

  /** The longest waiting ones of an agent, which wait no more. */
  take(agent: AgentId, count: number): readonly OutboxRow[] {
    const taken: OutboxRow[] = [];
    for (const id of this.#byAgent.get(agent) ?? []) {
      const row = this.#rows.get(id);
      if (taken.length >= count || row === undefined) {
        break;
      }
      taken.push(row);
    }
    taken.forEach(({ id }) => this.delete(id));
    return taken;
  }
}
