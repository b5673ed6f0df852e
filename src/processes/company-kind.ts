import path from "node:path";
import type { Settings } from "../config.ts";
import { parsePaper } from "../trust/grant-register.ts";
import { sealedTrustDocumentSchema } from "../trust/trust-documents.ts";
import { readTrustFolder } from "../trust/trust-files.ts";

/**
 * Whether the data folder's trust document says that this is the demo company; undefined before one is signed. Only
 * for what is made next here: at run time everyone believes the document by its signature alone.
 */
export async function signedAsDemo(settings: Settings): Promise<boolean | undefined> {
  const { document } = await readTrustFolder(path.join(settings.data, "trust"));
  return document === undefined
    ? undefined
    : parsePaper(document.name, document.text, sealedTrustDocumentSchema).statement.demo;
}
