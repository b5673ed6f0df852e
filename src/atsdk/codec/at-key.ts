import { AtError } from "../at-error.ts";
import { toAtSign } from "../at-sign.ts";

/**
 * Names a value. `shared` values need `sharedWith` when written. A name that begins with `_` is hidden (specification
 * 4.1): public `__x` is listed by `scan({ showHidden: true })`, public `_x` never, self `_x` with showHidden.
 */
export interface AtKeyName {
  readonly kind: "self" | "public" | "shared";
  /** `[a-z0-9._-]`, without the namespace. */
  readonly name: string;
  readonly namespace?: string;
  readonly sharedWith?: string;
}

/** Names a value to read: `sharedBy` when another atSign wrote it, `cached` for our atServer's copy of such a one. */
export interface ReadableKey extends AtKeyName {
  readonly sharedBy?: string;
  readonly cached?: boolean;
}

const namePattern = /^[a-z0-9._-]+$/;
const maxKeyLength = 248;
const cachedPrefix = "cached:";

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

/** The key of `me`'s copy of a value that another atSign shared with it or published. */
export function cachedKey(key: ReadableKey, me: string): string {
  if (key.kind === "self" || key.sharedBy === undefined)
    throw new AtError("invalid-key", "Cached values are public or shared ones of the atSign in sharedBy.");
  const owned: AtKeyName = key.kind === "shared" ? { ...key, sharedWith: me } : key;
  return `${cachedPrefix}${fullKey(owned, toAtSign(key.sharedBy))}`;
}

/** Reads a full key as `scan` lists it. Throws `invalid-key` for names that this SDK does not write. */
export function parseKey(full: string): ReadableKey & { readonly sharedBy: string } {
  const cached = full.startsWith(cachedPrefix);
  const [, scope, name = "", owner = ""] =
    /^(?:(public|@[^:@\s]+):)?([^:@\s]+)(@[^:@\s]+)$/.exec(cached ? full.slice(cachedPrefix.length) : full) ??
    [];
  const dot = localName(name).lastIndexOf(".");
  const isSplit = dot > 0 && dot < name.length - 1;
  return {
    ...(scope === undefined
      ? { kind: "self" }
      : scope === "public"
        ? { kind: "public" }
        : { kind: "shared", sharedWith: toAtSign(scope) }),
    ...(isSplit ? { name: name.slice(0, dot), namespace: name.slice(dot + 1) } : { name }),
    sharedBy: toAtSign(owner),
    ...(cached ? { cached } : {}),
  };
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
