import type { AgentId } from "../domain.ts";

interface Given {
  readonly id: string;
  readonly agent: AgentId;
  readonly instance: string;
}

/** Which requests each instance has in hand. */
export class InFlight {
  readonly #given = new Map<string, Given & { readonly at: number }>();
  readonly #counts = new Map<string, number>();

  count(agent: AgentId, instance: string): number {
    return this.#counts.get(keyOf(agent, instance)) ?? 0;
  }

  /** A request that another had is that one's no more. */
  add(given: Given, at: number): void {
    this.delete([given.id]);
    this.#given.set(given.id, { ...given, at });
    this.#change(given, 1);
  }

  /** Forgets requests; how many places that has freed, by agent. */
  delete(ids: readonly string[]): ReadonlyMap<AgentId, number> {
    const freed = new Map<AgentId, number>();
    for (const id of ids) {
      const found = this.#given.get(id);
      if (found !== undefined) {
        this.#given.delete(id);
        this.#change(found, -1);
        freed.set(found.agent, (freed.get(found.agent) ?? 0) + 1);
      }
    }
    return freed;
  }

  /** What the record says counts, but for requests given out since `since`: they may not stand there yet. */
  replace(recorded: readonly Given[], since: number): void {
    const recent = [...this.#given.values()].filter(({ at }) => at >= since);
    this.#given.clear();
    this.#counts.clear();
    recorded.forEach((each) => this.add(each, since - 1));
    recent.forEach((each) => this.add(each, each.at));
  }

  #change({ agent, instance }: Given, by: 1 | -1): void {
    const key = keyOf(agent, instance);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }
}

function keyOf(agent: AgentId, instance: string): string {
  return `${agent}/${instance}`;
}
