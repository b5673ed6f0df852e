/** The rows of a table written as text: one per line, cells separated by "|", in the order of `columns`. */
export function textTable<const C extends string>(columns: readonly C[], table: string): Record<C, string>[] {
  return table
    .trim()
    .split("\n")
    .map((line) => {
      const cells = line.split("|").map((cell) => cell.trim());
      if (cells.length !== columns.length) {
        throw new Error(`a demo table's row has ${cells.length} cells instead of ${columns.length}: ${line}`);
      }
      return Object.fromEntries(columns.map((column, index) => [column, cells[index]])) as Record<C, string>;
    });
}
