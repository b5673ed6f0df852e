/** So much is read from the database at a time. */
const maxBytes = 4_000_000;

/** The first items of a query, up to the one with which they are large. */
export function takePage<T>(items: Iterable<T>, sizeOf: (item: T) => number): T[] {
  const page: T[] = [];
  let size = 0;
  for (const item of items) {
    page.push(item);
    size += sizeOf(item);
    if (size >= maxBytes) break;
  }
  return page;
}

/** How much a text column of a row has. */
export function textSize(row: Record<string, unknown>, column: string): number {
  const value = row[column];
  return typeof value === "string" ? value.length : 0;
}
