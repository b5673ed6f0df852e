import { AtError } from "./at-error.ts";
import { toAtSign } from "./at-sign.ts";

/** Names a value: `shared` values need `sharedWith` when written, `sharedBy` when another atSign wrote them. */
export interface AtKeyName {
  readonly kind: "self" | "public" | "shared";
  /** `[a-z0-9._-]`, without the namespace. */
  readonly name: string;
  readonly namespace?: string;
  readonly sharedWith?: string;
}

const namePattern = /^[a-z0-9._-]+$/;
const maxKeyLength = 248;

/** `name.namespace`, checked against the whitelist so that nothing of it can become another command. */
export function localName(name: string, namespace?: string): string {
  const full = namespace === undefined ? name : `${name}.${namespace}`;
  if (!namePattern.test(full) || full.length > maxKeyLength)
    throw new AtError(
      "invalid-key",
      `${JSON.stringify(full.slice(0, 80))} is no key name: expected 1 to ${maxKeyLength} characters of a-z, 0-9, ".", "_" and "-".`,
    );
  return full;
}

/** The full key as it stands on the wire, such as `@bob:order.myapp@alice` for a key that `owner` holds. */
export function fullKey(key: AtKeyName, owner: string): string {
  const full = `${scopeOf(key)}${localName(key.name, key.namespace)}${owner}`;
  if (full.length > maxKeyLength)
    throw new AtError(
      "invalid-key",
      `The key ${full.slice(0, 40)}… has ${full.length} characters; at most ${maxKeyLength} are allowed.`,
    );
  return full;
}

function scopeOf(key: AtKeyName): string {
  switch (key.kind) {
    case "self":
      return "";
    case "public":
      return "public:";
    case "shared":
      return `${recipientOf(key)}:`;
  }
}

/** The atSign a shared key is for, in canonical form. */
export function recipientOf(key: AtKeyName): string {
  if (key.sharedWith === undefined)
    throw new AtError(
      "invalid-key",
      `The shared key ${JSON.stringify(key.name)} names no atSign in sharedWith.`,
    );
  return toAtSign(key.sharedWith);
}
