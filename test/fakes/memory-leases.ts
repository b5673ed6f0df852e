import { farWaitMs } from "../../src/clock-ahead.ts";
import type { LeaseRecord } from "../../src/record-types.ts";

/** The record's leases in memory. */
export class MemoryLeases implements LeaseRecord {
  private readonly rows = new Map<string, { holder: string; until: number }>();

  async hold(name: string, holder: string, o: { now: number; leaseMs: number }): Promise<boolean> {
    const row = this.rows.get(name);
    if (row !== undefined && row.holder !== holder && isHeld(row, o.now)) {
      return false;
    }
    this.rows.set(name, { holder, until: o.now + o.leaseMs });
    return true;
  }

  async draw(): Promise<boolean> {
    return true;
  }

  async release(holder: string): Promise<void> {
    [...this.rows].filter(([, row]) => row.holder === holder).forEach(([name]) => this.rows.delete(name));
  }

  async held(prefix: string, now: number): Promise<readonly { name: string; holder: string }[]> {
    return [...this.rows]
      .filter(([name, { until }]) => name.startsWith(prefix) && isHeld({ until }, now))
      .map(([name, { holder }]) => ({ name, holder }));
  }
}

function isHeld({ until }: { readonly until: number }, now: number): boolean {
  return until > now && until <= now + farWaitMs;
}
