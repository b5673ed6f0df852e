import { AtError } from "../at-error.ts";
import { type AtMetadata, readMetadata } from "./metadata.ts";

/** A look-up's `all` reply. */
export interface RecordReply {
  /** The full key as the server names it; undefined when it does not. */
  readonly key: string | undefined;
  readonly text: string;
  readonly metadata: AtMetadata;
}

/** What an atServer says of itself. `features` are those not retired. */
export interface ServerInfo {
  readonly version: string | undefined;
  readonly features: ReadonlySet<string>;
}

/** Reads `{"key":…,"data":…,"metaData":…}`. Undefined without a value; throws `bad-reply` for anything else. */
export function readRecord(payload: string): RecordReply | undefined {
  const { key, data, metaData } = readObject(payload);
  if (data === null) return undefined;
  if (typeof data !== "string")
    throw new AtError("bad-reply", "The atServer answered a look-up without data.");
  return { key: typeof key === "string" ? key : undefined, text: data, metadata: readMetadata(metaData) };
}

/** Reads the reply to a look-up of metadata alone. */
export function readMetadataReply(payload: string): AtMetadata {
  return readMetadata(readObject(payload));
}

/** Reads the list of names that `scan` answers. */
export function readNames(payload: string): string[] {
  const names = parseJson(payload);
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string"))
    throw new AtError("bad-reply", "The atServer did not answer scan with a list of names.");
  return names;
}

/** Reads the names that a list answers which is `null` when there are none. */
export function readNamesOrNone(payload: string): string[] {
  return payload === "null" ? [] : readNames(payload);
}

/** Reads the reply to `notify:list`, each entry as JSON. */
export function readEntries(payload: string): string[] {
  return payload === "null" ? [] : readList(payload).map((entry) => JSON.stringify(entry));
}

/** Reads a JSON array; throws `bad-reply` for anything else. */
export function readList(payload: string): readonly unknown[] {
  const value = parseJson(payload);
  if (Array.isArray(value)) return value;
  throw notTheJson();
}

/** Reads the reply to `info`; what is missing or malformed counts as not said. */
export function readInfo(payload: string): ServerInfo {
  const { version, features } = readObject(payload);
  const names = (Array.isArray(features) ? features : [])
    .filter((each): each is { name: string; status: unknown } => typeof each?.name === "string")
    .filter(({ status }) => !/^retired$/i.test(String(status)))
    .map(({ name }) => name);
  return { version: typeof version === "string" ? version : undefined, features: new Set(names) };
}

/** True when `version` is that release or a later one; false when it is not known. */
export function isAtLeast(version: string | undefined, release: readonly [number, number, number]): boolean {
  const found = /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})/
    .exec(version ?? "")
    ?.slice(1)
    .map(Number);
  if (found === undefined) return false;
  const place = release.findIndex((number, i) => found[i] !== number);
  return place < 0 || (found[place] ?? 0) > (release[place] ?? 0);
}

const statuses = ["queued", "delivered", "errored", "expired"] as const;
/** How far a notification has come: `delivered` means to the recipient's atServer, not to a reader. */
export type NotificationStatus = (typeof statuses)[number];

/** Reads the reply to `notify:status`; undefined for an id that the server does not know. */
export function readStatus(payload: string): NotificationStatus | undefined {
  const status = payload.trim();
  if (status === "null") return undefined;
  const known = statuses.find((each) => each === status);
  if (known === undefined)
    throw new AtError("bad-reply", `${JSON.stringify(status.slice(0, 40))} is no status of a notification.`);
  return known;
}

/** Reads a JSON object; throws `bad-reply` for anything else. */
export function readObject(payload: string): Record<string, unknown> {
  const value = parseJson(payload);
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw notTheJson();
}

function parseJson(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    throw notTheJson();
  }
}

function notTheJson(): AtError {
  return new AtError("bad-reply", "The atServer answered with something other than the JSON expected.");
}
