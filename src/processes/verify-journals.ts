import { existsSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { Database } from "../../adapters/store/database.ts";
import { type JournalTables, readChainHeads, readJournalPages } from "../../adapters/store/journal-store.ts";
import type { Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import type { ChainHead, CheckpointStatement } from "../journal.ts";
import { JournalVerifier, type ReadRecord } from "../verify-journal.ts";
import { type DatabaseName, databasePlace, openPlace } from "./databases.ts";

const envelopeSchema = z.object({
  writer: z.string(),
  seq: z.int(),
  direction: z.enum(["in", "out"]),
  peer: z.string(),
  hash: z.string(),
});
/** What one database's journal says: how far it is good, and which envelopes it saw. */
export const journalCheckSchema = z.object({
  name: z.enum(["record", "books", "gateway"]),
  ok: z.boolean(),
  /** Read and found good. */
  records: z.int(),
  firstBad: z
    .object({
      writer: z.string(),
      seq: z.int(),
      problem: z.enum(["altered", "missing", "tail-missing", "rewritten"]),
    })
    .nullable(),
  /** Good, but covered by no checkpoint yet. */
  unwitnessed: z.int(),
  envelopes: z.array(envelopeSchema),
});
export type JournalCheck = z.infer<typeof journalCheckSchema>;
type Envelope = z.infer<typeof envelopeSchema>;

/** An envelope that came in somewhere, though the journal of its sender does not have it. */
export interface Mismatch {
  readonly database: DatabaseName;
  readonly writer: string;
  readonly seq: number;
  readonly sender: string;
  readonly hash: string;
}

/** Verifies a journal page by page against its checkpoints and collects its envelopes. */
export class JournalChecker {
  readonly #name: DatabaseName;
  readonly #verifier: JournalVerifier;
  readonly #envelopes: Envelope[] = [];

  constructor(
    name: DatabaseName,
    checkpoints: readonly CheckpointStatement[],
    o?: { readonly partial?: boolean },
  ) {
    this.#name = name;
    this.#verifier = new JournalVerifier(checkpoints, o);
  }

  /** False once a record was found bad. */
  add(page: readonly ReadRecord[]): boolean {
    for (const { writer, seq, kind, facts } of page) {
      if (kind === "envelope") {
        // The engine names the sender "from".
        const found = envelopeSchema.safeParse({ writer, seq, ...facts, peer: facts.peer ?? facts.from });
        this.#envelopes.push(...(found.success ? [found.data] : []));
      }
    }
    return this.#verifier.add(page);
  }

  end(heads: readonly ChainHead[]): JournalCheck {
    return { name: this.#name, ...this.#verifier.end(heads), envelopes: this.#envelopes };
  }
}

/** The journal of a database, or of one that is not there: then nothing. */
export async function checkJournal<S extends JournalTables>(
  name: DatabaseName,
  database: Database<S> | undefined,
  checkpoints: readonly CheckpointStatement[],
): Promise<JournalCheck> {
  const checker = new JournalChecker(name, checkpoints);
  if (database === undefined) {
    return checker.end([]);
  }
  // Heads first: what is appended meanwhile is beyond them.
  const heads = await readChainHeads(database);
  for await (const page of readJournalPages(database)) {
    if (!checker.add(page)) {
      break;
    }
  }
  return checker.end(heads);
}

/**
 * Compares both sides of every envelope: what one side received, the other one sent, by the same hash. Journals that
 * are bad in themselves, and those not given, are left out.
 */
export function compareEnvelopes(
  checks: readonly JournalCheck[],
  atSignOf: (id: string) => string,
): readonly Mismatch[] {
  const sound = checks.filter((check) => check.ok);
  const ownerOf = (writer: string): string => atSignOf(writer.slice(0, writer.lastIndexOf("-")));
  const homeOf = (atSign: string): DatabaseName => {
    if (atSign === atSignOf("bot")) {
      return "record";
    }
    return atSign === atSignOf("gateway") ? "gateway" : "books";
  };
  const all = sound.flatMap(({ name, envelopes }) => envelopes.map((each) => ({ ...each, database: name })));
  const sent = new Set(
    all
      .filter(({ direction }) => direction === "out")
      .map(({ writer, peer, hash }) => [ownerOf(writer), peer, hash].join(" ")),
  );
  const known = new Set(sound.map(({ name }) => name));
  return all
    .filter(
      ({ direction, writer, peer, hash }) =>
        direction === "in" && known.has(homeOf(peer)) && !sent.has([peer, ownerOf(writer), hash].join(" ")),
    )
    .map(({ database, writer, seq, peer, hash }) => ({ database, writer, seq, sender: peer, hash }));
}

/** Runs on the database of a process that is not running; `undefined` when there is none yet. */
export async function withJournal<T>(
  settings: Settings,
  name: DatabaseName,
  use: (database: Database<JournalTables> | undefined) => Promise<T>,
): Promise<T> {
  const place = databasePlace(settings, name);
  if (place.url === undefined && !existsSync(path.join(place.folder, `${name}.db`))) {
    return use(undefined);
  }
  const database = await openPlace<JournalTables>(place);
  try {
    return await use(database);
  } finally {
    await database.close();
  }
}

/** True when the error says that the database's process is running (or another command has it). */
export function isInUse(error: unknown): boolean {
  return error instanceof AppError && error.code === "data-in-use";
}
