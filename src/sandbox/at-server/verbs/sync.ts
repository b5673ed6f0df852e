import { setImmediate as turn } from "node:timers/promises";
import type { AtServer } from "../at-server.ts";
import { ClientRegex } from "../client-regex.ts";
import type { CommitEntry } from "../commit-log.ts";
import { mayList } from "../namespaces.ts";
import { isAlwaysSynced } from "../reserved-keys.ts";
import { metadataJson, type StoredRecord } from "../record.ts";
import type { ServerConnection } from "../server-connection.ts";
import { syntaxError } from "../server-error.ts";

const wanted = 100;
const maxBytes = 5 * 1024 * 1024;
const pageSize = 100;

/**
 * `sync:from:<n>:limit:<m>[:skipDeletesUntil:<k>][:<regex>]`: the newest change of each key after commit `n`, ascending,
 * at most 100 and 5 MiB of them but at least one. `m` has to be there and, as on public servers, says nothing.
 */
export async function sync(server: AtServer, connection: ServerConnection, rest: string): Promise<string> {
  const [, from, skipUntil = "-1", regexText] =
    /^from:(-1|\d{1,15}):limit:\d+(?::skipDeletesUntil:(\d{1,15}))?(?::(.+))?$/i.exec(rest) ?? [];
  if (from === undefined) throw syntaxError();
  const regex = regexText === undefined ? undefined : new ClientRegex(regexText);
  const lines: string[] = [];
  let bytes = 0;
  for (let after = Number(from); ;) {
    const page = server.store.commits.after(server.atSign, after, pageSize);
    const matching = regex && new Set(regex.filter(page.map((entry) => entry.key)));
    for (const entry of page) {
      after = entry.commitId;
      if (
        (matching?.has(entry.key) === false && !isAlwaysSynced(entry.key)) ||
        !mayList(connection, entry.key) ||
        (entry.operation === "-" && entry.commitId <= Number(skipUntil))
      )
        continue;
      // One after the other: values may be large.
      const record = entry.operation === "-" ? undefined : server.record(entry.key);
      if (!record && entry.operation !== "-") continue;
      const line = entryJson(entry, record);
      bytes += Buffer.byteLength(line);
      if (lines.length > 0 && bytes > maxBytes) return `[${lines.join(",")}]`;
      if (lines.push(line) === wanted) return `[${lines.join(",")}]`;
    }
    if (page.length < pageSize) return `[${lines.join(",")}]`;
    await turn(); // others have their turn between the pages of a long log
  }
}

function entryJson({ key, commitId, operation }: CommitEntry, record: StoredRecord | undefined): string {
  const metadata =
    record &&
    Object.fromEntries(
      Object.entries(metadataJson(record.metadata)).map(([name, field]) => [
        name,
        typeof field === "string" ? field : JSON.stringify(field),
      ]),
    );
  return JSON.stringify({
    atKey: key,
    value: record?.value ?? null,
    metadata: metadata ?? null,
    commitId,
    operation,
  });
}
