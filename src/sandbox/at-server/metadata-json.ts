import { type MetadataChange, SegmentReader } from "./metadata-fields.ts";
import { syntaxError } from "./server-error.ts";

/** Metadata given as a JSON object: the fields of commands under their own names, and `isPublic`. */
export function readMetadataJson(json: unknown): { change: MetadataChange; isPublic: boolean } {
  if (json === undefined || json === null) return { change: {}, isPublic: false };
  if (typeof json !== "object" || Array.isArray(json)) throw syntaxError();
  const { isPublic, pubKeyHash, ...fields } = json as Record<string, unknown>;
  const hash = typeof pubKeyHash === "object" && pubKeyHash !== null ? pubKeyHash : {};
  const change: MetadataChange = {};
  for (const [name, value] of Object.entries({ ...fields, ...hash })) {
    if (value === null || value === undefined) continue;
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const reader = new SegmentReader(`${name}:${text}`);
    // What a client keeps for itself (createdAt, namespaceAware ...) is not for the server.
    if (reader.metadata(change) && reader.rest !== "") throw syntaxError();
  }
  return { change, isPublic: isPublic === true };
}
