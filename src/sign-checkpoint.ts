import { canonicalJson } from "./canonical.ts";
import { signedCheckpointSchema } from "./checkpoint-schema.ts";
import type { SkillContext } from "./define-agent.ts";
import type { Signed } from "./domain.ts";
import { AppError } from "./errors.ts";
import type { BadRecord, ChainHead, CheckpointStatement, JournalRecord } from "./journal.ts";
import { extendsHeads, verifyChain } from "./journal.ts";

/**
 * Signs how far the journal of one of the `owners` (roles) has come, if it only grew: every chain continues from where
 * this witness last saw it by exactly the records given. Fails with "journal-rewritten", naming writer and sequence
 * number, when it does not.
 */
export async function signCheckpoint(
  context: SkillContext,
  { checkpoint, records }: { checkpoint: Signed<CheckpointStatement>; records: readonly JournalRecord[] },
  owners: readonly string[],
): Promise<Signed<CheckpointStatement>> {
  const { books, clock, trust } = context;
  if (!owners.includes(context.caller) || !trust.verify(checkpoint, context.caller)) {
    throw new AppError(
      "bad-checkpoint",
      `the checkpoint was not signed by who asks, an instance granted as ${owners.join(" or ")}`,
    );
  }
  const id = checkpoint.signer.atSign.slice(1);
  const row = await books.get("checkpoints", id);
  const known =
    row === undefined ? [] : signedCheckpointSchema.parse(JSON.parse(row.document)).statement.heads;
  const verdict = extendsHeads(known, checkpoint.statement.heads, beyond(known, records));
  if (!verdict.ok) {
    throw rewritten(verdict.firstBad);
  }
  const signed = context.sign(checkpoint.statement);
  const kept = { at: new Date(clock.now()).toISOString(), document: canonicalJson(signed) };
  if (row === undefined) {
    await books.insert("checkpoints", { id, ...kept });
  } else if (!(await books.update("checkpoints", id, kept, { document: row.document }))) {
    throw new AppError("checkpoint-busy", "another checkpoint is being signed", { retryable: true });
  }
  return signed;
}

/** The records after the known heads. Those that they cover come again after a lost reply, and must be the same. */
function beyond(known: readonly ChainHead[], records: readonly JournalRecord[]): readonly JournalRecord[] {
  const heads = new Map(known.map((head) => [head.writer, head]));
  const covers = (record: JournalRecord): boolean => record.seq <= (heads.get(record.writer)?.seq ?? 0);
  for (const [writer, covered] of Map.groupBy(records.filter(covers), (record) => record.writer)) {
    const first = covered[0];
    const verdict = first && verifyChain(covered, { writer, seq: first.seq - 1, hash: first.prev });
    if (verdict?.ok === false) {
      throw rewritten(verdict.firstBad);
    }
    const head = heads.get(writer);
    if (verdict?.head.seq === head?.seq && verdict?.head.hash !== head?.hash) {
      throw rewritten({ writer, seq: head?.seq ?? 0, problem: "rewritten" });
    }
  }
  return records.filter((record) => !covers(record));
}

function rewritten({ writer, seq, problem }: BadRecord): AppError {
  return new AppError(
    "journal-rewritten",
    `the journal does not continue what was witnessed: chain ${writer}, record ${seq}: ${problem}`,
  );
}
