import type { Behaviour } from "./behaviour.ts";
import { ServerError, syntaxError } from "./server-error.ts";

/** Metadata as a command gives it. `null` on a text field resets it. Times and durations in milliseconds. */
export interface MetadataChange {
  ttl?: number;
  ttb?: number;
  ttr?: number;
  ccd?: boolean;
  cAt?: number;
  uAt?: number;
  eAt?: number;
  aAt?: number;
  dataSignature?: string | null;
  sharedKeyStatus?: string | null;
  isBinary?: boolean;
  isEncrypted?: boolean;
  sharedKeyEnc?: string | null;
  pubKeyCS?: string | null;
  pubKeyHash?: string | null;
  hashingAlgo?: string | null;
  encoding?: string | null;
  encKeyName?: string | null;
  encAlgo?: string | null;
  ivNonce?: string | null;
  skeEncKeyName?: string | null;
  skeEncAlgo?: string | null;
  immutable?: boolean;
  appMetadata?: string | null;
}

type FieldKind = "integer" | "boolean" | "text" | "time";

const kinds: Record<keyof MetadataChange, FieldKind> = {
  ttl: "integer",
  ttb: "integer",
  ttr: "integer",
  ccd: "boolean",
  cAt: "time",
  uAt: "time",
  eAt: "time",
  aAt: "time",
  dataSignature: "text",
  sharedKeyStatus: "text",
  isBinary: "boolean",
  isEncrypted: "boolean",
  sharedKeyEnc: "text",
  pubKeyCS: "text",
  pubKeyHash: "text",
  hashingAlgo: "text",
  encoding: "text",
  encKeyName: "text",
  encAlgo: "text",
  ivNonce: "text",
  skeEncKeyName: "text",
  skeEncAlgo: "text",
  immutable: "boolean",
  appMetadata: "text",
};

// Names in any case; `hash` and `algo` are what at_c writes.
const fields = new Map<string, { name: keyof MetadataChange; kind: FieldKind }>(
  (Object.keys(kinds) as (keyof MetadataChange)[]).map((name) => [
    name.toLowerCase(),
    { name, kind: kinds[name] },
  ]),
);
fields.set("hash", { name: "pubKeyHash", kind: "text" });
fields.set("algo", { name: "hashingAlgo", kind: "text" });

const patterns: Record<FieldKind, RegExp> = {
  integer: /^-?\d{1,15}(?=:|$)/,
  boolean: /^(?:true|false)(?=:|$)/i,
  text: /^[^:@\s]+(?=:|$)/,
  time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z(?=:|$)/,
};

/** Places of the fields that every client writes first, in this order; all other fields come later, in any. */
const places = new Map([
  ["ttl", 0],
  ["ttln", 0],
  ["ttb", 1],
  ["ttr", 2],
  ["ccd", 3],
]);

/** Reads `name:value` segments from the front of a command, in any order or as `times-first` demands. */
export class SegmentReader {
  rest: string;
  /** A notification's lifetime in milliseconds, which some clients write among the metadata of any command. */
  ttln: number | undefined;
  readonly #order: Behaviour["metadataOrder"];
  #place = 0;

  constructor(text: string, order: Behaviour["metadataOrder"] = "any") {
    this.rest = text;
    this.#order = order;
  }

  /** Takes the word before the next colon if `accept` wants it (given in lower case), with its colon. */
  word(accept: (word: string) => boolean): string | undefined {
    const colon = this.rest.indexOf(":");
    const word = (colon < 0 ? this.rest : this.rest.slice(0, colon)).toLowerCase();
    if (!accept(word)) return undefined;
    this.rest = colon < 0 ? "" : this.rest.slice(colon + 1);
    return word;
  }

  /** Takes a value with its colon, if there is one, or fails. */
  value(pattern: RegExp): string {
    const value = pattern.exec(this.rest)?.[0];
    if (value === undefined) throw syntaxError();
    this.rest = this.rest.slice(value.length + 1);
    return value;
  }

  /** Takes one metadata segment into `change`; false when the next word names no field. */
  metadata(change: MetadataChange): boolean {
    const word = this.word((name) => name === "ttln" || fields.has(name));
    if (word === undefined) return false;
    const place = places.get(word) ?? places.size;
    if (this.#order === "times-first" && place < this.#place) throw syntaxError();
    this.#place = place;
    const field = fields.get(word);
    if (!field) {
      this.ttln = Number(this.value(/^\d{1,15}(?=:|$)/));
      return true;
    }
    const text = this.value(patterns[field.kind]);
    Object.assign(change, { [field.name]: readValue(text, field.kind) });
    return true;
  }
}

function readValue(text: string, kind: FieldKind): number | boolean | string | null {
  switch (kind) {
    case "integer":
      return Number(text);
    case "boolean":
      return text.toLowerCase() === "true";
    case "time":
      return readTime(text);
    case "text":
      return text === "null" ? null : text;
  }
}

/** Milliseconds of a time that has the form of one. Throws AT0003 when there is none such. */
export function readTime(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw syntaxError(`Invalid syntax. ${text} is no time`);
  return ms;
}

/** Refuses values that no combination allows, given what is stored (messages as the public server words them). */
export function checkMetadata(change: MetadataChange, old: MetadataChange = {}): void {
  if (change.ttl !== undefined && change.ttl < 0)
    throw syntaxError("Valid value for TTL should be greater than or equal to 0");
  if (change.ttb !== undefined && change.ttb < 0)
    throw syntaxError("Valid value for TTB should be greater than or equal to 0");
  if (change.ttr !== undefined && change.ttr < -1)
    throw syntaxError("Valid values for TTR are -1 and greater than or equal to 1");
  if (change.ccd === true && change.ttr === undefined && old.ttr === undefined)
    throw new ServerError("AT0022", "TTR cannot be null when CCD is set");
}
