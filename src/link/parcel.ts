import { sha256Hex } from "../canonical.ts";
import type { AgentAddress } from "../domain.ts";
import { AppError } from "../errors.ts";
import type { AtMessage, AtTransport, SharedKey } from "./at-transport.ts";
import { maxContainerBytes, type SealedEnvelope } from "./envelope.ts";

/**
 * How a container travels: as the notification's own value (base64), or, above 32 KiB, as an encrypted shared key of nearly
 * the same name, to which the notification refers with the container's hash. The name is
 * `<message id>.<sender's instance>.<recipient's instance>.countersign`: what ends with an instance's name is its own to
 * read, and what it sends to "main" ends with both, so that no enrollment needs the names of another instance.
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
    readonly from: { readonly instance: string };
    readonly to: AgentAddress;
    readonly ttlMs: number;
    readonly onStored: (key: SharedKey) => void;
  },
): Promise<void> {
  const { bytes, messageId } = sealed;
  const name = `${messageId}.${o.from.instance}.${o.to.instance}`;
  const sharedWith = o.to.atSign;
  const notify = (value: string): Promise<string> =>
    transport.notify({ to: sharedWith, name, namespace, value, ttlMs: o.ttlMs, id: messageId });
  if (bytes.length <= largestInline) {
    await notify(bytes.toString("base64"));
    return;
  }
  const key = {
    kind: "shared",
    name: parcelName(messageId, o.from.instance, o.to.instance),
    namespace,
    sharedWith,
  } as const;
  o.onStored(key);
  await transport.put(key, bytes.toString("base64"), { ttlMs: o.ttlMs });
  await notify(`ref:${messageId}:${sha256Hex(bytes)}`);
}

/**
 * The container a notification carries or refers to. Throws `envelope-size`, `envelope-malformed`, `parcel-missing`.
 */
export async function receiveParcel(
  transport: AtTransport,
  { key, from, value }: Pick<AtMessage, "key" | "from" | "value">,
  me: AgentAddress,
): Promise<Buffer> {
  const reference = referencePattern.exec(value ?? "");
  if (reference === null) {
    return decode(value);
  }
  const [, messageId = "", hash] = reference;
  const stored = await transport.get({
    kind: "shared",
    name: parcelName(messageId, senderIn(key), me.instance),
    namespace,
    sharedWith: me.atSign,
    sharedBy: from,
  });
  if (stored === undefined) {
    throw new AppError("parcel-missing", `${from} refers to a value that is not there (any more)`);
  }
  const bytes = decode(stored);
  if (sha256Hex(bytes) !== hash) {
    throw new AppError("envelope-altered", `the value ${from} refers to is not the one it sent`);
  }
  return bytes;
}

/**
 * The filter for notifications to one of our instances: their ids end in a hexadecimal digit. Servers also tell of each
 * shared key that is written or deleted, with its value; the ids of parcels end otherwise. Without groups and with one
 * repetition, because servers look at it for each notification.
 */
export function notificationFilter(instance: string): string {
  return `[0-9a-f]\\.[a-z0-9-]+\\.${instance}\\.${namespace}@`;
}

/** Like a notification's, because each instance may read and write its own key names only. */
function parcelName(messageId: string, from: string, to: string): string {
  return `${messageId}${parcelMark}.${from}.${to}`;
}

/** The instance that a notification's key names as its sender; as little believed as the rest of it. */
function senderIn(key: string): string {
  const sender = /^@[^:]+:[^.]+\.([a-z0-9][a-z0-9-]{0,39})\.[^.]+\.countersign@/.exec(key)?.[1];
  if (sender === undefined) {
    throw new AppError("envelope-malformed", "the notification of a large value does not name its sender");
  }
  return sender;
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
