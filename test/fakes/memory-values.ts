/** Small values as a database keeps them; hand the same object to a "restarted" part. */
export class MemoryValues {
  readonly values = new Map<string, string>();

  async getValue(key: string): Promise<string | undefined> {
    return this.values.get(key);
  }

  async setValue(key: string, value: string): Promise<void> {
    this.values.set(key, value);
  }
}
