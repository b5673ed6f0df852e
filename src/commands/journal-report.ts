import type { CompanyConfig, Settings } from "../config.ts";
import type { CheckpointStatement } from "../journal.ts";
import type { DatabaseName } from "../processes/databases.ts";
import {
  type KeptCheckpoints,
  keptCheckpointsSchema,
  readCheckpoints,
} from "../processes/kept-checkpoints.ts";
import { checkpointReader, copiesOf, type WitnessWord } from "../processes/trusted-checkpoints.ts";
import {
  checkJournal,
  compareEnvelopes,
  isInUse,
  type JournalCheck,
  journalCheckSchema,
  type Mismatch,
  withJournal,
} from "../processes/verify-journals.ts";
import { isoSecond } from "../iso-minute.ts";
import { controlClient, ifRunning } from "./control-client.ts";

export interface JournalsReport {
  readonly ok: boolean;
  readonly databases: readonly (Omit<JournalCheck, "envelopes"> & {
    readonly witness: WitnessWord["word"];
  })[];
  readonly mismatches: readonly Mismatch[];
  /** What could not be checked, and why. */
  readonly notes: readonly string[];
}

/** The process that owns each database. */
export const ownerOf = { record: "bot", books: "agents", gateway: "gateway" } as const;
export const databaseNames = Object.keys(ownerOf) as readonly DatabaseName[];

/**
 * Checks every chain of every journal, against its witness and against each other; reads the databases of processes
 * that do not run, and asks those that do.
 */
export async function verifyJournals(settings: Settings, config: CompanyConfig): Promise<JournalsReport> {
  const notes: string[] = [];
  // Before any chain is read: what is witnessed meanwhile was not there yet.
  const kept: Partial<Record<DatabaseName, KeptCheckpoints>> = {};
  for (const name of databaseNames) {
    const found = await orInUse(name, keptBy(settings, name), notes);
    if (found !== undefined) {
      kept[name] = found;
    }
  }
  const readCopies = checkpointReader(settings);
  const words = new Map<DatabaseName, WitnessWord>();
  for (const name of databaseNames) {
    words.set(name, await readCopies(name, copiesOf(name, kept, config.atSignOf)));
  }
  const check = (name: DatabaseName) => checkOf(settings, name, words.get(name)?.checkpoints ?? []);
  // Each side's envelopes are read after those of the side that received from it: a sending is recorded first.
  const record = await check("record");
  const books = await check("books");
  const gateway = kept.gateway === undefined ? undefined : await orInUse("gateway", check("gateway"), notes);
  const checks = [record, books, ...(gateway === undefined ? [] : [gateway])];
  let mismatches = compareEnvelopes(checks, config.atSignOf);
  if (mismatches.length > 0) {
    // What was sent after its sender's journal was read.
    const senders = [
      withSentSince(record, await check("record")),
      withSentSince(books, await check("books")),
      ...(gateway === undefined ? [] : [withSentSince(gateway, await check("gateway"))]),
    ];
    mismatches = compareEnvelopes(senders, config.atSignOf);
  }
  return report(checks, words, mismatches, notes);
}

/** Puts together what was found. */
export function report(
  checks: readonly JournalCheck[],
  words: ReadonlyMap<DatabaseName, WitnessWord>,
  mismatches: readonly Mismatch[],
  notes: readonly string[],
): JournalsReport {
  const databases = checks.map(({ envelopes: _envelopes, ...check }) => {
    const { word } = words.get(check.name) ?? { word: { by: "", at: null, problem: "was not looked for" } };
    return { ...check, witness: word };
  });
  return {
    ok:
      databases.every(({ ok, witness }) => ok && witness.problem === null) &&
      [...words.values()].every(({ word }) => word.problem === null) &&
      mismatches.length === 0,
    databases,
    mismatches,
    notes,
  };
}

/** SQLite's owner may be starting or ending: then it neither answers nor lets anybody else read. */
async function orInUse<T>(name: DatabaseName, task: Promise<T>, notes: string[]): Promise<T | undefined> {
  try {
    return await task;
  } catch (error) {
    if (!isInUse(error) || name !== "gateway") {
      throw error;
    }
    notes.push("the gateway is starting or ending: its journal was not checked");
    return undefined;
  }
}

/** The checkpoints that lie in a database: its running owner is asked, else they are read here. */
export function keptBy(settings: Settings, name: DatabaseName): Promise<KeptCheckpoints> {
  const owner = controlClient(settings.runtime, ownerOf[name]);
  return ifRunning(
    async () => keptCheckpointsSchema.parse(await owner.get("/journal/checkpoints")),
    () => withJournal(settings, name, (database) => readCheckpoints(name, database)),
  );
}

/** What the journal of a database says, found out in the same way. */
function checkOf(
  settings: Settings,
  name: DatabaseName,
  checkpoints: readonly CheckpointStatement[],
): Promise<JournalCheck> {
  const owner = controlClient(settings.runtime, ownerOf[name]);
  return ifRunning(
    async () => journalCheckSchema.parse(await owner.post("/journal/verify", { checkpoints })),
    () => withJournal(settings, name, (database) => checkJournal(name, database, checkpoints)),
  );
}

function withSentSince(check: JournalCheck, later: JournalCheck): JournalCheck {
  const sent = later.envelopes.filter(({ direction }) => direction === "out");
  return { ...check, envelopes: [...check.envelopes, ...sent] };
}

/** In words, a line each. */
export function reportText({ ok, databases, mismatches, notes }: JournalsReport): string {
  const lines = databases.flatMap(({ name, records, firstBad, unwitnessed, witness }) => {
    const state = `${name.padEnd(8)} ${records} records good`;
    const trouble = witness.problem === null ? [] : [`BAD: ${name}: ${witness.problem}`];
    if (firstBad !== null) {
      const { writer, seq, problem } = firstBad;
      return [`${state}, then BAD: chain ${writer}, record ${seq}: ${problemText[problem]}`, ...trouble];
    }
    const seen =
      witness.at === null
        ? `${witness.by} has signed no checkpoint yet`
        : `${unwitnessed} of them since ${witness.by} signed the checkpoint of ${isoSecond(Date.parse(witness.at))}`;
    return [`${state}, ${seen}`, ...trouble];
  });
  for (const { database, writer, seq, sender, hash } of mismatches) {
    lines.push(
      `BAD: ${database}, chain ${writer}, record ${seq}: an envelope of ${sender} (${hash}) that its journal did not send`,
    );
  }
  lines.push(...notes.map((note) => `note: ${note}`), ok ? "all good" : "NOT good");
  return lines.join("\n");
}
const problemText = {
  altered: "altered",
  missing: "missing",
  "tail-missing": "missing, and all after it",
  rewritten: "not what was witnessed: rewritten here or before",
} as const;
