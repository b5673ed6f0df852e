import type { StoredNotification } from "./notification-store.ts";
import { defaultHints, type OutgoingNotification } from "./outgoing-store.ts";
import type { MetadataChange } from "./metadata-fields.ts";
import { decodeAppMetadata, formatTime, keyHashJson } from "./record.ts";

/** A notification as it is kept at the time `now`. */
export function storedNotification(
  sender: string,
  n: OutgoingNotification,
  now: number,
  expiresAt: number,
): StoredNotification {
  return {
    recipient: n.recipient,
    sender,
    id: n.id,
    key: n.key,
    value: n.value,
    operation: n.operation,
    messageType: n.messageType,
    isEncrypted: n.isEncrypted && n.value !== null, // some clients crash on an encrypted nothing
    metadata: frameMetadata(n.change, now),
    epochMillis: now,
    expiresAt,
    kind: "received",
    hints: n.hints ?? defaultHints,
  };
}

/** The metadata part of a monitor frame, as JSON. */
function frameMetadata(change: MetadataChange, now: number): string {
  const { ttl = null, ttb = null, ttr = null } = change;
  const hash = keyHashJson(change.pubKeyHash, change.hashingAlgo).pubKeyHash;
  return JSON.stringify({
    ttr,
    ttl,
    ttb,
    sharedKeyEnc: change.sharedKeyEnc ?? null,
    pubKeyCS: change.pubKeyCS ?? null,
    dataSignature: change.dataSignature ?? null,
    encKeyName: change.encKeyName ?? null,
    encAlgo: change.encAlgo ?? null,
    ivNonce: change.ivNonce ?? null,
    skeEncKeyName: change.skeEncKeyName ?? null,
    skeEncAlgo: change.skeEncAlgo ?? null,
    availableAt: ttb ? formatTime(now + ttb) : null,
    expiresAt: ttl ? formatTime(now + (ttb ?? 0) + ttl) : null,
    pubKeyHash: hash ? JSON.stringify(hash) : null,
    appMetadata: change.appMetadata ? decodeAppMetadata(change.appMetadata) : null,
  });
}

/** The line a monitor receives. */
export function notificationLine(n: StoredNotification): string {
  return `notification: ${notificationJson(n)}\n`;
}

/** The order of members is what clients' tests expect. */
export function notificationJson(n: StoredNotification): string {
  const head = JSON.stringify({
    id: n.id,
    from: n.sender,
    to: n.recipient,
    key: n.key,
    value: n.value,
    operation: n.operation,
    epochMillis: n.epochMillis,
    messageType: `MessageType.${n.messageType}`,
    isEncrypted: n.isEncrypted,
  });
  return `${head.slice(0, -1)},"metadata":${n.metadata}}`;
}

/** The periodic sign of life on a monitor. */
export function statsLine(atSign: string, commitId: number, now: number): string {
  return `notification: ${JSON.stringify({
    id: "-1",
    from: atSign,
    to: atSign,
    key: `statsNotification.${atSign}`,
    value: String(commitId),
    operation: "update",
    epochMillis: now,
    messageType: "MessageType.key",
    isEncrypted: false,
    metadata: null,
  })}\n`;
}
