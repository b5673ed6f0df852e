import type { StoredNotification } from "./notification-store.ts";
import type { MetadataChange } from "./metadata-fields.ts";
import { decodeAppMetadata, formatTime, keyHashJson } from "./record.ts";

/** The metadata part of a monitor frame, as JSON. */
export function frameMetadata(change: MetadataChange, now: number): string {
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

/** The line a monitor receives. The order of members is what clients' tests expect. */
export function notificationLine(n: StoredNotification): string {
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
  return `notification: ${head.slice(0, -1)},"metadata":${n.metadata}}\n`;
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
