import { AtError } from "../at-error.ts";
import { type MetadataChange, writeMetadata } from "./metadata.ts";

/**
 * The command lines of the SDK, without newline (specification 5). Keys come from `fullKey` and `cachedKey`, which
 * check them; every other text is checked here, so that nothing given by a caller can become another command.
 */

export const heartbeatCommand = "noop:0";
export const infoCommand = "info";

/** True for a value that is one line and that the server's trimming leaves as it is. */
export function isPlainValue(value: string): boolean {
  return value !== "" && !hasLineBreak(value) && value === value.trim();
}

export function updateCommand(key: string, metadata: MetadataChange, value: string): string {
  if (!isPlainValue(value))
    throw new AtError(
      "invalid-value",
      "A stored value must be one line, not empty, without blanks at its ends.",
    );
  return `update${writeMetadata(metadata)}:${word("key", key)} ${value}`;
}

export function updateMetadataCommand(key: string, metadata: MetadataChange): string {
  const segments = writeMetadata(metadata);
  if (segments === "") throw new AtError("invalid-value", "No metadata to change was given.");
  return `update:meta:${word("key", key)}${segments}`;
}

export function deleteCommand(key: string, options: { readonly force?: boolean } = {}): string {
  return `delete${options.force === true ? ":force" : ""}:${word("key", key)}`;
}

/** What a look-up answers: the value alone, the metadata alone, or both with the key. */
export type LookUpPart = "value" | "meta" | "all";

const partSegment = { value: "", meta: "meta:", all: "all:" } as const;

/** Reads from our own atServer, copies of others' values included. */
export function localLookUpCommand(key: string, part: LookUpPart = "value"): string {
  return `llookup:${partSegment[part]}${word("key", key)}`;
}

/** Reads what another atSign shared with us (`lookup`) or published (`plookup`); `name` is `name.namespace@owner`. */
export function lookUpCommand(
  verb: "lookup" | "plookup",
  name: string,
  options: { readonly part?: LookUpPart; readonly bypassCache: boolean },
): string {
  const bypass = options.bypassCache ? "bypassCache:true:" : "";
  return `${verb}:${bypass}${partSegment[options.part ?? "value"]}${word("key", name)}`;
}

export interface ScanOptions {
  /** Matched by the server, unanchored, case-insensitive. No blanks. */
  readonly regex?: string;
  /** Lists hidden keys also, but never `public:_x`. */
  readonly showHidden?: boolean;
  /** Asks the atServer of this atSign (canonical) for what it shares with us. */
  readonly sharedBy?: string;
}

export function scanCommand({ regex, showHidden, sharedBy }: ScanOptions): string {
  // Without a colon in front of the filter, servers change its case and, at a colon inside it, its blank.
  const hidden = showHidden === true ? ":showhidden:true" : regex === undefined ? "" : ":showhidden:false";
  const other = sharedBy === undefined ? "" : `:${word("atSign", sharedBy)}`;
  return `scan${hidden}${other}${filter("scan", regex)}`;
}

export type NotifyFields = {
  readonly id: string;
  readonly notifier?: string;
} & (
  | {
      readonly operation: "update";
      /** Held by servers in memory alone; takes servers whose `info` lists `notify.eph`. */
      readonly eph?: boolean;
    }
  | { readonly operation: "delete"; readonly eph?: never }
) &
  (
    | {
        /** How long servers keep it, milliseconds. */
        readonly ttln: number;
        readonly eAtn?: never;
      }
    | {
        /** Until when, milliseconds since the epoch; takes servers whose `info` lists `notify.eAtn`. */
        readonly eAtn: number;
        readonly ttln?: never;
      }
  );

export function notifyCommand(
  fields: NotifyFields,
  metadata: MetadataChange,
  key: string,
  value?: string,
): string {
  const { id, operation, notifier, ttln, eAtn, eph } = fields;
  if (eph === true && (metadata.ttr !== undefined || metadata.ccd !== undefined))
    throw new AtError("invalid-value", "What servers only hold in memory cannot be cached.");
  const sender = notifier === undefined ? "" : `:notifier:${namedWord("notifier", notifier)}`;
  const line =
    `notify:id:${notificationId(id)}:${operation}:messageType:key${sender}` +
    (eAtn === undefined ? `:ttln:${ttln}` : `:eAtn:${time("eAtn", eAtn)}`) +
    `${eph === true ? ":eph:true" : ""}${writeMetadata(metadata)}:${word("key", key)}`;
  if (value === undefined) return line;
  if (value === "" || hasLineBreak(value))
    throw new AtError("invalid-value", "A notified value must be one line, not empty.");
  return `${line}:${value}`;
}

