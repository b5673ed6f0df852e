import type { AtServer } from "../at-server.ts";
import { type Key, parseCachedKey, parseKey } from "../key.ts";
import { readTime, SegmentReader } from "../metadata-fields.ts";
import { assertMayWrite, assertMayWriteAll } from "../namespaces.ts";
import { findProtected, secretDeletedKey, secretKey } from "../reserved-keys.ts";
import type { ServerConnection } from "../server-connection.ts";
import { ServerError } from "../server-error.ts";
import { notifyRecipient } from "./notify-recipient.ts";

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z(?=:)/i;
const options = new Set(["dat", "nc", "force", "priority", "cached"]);

/**
 * `delete[:dAt:<iso>][:nc][:force][:priority:..][:cached][:public|:@bob]:<name>[@alice]`: answers a commit id even when
 * there was nothing.
 */
export function deleteKey(server: AtServer, connection: ServerConnection, rest: string): string {
  if (rest.toLowerCase() === secretKey) {
    assertMayWriteAll(connection, `delete key: ${secretKey}`);
    return endActivation(server);
  }
  const reader = new SegmentReader(rest);
  const isOption = (word: string) => options.has(word);
  const given = new Set<string>();
  let at: number | undefined;
  for (let word = reader.word(isOption); word !== undefined; word = reader.word(isOption)) {
    if (word === "dat") at = readTime(reader.value(isoTime));
    if (word === "priority") reader.value(/^(?:low|medium|high)(?=:)/i);
    given.add(word);
  }
  const key: Key = given.has("cached")
    ? { full: parseCachedKey(reader.rest) }
    : parseKey(reader.rest, server.atSign, { ownerOptional: true });
  assertMayWrite(connection, "delete", key.full);
  const protectedName = given.has("cached") ? undefined : findProtected(key.full, server.atSign);
  if (protectedName !== undefined)
    throw new ServerError("AT0009", `Cannot delete protected key: '${protectedName}'`);
  return server.store.transaction(() => {
    if (server.record(key.full)?.metadata.immutable === true && !given.has("force"))
      throw new ServerError("AT0032", "Immutable records may not be deleted without force");
    const commitId = server.deleteRecord(key.full, { log: !given.has("nc"), at });
    notifyRecipient(server, key, "delete", null, {});
    return String(commitId);
  });
}

function endActivation(server: AtServer): string {
  return server.store.transaction(() => {
    server.putRecord(secretDeletedKey, "true", {});
    return String(server.deleteRecord(secretKey));
  });
}
