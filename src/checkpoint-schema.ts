import { z, type ZodType } from "zod";
import type { Signed } from "./domain.ts";
import type { CheckpointStatement, JournalRecord } from "./journal.ts";
import { signedSchema } from "./plan/plan-schema.ts";

/** The form of what a journal's owner and its witness tell each other. */

/** Records that fit into one request with their statement. */
export const witnessStepRecords = 1_000;
/** The skill that signs checkpoints. */
export const witnessSkill = "witness";

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits");
const writerSchema = z.string().min(1).max(200);

export const chainHeadSchema = z.strictObject({
  writer: writerSchema,
  seq: z.int().min(1),
  hash: hashSchema,
});

export const checkpointSchema: ZodType<CheckpointStatement> = z.strictObject({
  tag: z.literal("countersign/checkpoint/1"),
  heads: z
    .array(chainHeadSchema)
    .max(10_000)
    .refine((heads) => new Set(heads.map(({ writer }) => writer)).size === heads.length, {
      error: "must name each writer once",
    }),
  at: z.iso.datetime(),
});
export const signedCheckpointSchema: ZodType<Signed<CheckpointStatement>> = signedSchema(checkpointSchema);

/** A record without its body: the body's hash stands for it. */
export const journalRecordSchema = z.strictObject({
  writer: writerSchema,
  seq: z.int().min(1),
  at: z.int(),
  kind: z.string().min(1).max(100),
  run: z.string().max(200).nullable(),
  facts: z.record(z.string().max(100), z.union([z.string().max(10_000), z.number(), z.boolean(), z.null()])),
  bodyHash: hashSchema.nullable(),
  prev: hashSchema,
  hash: hashSchema,
});

/** What the skill `witness` takes. */
export const witnessInputSchema: ZodType<{
  checkpoint: Signed<CheckpointStatement>;
  records: readonly JournalRecord[];
}> = z.strictObject({
  checkpoint: signedCheckpointSchema,
  records: z.array(journalRecordSchema).max(witnessStepRecords),
});
