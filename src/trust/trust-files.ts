import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import type { TrustText } from "./grant-register.ts";
import type { AgentGrant, InstanceGrant, Sealed, TrustDocument } from "./trust-documents.ts";
import type { TrustFiles } from "./trust-store.ts";

/**
 * `data/trust`: one JSON file per grant and `trust.json`. Anybody may read them; they are believed by signature only.
 */

const documentName = "trust.json";

/** All papers in the folder, unverified; an absent folder has none. */
export async function readTrustFolder(folder: string): Promise<TrustFiles> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") {
      return [];
    }
    throw error;
  });
  const papers = await Promise.all(
    names
      .filter((name) => name.endsWith(".json"))
      .toSorted()
      .map(async (name): Promise<TrustText> => ({
        name,
        text: await readFile(path.join(folder, name), "utf8"),
      })),
  );
  return {
    document: papers.find((each) => each.name === documentName),
    grants: papers.filter((each) => each.name !== documentName),
  };
}

/** The name under which a paper lies in the folder; a newer one of the same subject replaces it. */
export function paperName(statement: AgentGrant | InstanceGrant | TrustDocument): string {
  switch (statement.tag) {
    case "countersign/agent-grant/1":
      return `agent-grant.${statement.atSign.slice(1)}.${statement.role}.json`;
    case "countersign/instance-grant/1":
      return `instance-grant.${statement.atSign.slice(1)}.${statement.instance}.json`;
    case "countersign/trust/1":
      return documentName;
  }
}

/** Writes a paper so that readers see the old or the new one, never a part. */
export async function writePaper(
  folder: string,
  paper: Sealed<AgentGrant | InstanceGrant | TrustDocument>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, paperName(paper.statement));
  await writeFile(`${file}.new`, `${JSON.stringify(paper, null, 2)}\n`);
  await rename(`${file}.new`, file);
}

/** Puts every paper on the company's atSign as a public record, through the `put` given (key name, value). */
export async function publishTrust(
  files: TrustFiles,
  put: (name: string, value: string) => Promise<void>,
): Promise<void> {
  for (const { name, text } of [...files.grants, ...(files.document === undefined ? [] : [files.document])]) {
    // A record's name takes a-z, 0-9, "." and "-"; what else an atSign may hold is written as its code points.
    const record = name
      .replace(/\.json$/, "")
      .replaceAll(/[^a-z0-9.-]/gu, (each) => `_${each.codePointAt(0)}`);
    await put(record, JSON.stringify(JSON.parse(text)));
  }
}
