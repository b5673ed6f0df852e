const newline = 0x0a;
const empty = Buffer.alloc(0);
const smallest = 1_024;
const maxVerb = 64;
const verbEnds: ReadonlySet<number> = new Set([0x3a, 0x20, 0x0d]); // ":", blank, carriage return

/** Collects the bytes of an unfinished line in one piece of memory, whatever pieces they come in. */
export class LineBuffer {
  #bytes: Buffer = empty;
  #length = 0;

  /** Bytes of memory in use. */
  get size(): number {
    return this.#bytes.length;
  }

  /**
   * Adds bytes that hold no newline; false, without them, when the line would be longer than `max`. A line that came in
   * one piece, to be taken at once (`ends`), is not copied.
   */
  add(bytes: Buffer, max: number, ends: boolean): boolean {
    const length = this.#length + bytes.length;
    if (length > max) return false;
    if (ends && this.#length === 0) {
      this.#bytes = bytes;
      this.#length = length;
      return true;
    }
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(max, Math.max(smallest, 2 * length)));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
    return true;
  }

  /** True when the line begins with more than any verb is long. */
  get hasLongVerb(): boolean {
    if (this.#length <= maxVerb) return false;
    for (let i = 0; i <= maxVerb; i++) if (verbEnds.has(this.#bytes[i] ?? 0)) return false;
    return true;
  }

  /** The line so far, which begins anew. */
  take(): string {
    const line = this.#bytes.toString("utf8", 0, this.#length);
    this.clear();
    return line;
  }

  clear(): void {
    this.#bytes = empty;
    this.#length = 0;
  }
}

/** Cuts a chunk at its newlines: what comes before each, then the rest. */
export function* splitLines(chunk: Buffer): Generator<{ readonly bytes: Buffer; readonly ends: boolean }> {
  let start = 0;
  for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
    yield { bytes: chunk.subarray(start, end), ends: true };
    start = end + 1;
  }
  if (start < chunk.length) yield { bytes: chunk.subarray(start), ends: false };
}
