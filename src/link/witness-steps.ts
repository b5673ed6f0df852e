import { witnessStepRecords } from "../checkpoint-schema.ts";
import type { ChainHead, CheckpointStatement, JournalRecord } from "../journal.ts";

/** The journal that is to be witnessed; committed records only. */
export interface JournalSource {
  heads(): Promise<readonly ChainHead[]>;
  /** Up to `limit` records beyond the heads, each writer's in order; a writer without a head from its start. */
  after(heads: readonly ChainHead[], limit: number): Promise<readonly JournalRecord[]>;
}
/** What one request asks the witness to sign. */
export interface CheckpointStep {
  readonly statement: CheckpointStatement;
  readonly records: readonly JournalRecord[];
}

/** How many records the chains have beyond the known heads. */
export function unwitnessed(known: readonly ChainHead[], heads: readonly ChainHead[]): number {
  const seen = new Map(known.map((head) => [head.writer, head.seq]));
  return heads.reduce((sum, { writer, seq }) => sum + Math.max(0, seq - (seen.get(writer) ?? 0)), 0);
}

/**
 * The next records after the known heads, and the heads after them. Undefined when there is nothing to sign: no new
 * record but `own` ones, and no known head contradicted. A head that the journal contradicts is given as the journal
 * has it: that is the witness's to refuse.
 */
export async function nextStep(
  source: JournalSource,
  known: readonly ChainHead[],
  own: (record: JournalRecord) => boolean,
): Promise<{ readonly heads: readonly ChainHead[]; readonly records: readonly JournalRecord[] } | undefined> {
  const now = new Map((await source.heads()).map((head) => [head.writer, head]));
  const records = await source.after(known, witnessStepRecords);
  const contradicted = known.some((head) => {
    const found = now.get(head.writer);
    return (
      found === undefined || found.seq < head.seq || (found.seq === head.seq && found.hash !== head.hash)
    );
  });
  if (!contradicted && records.length < witnessStepRecords && records.every(own)) {
    return undefined;
  }
  const heads = new Map<string, ChainHead>();
  for (const head of known) {
    const found = now.get(head.writer);
    if (found !== undefined) {
      heads.set(head.writer, found.seq > head.seq ? head : found);
    }
  }
  for (const record of records) {
    heads.set(record.writer, headAt(record));
  }
  return { heads: [...heads.values()], records };
}

/** The records from the known heads up to others, as the journal has them now. */
export async function recordsUpTo(
  source: JournalSource,
  known: readonly ChainHead[],
  ends: readonly ChainHead[],
): Promise<readonly JournalRecord[]> {
  const reached = new Map(known.map((head) => [head.writer, head]));
  const wanted = new Map(ends.map((head) => [head.writer, head.seq]));
  const records: JournalRecord[] = [];
  while (ends.some(({ writer, seq }) => seq > (reached.get(writer)?.seq ?? 0))) {
    const page = await source.after([...reached.values()], witnessStepRecords);
    if (page.length === 0) {
      break;
    }
    for (const record of page) {
      reached.set(record.writer, headAt(record));
    }
    records.push(...page.filter(({ writer, seq }) => seq <= (wanted.get(writer) ?? 0)));
  }
  return records;
}

function headAt({ writer, seq, hash }: JournalRecord): ChainHead {
  return { writer, seq, hash };
}
