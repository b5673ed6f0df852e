import { ServerError, syntaxError } from "./server-error.ts";

const maxLength = 248;
const maxAtSignLength = 55;
// Clients name keys in ASCII and emoji; the range holds symbols, joiners and kana, as on public servers.
const entity = String.raw`[\w.\-'"*\u2000-\u3300\ufe0f\u{1f000}-\u{1faff}\u{e0020}-\u{e007f}]+`;
const name = new RegExp(`^${entity}$`, "u");
const atSignName = new RegExp(
  String.raw`^@[\w\-\u2000-\u3300\ufe0f\u{1f000}-\u{1faff}\u{e0020}-\u{e007f}]+$`,
  "u",
);

/** A key of this atSign that a command may write. */
export interface Key {
  readonly full: string;
  /** Set for a key shared with another atSign. */
  readonly recipient?: string;
}

/** The parts of `[public:|@bob:]<name>[@alice]`, in lower case. */
interface KeyParts {
  readonly scope?: string;
  readonly name: string;
  readonly owner?: string;
}

/** Reads a key by its grammar only. Throws AT0003. */
function split(text: string): KeyParts {
  const [, scope, local, owner] =
    /^(?:(public|@[^:@\s]+):)?([^:@\s]+)(@[^:@\s]+)?$/.exec(text.toLowerCase()) ?? [];
  if (local === undefined) throw syntaxError();
  return {
    name: local,
    ...(scope === undefined ? {} : { scope }),
    ...(owner === undefined ? {} : { owner }),
  };
}

/**
 * Reads the key of a command that changes it. Throws AT0003 for what is no key, AT0016 for one of another atSign, one
 * that is too long and one with characters that keys do not have.
 */
export function parseKey(text: string, atSign: string, o: { ownerOptional?: boolean } = {}): Key {
  const { scope, name: local, owner = o.ownerOptional ? atSign : undefined } = split(text);
  if (owner !== undefined && owner !== atSign)
    throw new ServerError(
      "AT0016",
      `Invalid update command - sharedBy atsign ${owner} should be same as current atsign ${atSign}`,
    );
  const full = `${scope === undefined ? "" : `${scope}:`}${local}${owner ?? ""}`;
  if (full.length > maxLength)
    throw new ServerError(
      "AT0016",
      `key length ${full.length} is greater than max allowed ${maxLength} chars`,
    );
  const isKey = owner !== undefined && name.test(local) && (!scope?.startsWith("@") || isAtSign(scope));
  if (!isKey) throw new ServerError("AT0016", "You may not update keys of type KeyType.invalidKey");
  return !scope?.startsWith("@") || scope === atSign ? { full } : { full, recipient: scope };
}

/** Reads the key of a copy of another atSign's data, without its `cached:`. Throws AT0003. */
export function parseCachedKey(text: string): string {
  const { scope, name: local, owner } = split(text);
  if (scope === undefined || owner === undefined) throw syntaxError();
  return `cached:${scope}:${local}${owner}`;
}

/** True for a canonical atSign. */
export function isAtSign(text: string): boolean {
  return text.length <= maxAtSignLength + 1 && atSignName.test(text);
}
