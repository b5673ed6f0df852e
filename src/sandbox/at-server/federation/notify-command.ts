import type { MetadataChange } from "../metadata-fields.ts";
import { defaultHints, type OutgoingNotification } from "../outgoing-store.ts";

/** The order in which every server takes them (specification 4.2); asserted times are left out, for old servers refuse them. */
const metadataOrder = [
  "ttl",
  "ttb",
  "ttr",
  "ccd",
  "dataSignature",
  "sharedKeyStatus",
  "isBinary",
  "isEncrypted",
  "sharedKeyEnc",
  "pubKeyCS",
  "pubKeyHash",
  "hashingAlgo",
  "encoding",
  "encKeyName",
  "encAlgo",
  "ivNonce",
  "skeEncKeyName",
  "skeEncAlgo",
  "appMetadata",
] as const satisfies readonly (keyof MetadataChange)[];

/**
 * The line that hands a notification to its recipient's server, where it is to live for `lifeMs` more; with `eph` in
 * memory alone, for servers that know that.
 */
export function notifyCommand(n: OutgoingNotification, lifeMs: number, o: { eph?: boolean } = {}): string {
  const { notifier } = n.hints ?? defaultHints;
  const change: MetadataChange = {
    ...n.change,
    isEncrypted: n.isEncrypted,
    ...(n.change.ttr === undefined ? {} : { ccd: n.change.ccd ?? false }),
  };
  const segments = metadataOrder
    .filter((name) => change[name] !== undefined && change[name] !== null)
    .map((name) => `:${name}:${change[name]}`);
  const head = `notify:id:${n.id}:${n.operation}:messageType:${n.messageType}:notifier:${notifier}:ttln:${lifeMs}`;
  const eph = o.eph === true ? ":eph:true" : "";
  return `${head}${eph}${segments.join("")}:${n.key}${n.value === null ? "" : `:${n.value}`}`;
}
