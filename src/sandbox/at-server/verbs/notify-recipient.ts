import { randomUUID } from "node:crypto";
import type { AtServer } from "../at-server.ts";
import type { Key } from "../key.ts";
import type { MetadataChange } from "../metadata-fields.ts";
import { defaultTtln } from "./notify.ts";

/** Tells the other atSign of a shared value that was written or deleted, where servers do that by themselves. */
export function notifyRecipient(
  server: AtServer,
  key: Key,
  operation: "update" | "delete",
  value: string | null,
  change: MetadataChange,
): void {
  if (key.recipient === undefined || !server.settings.autoNotify) return;
  server.send({
    id: randomUUID(),
    recipient: key.recipient,
    key: key.full,
    value,
    operation,
    messageType: "key",
    isEncrypted: change.isEncrypted ?? false,
    change,
    ttln: defaultTtln,
  });
}
