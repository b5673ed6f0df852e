import type { ChainHead, JournalRecord } from "../../src/journal.ts";
import { emptyChain, nextRecord } from "../../src/journal.ts";

/** Chains of a journal in memory, as a database keeps them. */
export class SampleJournal {
  readonly chains = new Map<string, JournalRecord[]>();

  /** Appends records to a writer's chain and gives them. */
  add(writer: string, count: number, run = "run1"): readonly JournalRecord[] {
    const chain = this.chains.get(writer) ?? [];
    this.chains.set(writer, chain);
    const from = chain.length;
    for (let index = 0; index < count; index += 1) {
      const entry = { kind: "step", run, facts: { index: from + index } };
      chain.push(nextRecord(this.head(writer), 1_000 + index, entry, null));
    }
    return chain.slice(from);
  }

  head(writer: string): ChainHead {
    const last = this.chains.get(writer)?.at(-1);
    return last === undefined ? emptyChain(writer) : { writer, seq: last.seq, hash: last.hash };
  }

  async heads(): Promise<readonly ChainHead[]> {
    return [...this.chains.keys()].toSorted().map((writer) => this.head(writer));
  }

  async after(heads: readonly ChainHead[], limit: number): Promise<readonly JournalRecord[]> {
    const known = new Map(heads.map((head) => [head.writer, head.seq]));
    return [...this.chains.keys()]
      .toSorted()
      .flatMap((writer) =>
        (this.chains.get(writer) ?? []).filter((record) => record.seq > (known.get(writer) ?? 0)),
      )
      .slice(0, limit);
  }
}
