import { canonicalHash, canonicalJson, sha256Hex } from "./canonical.ts";
import type { RunId } from "./domain.ts";
import { AppError } from "./errors.ts";
import type { JournalEntry } from "./record-types.ts";

/**
 * The journal's hash chains: one per writer (an incarnation of a process), each record naming the one before it by
 * hash. Pure: databases and witnesses call it.
 */

export interface JournalRecord {
  readonly writer: string;
  /** Counts from 1 within the writer's chain. */
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly run: RunId | null;
  readonly facts: JournalEntry["facts"];
  /** SHA-256 of the body's bytes as stored (sealed in the record); null without a body. */
  readonly bodyHash: string | null;
  /** The hash of the record before, `genesis` for the first. */
  readonly prev: string;
  /** SHA-256 over the canonical JSON of all the fields above. */
  readonly hash: string;
}
/** As read from a database, with the bytes that `bodyHash` speaks of. */
export interface StoredJournalRecord extends JournalRecord {
  readonly body: Uint8Array | null;
}
export interface ChainHead {
  readonly writer: string;
  /** The last record's; 0 before the first. */
  readonly seq: number;
  readonly hash: string;
}
/** What a witness signs: how far every chain had come. */
export interface CheckpointStatement {
  readonly tag: "countersign/checkpoint/1";
  readonly heads: readonly ChainHead[];
  /** ISO 8601 UTC */
  readonly at: string;
}
/** "missing" and "tail-missing" name the first record that is not there; "rewritten" is at or before `seq`. */
export interface BadRecord {
  readonly writer: string;
  readonly seq: number;
  readonly problem: "altered" | "missing" | "tail-missing" | "rewritten";
}
export type ChainVerdict =
  | { readonly ok: true; readonly head: ChainHead }
  | { readonly ok: false; readonly firstBad: BadRecord };

export const genesis = "0".repeat(64);

/** The head of a chain that has no record yet. */
export function emptyChain(writer: string): ChainHead {
  return { writer, seq: 0, hash: genesis };
}

/** The next record of a chain. */
export function nextRecord(
  head: ChainHead,
  at: number,
  entry: Pick<JournalRecord, "kind" | "run" | "facts">,
  body: Uint8Array | null,
): JournalRecord {
  const content = {
    writer: head.writer,
    seq: head.seq + 1,
    at,
    kind: entry.kind,
    run: entry.run,
    facts: entry.facts,
    bodyHash: body === null ? null : sha256Hex(body),
    prev: head.hash,
  };
  return { ...content, hash: sha256Hex(contentText(content)) };
}

/** An escaped half of a surrogate pair, which canonical JSON refuses; also what only looks like one. */
const loneSurrogate = /\\ud[89a-f]/;

/**
 * The canonical JSON of a new record, in a third of the time: its fields are named here in their order. Verifying does
 * without it.
 */
function contentText({
  at,
  bodyHash,
  facts,
  kind,
  prev,
  run,
  seq,
  writer,
}: Omit<JournalRecord, "hash">): string {
  const text = JSON.stringify({ at, bodyHash, facts: inOrder(facts), kind, prev, run, seq, writer });
  return loneSurrogate.test(text)
    ? canonicalJson({ at, bodyHash, facts, kind, prev, run, seq, writer })
    : text;
}

/** Names are words of our own, never whole numbers, which would come first. */
function inOrder(facts: JournalRecord["facts"]): JournalRecord["facts"] {
  const ordered: Record<string, JournalRecord["facts"][string]> = {};
  for (const name of Object.keys(facts).toSorted()) {
    const fact = facts[name];
    if (typeof fact === "number" && !Number.isFinite(fact)) {
      throw new AppError(
        "not-json",
        `fact "${name}" of a journal record is ${fact}, expected a finite number`,
      );
    }
    if (fact !== undefined) {
      ordered[name] = fact;
    }
  }
  return ordered;
}

/** Whether the records, in order, continue the chain of one writer from `from`; names the first that does not. */
export function verifyChain(
  records: Iterable<JournalRecord | StoredJournalRecord>,
  from: ChainHead,
): ChainVerdict {
  let head = from;
  for (const record of records) {
    const firstBad = problemAfter(head, record);
    if (firstBad !== null) {
      return { ok: false, firstBad };
    }
    head = { writer: head.writer, seq: record.seq, hash: record.hash };
  }
  return { ok: true, head };
}

function problemAfter(head: ChainHead, record: JournalRecord | StoredJournalRecord): BadRecord | null {
  const { writer } = head;
  const expected = head.seq + 1;
  if (record.writer !== writer || record.seq < expected) {
    return { writer, seq: record.seq, problem: "altered" };
  }
  if (record.seq > expected) {
    return { writer, seq: expected, problem: "missing" };
  }
  const { kind, run, facts, at, seq, bodyHash, prev } = record;
  if (record.hash !== canonicalHash({ writer, seq, at, kind, run, facts, bodyHash, prev })) {
    return { writer, seq, problem: "altered" };
  }
  if ("body" in record && bodyHash !== (record.body === null ? null : sha256Hex(record.body))) {
    return { writer, seq, problem: "altered" };
  }
  if (prev !== head.hash) {
    // This record is sound in itself and vouches for another one before it: that one was altered and hashed anew.
    return { writer, seq: Math.max(head.seq, 1), problem: "altered" };
  }
  return null;
}

/**
 * What a witness asks before it signs: does every chain of `next` continue `prev` by exactly these records (in any
 * order of writers, each writer's in order), with no chain lost and nothing left over?
 */
export function extendsHeads(
  prev: readonly ChainHead[],
  next: readonly ChainHead[],
  between: readonly JournalRecord[],
): { readonly ok: true } | { readonly ok: false; readonly firstBad: BadRecord } {
  const ends = new Map(next.map((head) => [head.writer, head]));
  const starts = new Map(prev.map((head) => [head.writer, head]));
  const records = Map.groupBy(between, (record) => record.writer);
  for (const writer of new Set([...starts.keys(), ...ends.keys(), ...records.keys()])) {
    const start = starts.get(writer) ?? emptyChain(writer);
    const end = ends.get(writer);
    const verdict = verifyChain(records.get(writer) ?? [], start);
    if (!verdict.ok) {
      return verdict;
    }
    if (end === undefined || end.seq < verdict.head.seq) {
      return bad(writer, (end?.seq ?? 0) + 1, "tail-missing");
    }
    if (end.seq > verdict.head.seq) {
      return bad(writer, verdict.head.seq + 1, "missing");
    }
    if (end.hash !== verdict.head.hash) {
      return bad(writer, end.seq, "altered");
    }
  }
  return { ok: true };
}

function bad(writer: string, seq: number, problem: BadRecord["problem"]): { ok: false; firstBad: BadRecord } {
  return { ok: false, firstBad: { writer, seq, problem } };
}
