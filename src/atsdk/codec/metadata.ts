import { AtError } from "../at-error.ts";

/** Metadata that a command can set, named as on the wire. `null` resets a text field, what is left out stays. */
export interface MetadataChange {
  /** Lifetime in milliseconds; 0 ends an earlier one. */
  readonly ttl?: number;
  /** Milliseconds until the value becomes visible. */
  readonly ttb?: number;
  /** How long recipients may cache the value: positive, or -1 for ever (specification 4.2 on its unit). */
  readonly ttr?: number;
  /** Recipients' cached copies are deleted with the original. */
  readonly ccd?: boolean;
  readonly dataSignature?: string | null;
  readonly sharedKeyStatus?: string | null;
  readonly isBinary?: boolean;
  readonly isEncrypted?: boolean;
  readonly sharedKeyEnc?: string | null;
  readonly pubKeyCS?: string | null;
  /** Refused by atServers before 3.1.1. */
  readonly pubKeyHash?: { readonly hash: string; readonly hashingAlgo: string };
  readonly encoding?: string | null;
  readonly encKeyName?: string | null;
  readonly encAlgo?: string | null;
  readonly ivNonce?: string | null;
  readonly skeEncKeyName?: string | null;
  readonly skeEncAlgo?: string | null;
  /** Refuse later updates; refused by atServers before 3.4. */
  readonly immutable?: boolean;
  /** Opaque to servers; refused by atServers before 3.14. */
  readonly appMetadata?: Readonly<Record<string, unknown>> | null;
}

type Read = { readonly [K in keyof MetadataChange]: Exclude<MetadataChange[K], null> };

/** Metadata as an atServer reports it. Absent members were never set or are not reported by that server. */
export interface AtMetadata extends Read {
  readonly createdBy?: string;
  readonly updatedBy?: string;
  /** Milliseconds since the epoch, as are the other times. */
  readonly createdAt?: number;
  readonly updatedAt?: number;
  readonly availableAt?: number;
  readonly expiresAt?: number;
  readonly refreshAt?: number;
  readonly status?: string;
  readonly version?: number;
}

const text = /^[^:@\s]+$/;
const patterns = { number: /^-?\d{1,15}$/, boolean: /^(?:true|false)$/, text } as const;

/** The writable fields in the order that servers demand: they answer AT0003 to any other. */
const writeOrder: readonly (readonly [keyof MetadataChange, keyof typeof patterns])[] = [
  ["ttl", "number"],
  ["ttb", "number"],
  ["ttr", "number"],
  ["ccd", "boolean"],
  ["dataSignature", "text"],
  ["sharedKeyStatus", "text"],
  ["isBinary", "boolean"],
  ["isEncrypted", "boolean"],
  ["sharedKeyEnc", "text"],
  ["pubKeyCS", "text"],
  ["pubKeyHash", "text"],
  ["encoding", "text"],
  ["encKeyName", "text"],
  ["encAlgo", "text"],
  ["ivNonce", "text"],
  ["skeEncKeyName", "text"],
  ["skeEncAlgo", "text"],
  ["immutable", "boolean"],
  ["appMetadata", "text"],
];

/** The `:name:value` segments of `update` and `notify`. Throws `invalid-value` for what would break the line. */
export function writeMetadata(change: MetadataChange): string {
  let segments = "";
  for (const [name, kind] of writeOrder) {
    const value = change[name];
    if (value !== undefined) segments += writeField(name, value, patterns[kind]);
  }
  return segments;
}

function writeField(name: keyof MetadataChange, value: unknown, pattern: RegExp): string {
  if (name === "pubKeyHash") {
    const { hash, hashingAlgo } = value as NonNullable<MetadataChange["pubKeyHash"]>;
    return segment("pubKeyHash", hash, text) + segment("hashingAlgo", hashingAlgo, text);
  }
  if (name === "appMetadata" && value !== null)
    return segment(name, Buffer.from(JSON.stringify(value), "utf8").toString("base64"), text);
  return segment(name, String(value), pattern); // null is written as the word
}

function segment(name: string, value: string, pattern: RegExp): string {
  if (!pattern.test(value))
    throw new AtError(
      "invalid-value",
      `Metadata ${name} cannot be ${JSON.stringify(value.slice(0, 40))}: it must match ${pattern.source}.`,
    );
  return `:${name}:${value}`;
}

const textFields = [
  "createdBy",
  "updatedBy",
  "status",
  ...writeOrder.filter(([, kind]) => kind === "text").map(([name]) => name),
].filter((name) => name !== "pubKeyHash" && name !== "appMetadata");
const numberFields = ["ttl", "ttb", "ttr", "version"];
const timeFields = ["createdAt", "updatedAt", "availableAt", "expiresAt", "refreshAt"];
const booleanFields = ["ccd", "isBinary", "isEncrypted", "immutable"];

/** Reads metadata from a reply or a notification: any order; missing, null, unknown and wrong members are left out. */
export function readMetadata(json: unknown): AtMetadata {
  const found: Record<string, unknown> = {};
  if (typeof json !== "object" || json === null) return found;
  const source = json as Record<string, unknown>;
  const read = (names: readonly string[], convert: (value: unknown) => unknown) => {
    for (const name of names) {
      const value = isAbsent(source[name]) ? undefined : convert(source[name]);
      if (value !== undefined) found[name] = value;
    }
  };
  read(numberFields, readNumber);
  read(booleanFields, readBoolean);
  read(textFields, (value) => (typeof value === "string" ? value : undefined));
  read(timeFields, readTime);
  read(["pubKeyHash"], readKeyHash);
  read(["appMetadata"], readAppMetadata);
  return found;
}

/** Some frames carry the text "null" (specification 7.3). */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "" || value === "null";
}

function readNumber(value: unknown): number | undefined {
  const number = typeof value === "number" ? value : typeof value === "string" ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

function readBoolean(value: unknown): boolean | undefined {
  const word = String(value).toLowerCase();
  return word === "true" ? true : word === "false" ? false : undefined;
}

/** `2024-10-24 01:35:02.123Z`, with a blank or a T. */
function readTime(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(value))
    return undefined;
  const ms = Date.parse(value.replace(" ", "T"));
  return Number.isNaN(ms) ? undefined : ms;
}

/** An object in replies, a JSON string of the same object in monitor frames. */
function readKeyHash(value: unknown): AtMetadata["pubKeyHash"] {
  const { hash, hashingAlgo } = (typeof value === "string" ? readObject(value) : asObject(value)) ?? {};
  return typeof hash === "string" && typeof hashingAlgo === "string" ? { hash, hashingAlgo } : undefined;
}

/** An object in replies; base64 of its JSON is what a command carries and what some servers pass on. */
function readAppMetadata(value: unknown): AtMetadata["appMetadata"] {
  if (typeof value !== "string") return asObject(value);
  return readObject(value) ?? readObject(Buffer.from(value, "base64").toString("utf8"));
}

function readObject(json: string): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(json));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
