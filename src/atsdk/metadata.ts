import { AtError } from "./at-error.ts";

/** Metadata of a value, as far as this SDK writes or reads it. Times in milliseconds. */
export interface AtMetadata {
  readonly ttl?: number;
  readonly ttr?: number;
  readonly dataSignature?: string;
  readonly isEncrypted?: boolean;
  readonly sharedKeyEnc?: string;
  readonly pubKeyCS?: string;
  readonly pubKeyHash?: { readonly hash: string; readonly hashingAlgo: string };
  readonly encoding?: string;
  readonly ivNonce?: string;
}

// Real servers answer AT0003 when the order differs.
const writeOrder = [
  "ttl",
  "ttr",
  "dataSignature",
  "isEncrypted",
  "sharedKeyEnc",
  "pubKeyCS",
  "encoding",
  "ivNonce",
] as const;

/** What may be written: `pubKeyHash` is left out because servers before 3.1.1 refuse it. */
export type WritableMetadata = Pick<AtMetadata, (typeof writeOrder)[number]>;

/** The `:name:value` segments of `update` and `notify`, in the order that servers demand. */
export function writeMetadata(metadata: WritableMetadata): string {
  let text = "";
  for (const name of writeOrder) {
    const value = metadata[name];
    if (value === undefined) continue;
    if (!/^[^:@\s]+$/.test(String(value)))
      throw new AtError("invalid-value", `Metadata ${name} must not be empty or contain ":", "@" or blanks.`);
    text += `:${name}:${value}`;
  }
  return text;
}

/** Reads metadata from a reply or a notification: any order, missing, null and unknown members are fine. */
export function readMetadata(json: unknown): AtMetadata {
  if (typeof json !== "object" || json === null) return {};
  const source = json as Record<string, unknown>;
  const text = (name: string) => {
    const value = source[name];
    return typeof value === "string" && value !== "" && value !== "null" ? { [name]: value } : {};
  };
  const number = (name: string) => {
    const value = Number(source[name] ?? Number.NaN);
    return Number.isFinite(value) ? { [name]: value } : {};
  };
  const encrypted = source["isEncrypted"];
  const hash = readKeyHash(source["pubKeyHash"]);
  return {
    ...number("ttl"),
    ...number("ttr"),
    ...text("dataSignature"),
    ...(encrypted === undefined || encrypted === null
      ? {}
      : { isEncrypted: encrypted === true || encrypted === "true" }),
    ...text("sharedKeyEnc"),
    ...text("pubKeyCS"),
    ...(hash ? { pubKeyHash: hash } : {}),
    ...text("encoding"),
    ...text("ivNonce"),
  };
}

/** An object in replies, a JSON string of the same object in monitor frames. */
function readKeyHash(value: unknown): AtMetadata["pubKeyHash"] {
  let object = value;
  if (typeof value === "string") {
    try {
      object = JSON.parse(value);
    } catch {
      return undefined;
    }
  }
  if (typeof object !== "object" || object === null) return undefined;
  const { hash, hashingAlgo } = object as Record<string, unknown>;
  return typeof hash === "string" && typeof hashingAlgo === "string" ? { hash, hashingAlgo } : undefined;
}
