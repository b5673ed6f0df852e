/** Counts of a side's processes, each of which starts again from nothing. */
export class Refusals {
  readonly kept: Record<string, number> = {};
  present: Readonly<Record<string, number>> = {};

  keep(): void {
    for (const [code, count] of Object.entries(this.present)) {
      this.kept[code] = (this.kept[code] ?? 0) + count;
    }
    this.present = {};
  }
}

/** All together, by code. */
export function total(refusals: readonly Refusals[]): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {};
  for (const { kept, present } of refusals) {
    for (const [code, count] of [...Object.entries(kept), ...Object.entries(present)]) {
      sum[code] = (sum[code] ?? 0) + count;
    }
  }
  return sum;
}