export function notifyStatusCommand(id: string): string {
  return `notify:status:${notificationId(id)}`;
}

/** What was received and is not expired. Days are `YYYY-MM-DD`, UTC. No colon and no blanks in the filter. */
export interface NotifyListFields {
  readonly from?: string | undefined;
  /** The last day; needs a first one. */
  readonly to?: string | undefined;
  readonly regex?: string | undefined;
}

export function notifyListCommand({ from, to, regex }: NotifyListFields): string {
  if (to !== undefined && from === undefined)
    throw new AtError("invalid-value", "A list with a last day needs a first one.");
  const days = [from, to].map((each) => (each === undefined ? "" : `:${day(each)}`)).join("");
  return `notify:list${days}${regex === undefined ? "" : `:${namedWord("filter", regex)}`}`;
}

/** Forgets a notification, received or sent; one that waits is not delivered any more. */
export function notifyRemoveCommand(id: string): string {
  return `notify:remove:${notificationId(id)}`;
}

/** Keeps other atSigns (canonical) from reaching our atServer, or lets them again. */
export function blockCommand(operation: "add" | "remove", atSigns: readonly string[]): string {
  if (atSigns.length === 0) throw new AtError("invalid-value", "No atSign was given.");
  return `config:block:${operation}:${atSigns.map((each) => word("atSign", each)).join(" ")}`;
}

export const blockListCommand = "config:block:show";

export interface MonitorFields {
  /** Matched by the server, unanchored, against the key or the sender's name. No blanks. */
  readonly regex?: string | undefined;
  readonly selfNotifications?: boolean | undefined;
  /** Everything received after this time is sent again first. */
  readonly epochMillis?: number | undefined;
}

export function monitorCommand({ regex, selfNotifications, epochMillis }: MonitorFields): string {
  const own = selfNotifications === true ? ":selfNotifications" : "";
  const since = epochMillis === undefined ? "" : `:${epochMillis}`;
  // "strict" means nothing to any server; it is the colon in front of the filter, as in scan.
  return `monitor${own}${since}${own === "" && since === "" ? ":strict" : ""}${filter("notification", regex)}`;
}

/** Refuses a line that a server would read as two, or not at all. */
export function checkLine(line: string): void {
  if (hasLineBreak(line)) throw new AtError("invalid-value", "A command must not contain a line break.");
  // At least one and at most three bytes stand for each unit of the string.
  if (line.length > maxCommandBytes / 3 && Buffer.byteLength(line) > maxCommandBytes)
    throw new AtError("invalid-value", `A command must not exceed ${maxCommandBytes} bytes.`);
}

const maxCommandBytes = 10_230_000;
const lastTime = Date.UTC(9999, 11, 31);

function hasLineBreak(text: string): boolean {
  return text.includes("\n") || text.includes("\r");
}

function word(name: string, text: string): string {
  if (!/^\S+$/.test(text))
    throw new AtError("invalid-value", `The ${name} of a command must not be empty or contain blanks.`);
  return text;
}

function namedWord(name: string, text: string): string {
  if (!/^[^:\s]{1,100}$/.test(text))
    throw new AtError("invalid-value", `A ${name} must have 1 to 100 characters, no blanks and no colon.`);
  return text;
}

function time(name: string, ms: number): string {
  if (!Number.isSafeInteger(ms) || ms < 0 || ms > lastTime)
    throw new AtError(
      "invalid-value",
      `${name} must be whole milliseconds since the epoch, before the year 10000.`,
    );
  return new Date(ms).toISOString();
}

function day(text: string): string {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
  if (!isDay) throw new AtError("invalid-value", "A day is written YYYY-MM-DD.");
  return text;
}

function notificationId(id: string): string {
  if (!/^[\w-]{1,100}$/.test(id))
    throw new AtError("invalid-value", "A notification id consists of 1 to 100 letters, digits, _ and -.");
  return id;
}

function filter(name: string, regex: string | undefined): string {
  return regex === undefined ? "" : ` ${word(`${name} filter`, regex)}`;
}
