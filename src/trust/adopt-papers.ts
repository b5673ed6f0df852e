import { z } from "zod";
import type { AtSign } from "../domain.ts";
import { signerOf } from "./grant-register.ts";
import { agentGrantOf, grantSubject } from "./grant-subject.ts";
import { publicKeyFrom, verifyStatement } from "./sign-statement.ts";
import {
  type AgentGrant,
  type InstanceGrant,
  type Sealed,
  sealedAgentGrantSchema,
  sealedInstanceGrantSchema,
  sealedTrustDocumentSchema,
  type TrustDocument,
} from "./trust-documents.ts";
import { paperName, readTrustFolder, writePaper } from "./trust-files.ts";
import { parseJson } from "../parsed-json.ts";

type Statement = AgentGrant | InstanceGrant | TrustDocument;
/** The texts of public records; undefined where there is none. Nothing in them is believed. */
export interface FoundPapers {
  readonly document: string | undefined;
  readonly agentGrants: string | undefined;
  readonly instanceGrants: readonly (string | undefined)[];
}

/** More is no list of ours. */
const mostPapers = 10_000;

/**
 * Takes papers that others published into a trust folder: those that the company, or a key-holder it granted, signed and
 * that are newer than what lies there. Whatever else is in the records is left out: it can do no more than be missing.
 */
export async function adoptPapers(
  folder: string,
  companyKey: string,
  found: FoundPapers,
): Promise<{ readonly adopted: number; readonly atSigns: readonly AtSign[] }> {
  const company = publicKeyFrom(companyKey, "Ed25519");
  const files = await readTrustFolder(folder);
  const here = new Map(
    [...files.grants, ...(files.document ? [files.document] : [])].map((f) => [f.name, f.text]),
  );
  let adopted = 0;
  const adopt = async <T extends Statement>(
    papers: readonly Sealed<T>[],
    schema: z.ZodType<Sealed<T>>,
    isSigned: (paper: Sealed<T>) => boolean,
  ): Promise<void> => {
    for (const { statement, signature } of papers) {
      const name = paperName(statement);
      const old = readOne(here.get(name), schema)?.statement.serial ?? 0;
      const paper = { statement, signature };
      if (statement.serial > old && isSigned(paper)) {
        await writePaper(folder, paper);
        here.set(name, JSON.stringify(paper));
        adopted += 1;
      }
    }
  };

  const byCompany = ({ statement, signature }: Sealed<Statement>): boolean =>
    verifyStatement(statement, signature, company);
  const document = readOne(found.document, sealedTrustDocumentSchema);
  await adopt(document === undefined ? [] : [document], sealedTrustDocumentSchema, byCompany);
  await adopt(readList(found.agentGrants, sealedAgentGrantSchema), sealedAgentGrantSchema, byCompany);
  const agents = [...here]
    .filter(([name]) => name.startsWith("agent-grant."))
    .flatMap(([, text]) => readOne(text, sealedAgentGrantSchema) ?? [])
    .filter(byCompany)
    .map(({ statement }) => statement);
  const bySubject = new Map(agents.map((each) => [grantSubject(each), each]));
  const byHolder = (paper: Sealed<InstanceGrant>): boolean => {
    const agent = agentGrantOf(bySubject, paper.statement);
    return agent !== undefined && signerOf(paper, agent) !== undefined;
  };
  for (const list of found.instanceGrants) {
    await adopt(readList(list, sealedInstanceGrantSchema), sealedInstanceGrantSchema, byHolder);
  }
  return { adopted, atSigns: [...new Set(agents.map(({ atSign }) => atSign))] };
}

function readOne<T>(text: string | undefined, schema: z.ZodType<T>): T | undefined {
  return schema.safeParse(parseJson(text ?? "null")).data;
}
/** The entries that are papers of this kind: one that is not harms no other. */
function readList<T>(text: string | undefined, schema: z.ZodType<T>): readonly T[] {
  const entries =
    z
      .array(z.unknown())
      .max(mostPapers)
      .safeParse(parseJson(text ?? "[]")).data ?? [];
  return entries.flatMap((each) => schema.safeParse(each).data ?? []);
}
