import { sha256Hex } from "../canonical.ts";
import { AppError } from "../errors.ts";
import type { AtTransport, SharedKey } from "./at-transport.ts";
import { maxContainerBytes, type SealedEnvelope } from "./envelope.ts";

/**
 * How a container travels: as the notification's own value (base64), or, above 32 KiB, as an encrypted shared key that
 * the notification refers to by its name and the container's hash.
 */
const namespace = "countersign";
const parcelMark = "-parcel";
const largestInline = 32 * 1024;
const referencePattern = /^ref:([0-9a-f]{32}):([0-9a-f]{64})$/;
const largestValue = Math.ceil(maxContainerBytes / 3) * 4;

/** Sends a container once. `onStored` is told of the shared key that it needs, if any: the sender deletes it. */
export async function sendParcel(
  transport: AtTransport,
  sealed: SealedEnvelope,
  o: {
    readonly to: string;
    readonly instance: string;
    readonly ttlMs: number;
    readonly onStored: (key: SharedKey) => void;
  },
): Promise<void> {
  const { bytes, messageId } = sealed;
  const notify = (value: string): Promise<string> =>
    transport.notify({
      to: o.to,
      name: `${messageId}.${o.instance}`,
      namespace,
      value,
      ttlMs: o.ttlMs,
      id: messageId,
    });
  if (bytes.length <= largestInline) {
    await notify(bytes.toString("base64"));
    return;
  }
  const name = parcelName(messageId, o.instance);
  const key = { kind: "shared", name, namespace, sharedWith: o.to } as const;
  o.onStored(key);
  await transport.put(key, bytes.toString("base64"), { ttlMs: o.ttlMs });
  await notify(`ref:${messageId}:${sha256Hex(bytes)}`);
}

/**
 * The container a notification carries or refers to. Throws `envelope-size`, `envelope-malformed`, `parcel-missing`.
 */
export async function receiveParcel(
  transport: AtTransport,
  value: string | undefined,
  o: { readonly from: string; readonly me: string; readonly instance: string },
): Promise<Buffer> {
  const reference = referencePattern.exec(value ?? "");
  if (reference === null) {
    return decode(value);
  }
  const [, name = "", hash] = reference;
  const stored = await transport.get({
    kind: "shared",
    name: parcelName(name, o.instance),
    namespace,
    sharedWith: o.me,
    sharedBy: o.from,
  });
  if (stored === undefined) {
    throw new AppError("parcel-missing", `${o.from} refers to a value that is not there (any more)`);
  }
  const bytes = decode(stored);
  if (sha256Hex(bytes) !== hash) {
    throw new AppError("envelope-altered", `the value ${o.from} refers to is not the one it sent`);
  }
  return bytes;
}

/**
 * The filter for notifications to one of our instances: their names end in a hexadecimal digit. Servers also tell of
 * each shared key that is written or deleted, with its value; the names of parcels end otherwise. Without groups and
 * repetitions, because servers look at it for each notification.
 */
export function notificationFilter(instance: string): string {
  return `[0-9a-f]\\.${instance}\\.${namespace}@`;
}

/** Like a notification's: under the recipient's instance, because each may read and write its own key names only. */
function parcelName(messageId: string, instance: string): string {
  return `${messageId}${parcelMark}.${instance}`;
}

function decode(value: string | undefined): Buffer {
  if (value === undefined || value.length > largestValue) {
    throw new AppError("envelope-size", `a value of ${value?.length ?? 0} characters is not read`);
  }
  const bytes = Buffer.from(value, "base64");
  if (bytes.toString("base64") !== value) {
    throw new AppError("envelope-malformed", "the value is not base64");
  }
  return bytes;
}
