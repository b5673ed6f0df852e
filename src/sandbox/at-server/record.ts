import type { MetadataChange } from "./metadata-fields.ts";

/** Metadata as stored: times in milliseconds since the epoch, absent when never set. */
export interface RecordMetadata extends Omit<MetadataChange, "cAt" | "uAt" | "eAt" | "aAt"> {
  createdBy: string;
  updatedBy?: string;
  createdAt: number;
  updatedAt: number;
  availableAt: number;
  expiresAt?: number;
  refreshAt?: number;
  version: number;
}

export interface StoredRecord {
  readonly key: string;
  readonly value: string;
  readonly metadata: RecordMetadata;
}

/**
 * Metadata after an update: absent fields keep what is stored, except isBinary and isEncrypted, which become false when
 * `keepFlags` is not set; `null` removes a field (specification 4.2).
 */
export function mergeMetadata(
  old: RecordMetadata | undefined,
  change: MetadataChange,
  o: { by: string; now: number; keepFlags: boolean },
): RecordMetadata {
  const { cAt, uAt, eAt, aAt, ...fields } = change;
  const { isBinary, isEncrypted, expiresAt, refreshAt: _refreshAt, ...kept } = old ?? {};
  const flags = o.keepFlags
    ? { isBinary: isBinary ?? false, isEncrypted: isEncrypted ?? false }
    : { isBinary: false, isEncrypted: false };
  const merged = Object.fromEntries(
    Object.entries({ ...kept, ...flags, ...fields }).filter(([, value]) => value !== null),
  );
  const { ttl = 0, ttb = 0, ttr = 0 } = merged as MetadataChange;
  const timesChange = !o.keepFlags || change.ttl !== undefined || change.ttb !== undefined;
  const availableAt = aAt ?? (timesChange ? o.now + ttb : (old?.availableAt ?? o.now));
  const ends = eAt ?? (timesChange ? (ttl > 0 ? o.now + ttb + ttl : undefined) : expiresAt);
  return {
    ...merged,
    createdBy: old?.createdBy ?? o.by,
    ...(old ? { updatedBy: o.by } : {}),
    createdAt: cAt ?? old?.createdAt ?? o.now,
    updatedAt: uAt ?? o.now,
    availableAt,
    ...(ends === undefined ? {} : { expiresAt: ends }),
    ...(ttr > 0 ? { refreshAt: o.now + ttr * 1000 } : {}), // seconds, as the public server counts it
    version: old ? old.version + 1 : 0,
  };
}

type Times = Pick<RecordMetadata, "availableAt" | "updatedAt" | "expiresAt">;

/** False before `ttb` has passed and after `ttl` has. */
export function isVisible(metadata: Times, now: number): boolean {
  return visibleFrom(metadata) <= now && !isExpired(metadata, now);
}

/** What is there from its update on is there, also when a clock that was ahead dated that for later. */
export function visibleFrom({ availableAt, updatedAt }: Times): number {
  return availableAt <= updatedAt ? 0 : availableAt;
}

/** True once `ttl` has passed: such a record is as good as gone. */
export function isExpired(metadata: { expiresAt?: number }, now: number): boolean {
  return metadata.expiresAt !== undefined && metadata.expiresAt <= now;
}

/** What a look-up answers: the value, `meta` or `all` as JSON; `null` for what is not visible. */
export function formatRecord(record: StoredRecord, operation: string | undefined, now: number): string {
  if (!isVisible(record.metadata, now)) return "null";
  if (operation === undefined) return record.value;
  const metaData = metadataJson(record.metadata);
  return JSON.stringify(operation === "meta" ? metaData : { key: record.key, data: record.value, metaData });
}

/** Metadata as clients read them: dates as text, no null. */
export function metadataJson(metadata: RecordMetadata): Record<string, unknown> {
  const {
    createdBy,
    updatedBy,
    createdAt,
    updatedAt,
    availableAt,
    expiresAt,
    refreshAt,
    version,
    pubKeyHash,
    hashingAlgo,
    appMetadata,
    ...rest
  } = metadata;
  return {
    createdBy,
    ...(updatedBy === undefined ? {} : { updatedBy }),
    createdAt: formatTime(createdAt),
    updatedAt: formatTime(updatedAt),
    availableAt: formatTime(availableAt),
    ...(expiresAt === undefined ? {} : { expiresAt: formatTime(expiresAt) }),
    ...(refreshAt === undefined ? {} : { refreshAt: formatTime(refreshAt) }),
    status: "active",
    version,
    ...rest,
    ...keyHashJson(pubKeyHash, hashingAlgo),
    ...(appMetadata === undefined || appMetadata === null
      ? {}
      : { appMetadata: decodeAppMetadata(appMetadata) }),
  };
}

/** `pubKeyHash` as an object with its algorithm, or nothing. */
export function keyHashJson(
  hash: string | null | undefined,
  hashingAlgo: string | null | undefined,
): { pubKeyHash?: { hash: string; hashingAlgo: string } } {
  return hash && hashingAlgo ? { pubKeyHash: { hash, hashingAlgo } } : {};
}

/** Base64 JSON on the wire, an object in replies; anything else is passed on as it came. */
export function decodeAppMetadata(base64: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
  } catch {
    return base64;
  }
}

/** `2024-10-24 01:35:02.123Z`: the one form all clients can read. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace("T", " ");
}
