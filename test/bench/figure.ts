/** One line of the benchmark: a median, and beside it the limit that was measured in the same run. */
export interface Figure {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  /** How many values the median is of. */
  readonly n: number;
  readonly min?: number;
  readonly max?: number;
  /** What it must stay under. */
  readonly target?: number;
  /** What it must reach. */
  readonly atLeast?: number;
  /** What cannot be beaten here, in the same unit, and what it consists of. */
  readonly limit?: { readonly value: number; readonly of: string };
  readonly note?: string;
}

/** The smallest value that at least `share` (0 … 1) of the values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** A figure from its values: median, smallest and largest. */
export function figure(
  id: string,
  unit: string,
  values: readonly number[],
  more: Pick<Figure, "target" | "atLeast" | "limit" | "note"> = {},
): Figure {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  return { id, value: median(values), unit, n: values.length, min, max, ...more };
}

/** Prints a figure at once: as a line for people, or as a JSON line. */
export function print(json: boolean, each: Figure): void {
  const round = (value: number): number => Number(value.toPrecision(3));
  if (json) {
    process.stdout.write(`${JSON.stringify(each)}\n`);
    return;
  }
  const spread =
    each.min === undefined || each.n === 1 ? "" : ` (${round(each.min)} … ${round(each.max ?? 0)})`;
  const target =
    each.target === undefined
      ? ""
      : `  target ≤ ${each.target}: ${each.value <= each.target ? "met" : "MISSED"}`;
  const floor =
    each.atLeast === undefined
      ? ""
      : `  target ≥ ${each.atLeast}: ${each.value >= each.atLeast ? "met" : "MISSED"}`;
  const limit =
    each.limit === undefined ? "" : `\n${" ".repeat(6)}limit ${round(each.limit.value)}: ${each.limit.of}`;
  const note = each.note === undefined ? "" : `\n${" ".repeat(6)}${each.note}`;
  process.stdout.write(
    `${each.id.padEnd(44)} ${String(round(each.value)).padStart(8)} ${each.unit}${spread}  n=${each.n}${target}${floor}${limit}${note}\n`,
  );
}

/** Wall time of a call, in milliseconds. */
async function timed(call: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await call();
  return performance.now() - started;
}
/** The times of `n` calls, one after the other. */
export async function times(
  n: number,
  call: (index: number) => Promise<unknown>,
): Promise<readonly number[]> {
  const values: number[] = [];
  for (let index = 0; index < n; index += 1) {
    values.push(await timed(() => call(index)));
  }
  return values;
}
