import { z } from "zod";
import { signedCheckpointSchema } from "../checkpoint-schema.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import type { Signed } from "../domain.ts";
import { toErrorInfo } from "../errors.ts";
import type { CheckpointStatement } from "../journal.ts";
import type { DatabaseName } from "../processes/databases.ts";
import { readTrust } from "../processes/read-trust.ts";
import {
  checkJournal,
  compareEnvelopes,
  isInUse,
  type JournalCheck,
  journalCheckSchema,
  keptCheckpoint,
  type Mismatch,
  withJournal,
} from "../processes/verify-journals.ts";
import { controlClient, ifRunning } from "./control-client.ts";
import { answer, answerJson, exitCodes } from "./output.ts";

const checkpointReply = z.object({ document: z.string().nullable() });

interface JournalReport {
  readonly ok: boolean;
  readonly databases: readonly Omit<JournalCheck, "envelopes">[];
  readonly mismatches: readonly Mismatch[];
  /** The witness's latest checkpoint of the record; null: it has signed none. */
  readonly checkpoint: { readonly at: string; readonly problem: string | null } | null;
  /** What could not be checked, and why. */
  readonly notes: readonly string[];
}

/** Checks every chain of every journal, against the witness and against each other; names the first bad record. */
export async function verify(
  settings: Settings,
  config: CompanyConfig,
  o: { readonly json?: boolean },
): Promise<void> {
  const report = await verifyJournals(settings, config);
  if (o.json === true) {
    answerJson({ type: "journal", ...report });
  } else {
    answer(reportText(report));
  }
  process.exitCode = report.ok ? exitCodes.done : exitCodes.failed;
}

/** The same as data; reads the databases of processes that do not run, and asks those that do. */
export async function verifyJournals(settings: Settings, config: CompanyConfig): Promise<JournalReport> {
  const notes: string[] = [];
  const agents = controlClient(settings.runtime, "agents");
  const owner = config.atSignOf("bot").slice(1);
  const document = await ifRunning(
    async () =>
      checkpointReply.parse(await agents.get(`/journal/checkpoint?owner=${encodeURIComponent(owner)}`))
        .document,
    () => withJournal(settings, "books", (database) => keptCheckpoint(database, owner)),
  );
  const signed = document === null ? null : signedCheckpointSchema.parse(JSON.parse(document));
  const problem = signed === null ? null : await checkpointProblem(settings, signed);
  const trusted = problem === null ? (signed?.statement ?? null) : null;

  const checkRecord = () => checkOf(settings, "record", trusted);
  const checkBooks = () => checkOf(settings, "books", null);
  // Each side's envelopes are read after those of the side that received from it: a sending is recorded first.
  const record = await checkRecord();
  const books = await checkBooks();
  const gateway = await checkOf(settings, "gateway", null).catch((error: unknown) => {
    if (!isInUse(error)) {
      throw error;
    }
    notes.push("the gateway is starting or ending: its journal was not checked");
    return undefined;
  });

  const checks = [record, books, ...(gateway === undefined ? [] : [gateway])];
  let mismatches = compareEnvelopes(checks, config.atSignOf);
  if (mismatches.length > 0) {
    // Requests to agents, and theirs to the gateway, that were sent after their senders' journals were read.
    const senders = [withSentSince(record, await checkRecord()), withSentSince(books, await checkBooks())];
    mismatches = compareEnvelopes([...senders, ...checks.slice(2)], config.atSignOf);
  }
  if (signed === null) {
    notes.push("the witness has signed no checkpoint of the record yet");
  }
  return {
    ok: checks.every((check) => check.ok) && mismatches.length === 0 && problem === null,
    databases: checks.map(({ envelopes: _envelopes, ...check }) => check),
    mismatches,
    checkpoint: signed === null ? null : { at: signed.statement.at, problem },
    notes,
  };
}

/** The process that owns each database. */
const ownerOf = { record: "bot", books: "agents", gateway: "gateway" } as const;

/** What the journal of a database says: its running owner is asked, else it is read here. */
function checkOf(
  settings: Settings,
  name: DatabaseName,
  checkpoint: CheckpointStatement | null,
): Promise<JournalCheck> {
  const owner = controlClient(settings.runtime, ownerOf[name]);
  return ifRunning(
    async () => journalCheckSchema.parse(await owner.post("/journal/verify", { checkpoint })),
    () => withJournal(settings, name, (database) => checkJournal(name, database, checkpoint)),
  );
}

function withSentSince(check: JournalCheck, later: JournalCheck): JournalCheck {
  const sent = later.envelopes.filter(({ direction }) => direction === "out");
  return { ...check, envelopes: [...check.envelopes, ...sent] };
}

/** Why the checkpoint cannot be believed; null when compliance's granted key signed it. */
async function checkpointProblem(
  settings: Settings,
  signed: Signed<CheckpointStatement>,
): Promise<string | null> {
  try {
    const { trust } = await readTrust(settings);
    return trust.verify(signed, "compliance")
      ? null
      : `the checkpoint of ${signed.statement.at} does not bear compliance's granted signature`;
  } catch (error) {
    return `the checkpoint's signature cannot be verified: ${toErrorInfo(error).message}`;
  }
}

function reportText({ ok, databases, mismatches, checkpoint, notes }: JournalReport): string {
  const lines = databases.map(({ name, records, firstBad, unwitnessed }) => {
    const state = `${name.padEnd(8)} ${records} records good`;
    if (firstBad !== null) {
      return `${state}, then BAD: chain ${firstBad.writer}, record ${firstBad.seq}: ${problemText[firstBad.problem]}`;
    }
    return name === "record"
      ? `${state}, ${unwitnessed} of them not yet witnessed`
      : `${state}, held against the other side's envelopes`;
  });
  for (const { database, writer, seq, sender, hash } of mismatches) {
    lines.push(
      `BAD: ${database}, chain ${writer}, record ${seq}: an envelope of ${sender} (${hash}) that its journal did not send`,
    );
  }
  if (checkpoint !== null && checkpoint.problem !== null) {
    lines.push(`BAD: ${checkpoint.problem}`);
  } else if (checkpoint !== null && databases.some(({ name, ok: good }) => name === "record" && good)) {
    lines.push(`the record agrees with the checkpoint that compliance signed for ${checkpoint.at}`);
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
