import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { writeAtomically } from "../write-atomically.ts";
import type { TrustText } from "./grant-register.ts";
import { grantSubject } from "./grant-subject.ts";
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

/** File systems tell changes that follow closely upon each other by the same time. */
const youngMs = 1_000;

/** Reads the folder as `readTrustFolder` does, and gives the same object again as long as nothing in it was replaced. */
export function trustFolderReader(folder: string, now: () => number): () => Promise<TrustFiles> {
  let last: { readonly stamp: number; readonly readAt: number; readonly files: TrustFiles } | undefined;
  return async () => {
    const readAt = now();
    // Papers are replaced by renaming, which changes the folder.
    const stamp = await stat(folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.NaN,
    );
    if (last === undefined || stamp !== last.stamp || last.readAt - stamp < youngMs) {
      last = { stamp, readAt, files: await readTrustFolder(folder) };
    }
    return last.files;
  };
}

/** What names a paper. */
export type PaperSubject =
  | (Pick<AgentGrant, "tag" | "atSign" | "role"> & Partial<Pick<AgentGrant, "instancePattern">>)
  | Pick<InstanceGrant, "tag" | "atSign" | "instance">
  | Pick<TrustDocument, "tag">;

/** The name under which a paper lies in the folder; a newer one of the same subject replaces it. */
export function paperName(statement: PaperSubject): string {
  switch (statement.tag) {
    case "countersign/agent-grant/1":
      return `agent-grant.${grantSubject(statement).slice(1).replaceAll("/", ".")}.json`;
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
  await writeAtomically(file, `${JSON.stringify(paper, null, 2)}\n`, { mode: 0o644 });
}

/** The names of the public records that hold papers; the company's atSign has all, an agent's its instances' grants. */
export const publicRecords = {
  document: "trust",
  agentGrants: "agent-grants",
  instanceGrants: "instance-grants",
} as const;

/** Puts all papers on the company's atSign as three public records, through the `put` given (key name, value). */
export async function publishTrust(
  files: TrustFiles,
  put: (name: string, value: string) => Promise<void>,
): Promise<void> {
  const list = (kind: string) =>
    JSON.stringify(
      files.grants.filter(({ name }) => name.startsWith(kind)).map(({ text }) => JSON.parse(text) as unknown),
    );
  await put(publicRecords.agentGrants, list("agent-grant."));
  await put(publicRecords.instanceGrants, list("instance-grant."));
  if (files.document !== undefined) {
    await put(publicRecords.document, JSON.stringify(JSON.parse(files.document.text)));
  }
}
