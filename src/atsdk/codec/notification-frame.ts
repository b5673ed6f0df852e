import { AtError } from "../at-error.ts";
import { toAtSign } from "../at-sign.ts";
import { type AtMetadata, readMetadata } from "./metadata.ts";

/** A notification as the server sent it, value not yet decrypted. */
export interface RawNotification {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly key: string;
  readonly value: string | undefined;
  readonly operation: "update" | "delete";
  /** Of a `text` message (deprecated) the key is `@recipient:` and the message itself. */
  readonly messageType: "key" | "text";
  /** Receiving server's clock, milliseconds. */
  readonly epochMillis: number;
  readonly isEncrypted: boolean;
  readonly metadata: AtMetadata;
}

/** Reads the JSON of a monitor frame. Anything malformed gives undefined. */
export function parseNotification(json: string): RawNotification | "statistics" | undefined {
  let frame: unknown;
  try {
    frame = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof frame !== "object" || frame === null) return undefined;
  const { id, from, to, key, value, operation, messageType, epochMillis, isEncrypted, metadata } =
    frame as Record<string, unknown>;
  if (id === "-1") return "statistics";
  if (typeof id !== "string" || typeof key !== "string") return undefined;
  if (operation !== "update" && operation !== "delete") return undefined;
  if (typeof epochMillis !== "number" || !Number.isSafeInteger(epochMillis) || epochMillis < 0)
    return undefined;
  const sender = readAtSign(from);
  const recipient = readAtSign(to);
  if (sender === undefined || recipient === undefined) return undefined;
  return {
    id,
    from: sender,
    to: recipient,
    key,
    value: typeof value === "string" ? value : undefined,
    operation,
    messageType: messageType === "MessageType.text" ? "text" : "key",
    epochMillis,
    isEncrypted: isEncrypted === true || isEncrypted === "true",
    metadata: readMetadata(metadata),
  };
}

function readAtSign(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return toAtSign(value);
  } catch (error) {
    if (error instanceof AtError) return undefined;
    throw error;
  }
}
