import type { AtServer } from "./at-server.ts";
import { isVisible, type StoredRecord } from "./record.ts";

/** How many references are followed one after the other. */
const maxReferences = 3;
const reference = /^atsign:\/\/(\S+)$/i;

/** Whether a value refers to another (`atsign://name@owner`). */
export function isReference(value: string): boolean {
  return reference.test(value);
}

/**
 * What a record refers to in the end, itself when it refers to nothing. Only what the caller could have asked for by name
 * is followed: shared with it (`prefix`), else public; undefined where that ends.
 */
export function followReferences(
  server: AtServer,
  start: StoredRecord,
  { prefix, mayRead }: { readonly prefix: string; readonly mayRead: (key: string) => boolean },
): StoredRecord | undefined {
  let record = start;
  for (let depth = 0; isVisible(record.metadata, server.clock()); depth++) {
    const target = reference.exec(record.value)?.[1]?.toLowerCase();
    if (target === undefined) break;
    const next = server.record(`${prefix}${target}`) ?? server.record(`public:${target}`);
    if (!next || depth === maxReferences || !mayRead(next.key)) return undefined;
    record = next;
  }
  return record;
}
