/** Small values as a database keeps them; hand the same object to a "restarted" part. */
export class MemoryValues {
  readonly values = new Map<string, string>();

  async getValue(key: string): Promise<string | undefined> {
    return this.values.get(key);
  }

  async getValues(prefix: string): Promise<ReadonlyMap<string, string>> {
    const found = [...this.values].filter(([key]) => key.startsWith(prefix));
    return new Map(found.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  async setValue(key: string, value: string): Promise<void> {
    this.values.set(key, value);
  }
}
