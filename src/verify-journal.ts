import { type BadRecord, type ChainHead, type CheckpointStatement, emptyChain } from "./journal.ts";
import { type JournalRecord, type StoredJournalRecord, verifyChain } from "./journal.ts";

/** A record as it was read; without its body where that was left out. */
export type ReadRecord = JournalRecord | StoredJournalRecord;

export interface JournalReport {
  readonly ok: boolean;
  /** Records read and found good. */
  readonly records: number;
  readonly firstBad: BadRecord | null;
  /** Good records that no checkpoint covers yet. */
  readonly unwitnessed: number;
}

/**
 * Verifies a journal page by page, offline. Records come ordered by writer and sequence number; `checkpoints` were
 * signed by the witness (the caller has verified their signatures): each must hold. Of a `partial` journal only the
 * records that are there are judged, not that none is missing.
 */
export class JournalVerifier {
  readonly #trusted: ReadonlyMap<string, readonly ChainHead[]>;
  readonly #partial: boolean;
  readonly #reached = new Map<string, ChainHead>();
  #good = 0;
  #unwitnessed = 0;
  #firstBad: BadRecord | null = null;

  constructor(checkpoints: readonly CheckpointStatement[], o: { readonly partial?: boolean } = {}) {
    this.#trusted = Map.groupBy(
      checkpoints.flatMap((each) => each.heads),
      ({ writer }) => writer,
    );
    this.#partial = o.partial === true;
  }

  /** False once a record was found bad: what comes after it says nothing. */
  add(page: readonly ReadRecord[]): boolean {
    for (const [writer, records] of Map.groupBy(page, (record) => record.writer)) {
      this.#firstBad ??= this.#addOf(writer, records);
    }
    return this.#firstBad === null;
  }

  /** `heads` are the database's own, as they were before the first record was read. */
  end(heads: readonly ChainHead[]): JournalReport {
    this.#firstBad ??= this.#missing(heads);
    return {
      ok: this.#firstBad === null,
      records: this.#good,
      firstBad: this.#firstBad,
      unwitnessed: this.#unwitnessed,
    };
  }

  #addOf(writer: string, records: readonly ReadRecord[]): BadRecord | null {
    const trusted = this.#trusted.get(writer) ?? [];
    const witnessed = trusted.reduce((most, { seq }) => Math.max(most, seq), 0);
    let head = this.#reached.get(writer) ?? emptyChain(writer);
    for (const record of records) {
      const isGap = this.#partial && record.seq > head.seq + 1;
      const from = isGap ? { writer, seq: record.seq - 1, hash: record.prev } : head;
      const verdict = verifyChain([record], from);
      if (!verdict.ok) {
        return verdict.firstBad;
      }
      head = verdict.head;
      if (trusted.some((each) => contradicts(head, each))) {
        return { writer, seq: head.seq, problem: "rewritten" };
      }
      this.#good += 1;
      this.#unwitnessed += head.seq > witnessed ? 1 : 0;
    }
    this.#reached.set(writer, head);
    return null;
  }

  #missing(heads: readonly ChainHead[]): BadRecord | null {
    for (const head of [...heads, ...[...this.#trusted.values()].flat()]) {
      const { writer, seq } = head;
      const end = this.#reached.get(writer) ?? emptyChain(writer);
      if (end.seq < seq && !this.#partial) {
        return { writer, seq: end.seq + 1, problem: "tail-missing" };
      }
      if (contradicts(end, head)) {
        return { writer, seq, problem: "altered" };
      }
    }
    return null;
  }
}

/** Verifies a whole journal, which is read in pages after its heads. */
export async function verifyJournal(
  pages: AsyncIterable<readonly ReadRecord[]>,
  heads: readonly ChainHead[],
  checkpoints: readonly CheckpointStatement[],
): Promise<JournalReport> {
  const verifier = new JournalVerifier(checkpoints);
  for await (const page of pages) {
    if (!verifier.add(page)) {
      break;
    }
  }
  return verifier.end(heads);
}

/** A chain that has another hash at the place a trusted head speaks of was rewritten there or before. */
function contradicts(head: ChainHead, trusted: ChainHead): boolean {
  return head.seq === trusted.seq && head.hash !== trusted.hash;
}
