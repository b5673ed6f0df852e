import { signedCheckpointSchema } from "../checkpoint-schema.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import { toErrorInfo } from "../errors.ts";
import type { CheckpointStatement } from "../journal.ts";
import { parseJson } from "../parsed-json.ts";
import type { DatabaseName } from "./databases.ts";
import { journalWitnesses } from "./journal-witness.ts";
import type { KeptCheckpoints } from "./kept-checkpoints.ts";
import { readTrust } from "./read-trust.ts";

/** What is believed of a database's witness. */
export interface WitnessWord {
  /** Signed by the witness. */
  readonly checkpoints: readonly CheckpointStatement[];
  readonly word: {
    /** The witness. */
    readonly by: string;
    /** When its latest checkpoint was asked for; null: there is none. */
    readonly at: string | null;
    readonly problem: string | null;
  };
}

/** Reads copies of checkpoints and believes those that the witness's granted key signed. */
export type ReadCopies = (
  database: DatabaseName,
  copies: readonly { readonly document: string; readonly of: "owner" | "witness" }[],
) => Promise<WitnessWord>;

export function checkpointReader(settings: Settings): ReadCopies {
  const trusting = readTrust(settings);
  // Looked at when the first signature is: a journal without checkpoints needs no trust.
  trusting.catch(() => undefined);
  return async (database, copies) => {
    const by = journalWitnesses[database].witness;
    const problems: string[] = [];
    const checkpoints: CheckpointStatement[] = [];
    const at = { owner: "", witness: "" };
    for (const { document, of } of copies) {
      const signed = signedCheckpointSchema.safeParse(parseJson(document));
      if (!signed.success) {
        problems.push(`a checkpoint of ${by} cannot be read`);
        continue;
      }
      const { statement } = signed.data;
      try {
        if ((await trusting).trust.verify(signed.data, by)) {
          checkpoints.push(statement);
          at[of] = statement.at;
        } else {
          problems.push(`the checkpoint of ${statement.at} does not bear ${by}'s granted signature`);
        }
      } catch (error) {
        problems.push(`the checkpoint's signature cannot be verified: ${toErrorInfo(error).message}`);
      }
    }
    const isSetBack = copies.some(({ of }) => of === "witness") && at.witness !== "" && at.owner > at.witness;
    if (isSetBack) {
      problems.push(`${by} signed a checkpoint for ${at.owner} and keeps only that of ${at.witness}`);
    }
    const latest = [at.owner, at.witness].toSorted().at(-1) ?? "";
    return {
      checkpoints,
      word: { by, at: latest === "" ? null : latest, problem: problems[0] ?? null },
    };
  };
}

/** Both copies of each database's latest checkpoint: its owner's and its witness's. */
export function copiesOf(
  database: DatabaseName,
  kept: Readonly<Partial<Record<DatabaseName, KeptCheckpoints>>>,
  atSignOf: CompanyConfig["atSignOf"],
): Parameters<ReadCopies>[1] {
  const { owner, witness } = journalWitnesses[database];
  const home: DatabaseName = witness === "gateway" ? "gateway" : "books";
  const own = kept[database]?.own ?? null;
  const witnessed = kept[home]?.witnessed[atSignOf(owner).slice(1)];
  return [
    ...(own === null ? [] : [{ document: own, of: "owner" as const }]),
    ...(witnessed === undefined ? [] : [{ document: witnessed, of: "witness" as const }]),
  ];
}
