import { anyNamespace, manageNamespace } from "./enrollment.ts";
import type { Enrollment, NamespaceAccess } from "./identity.ts";
import { ServerError } from "./server-error.ts";

/** A connection as far as its rights go: without an enrollment nothing limits an owner. */
interface Limited {
  readonly enrollment: Enrollment | undefined;
}

/** True when the connection may read the key with a look-up: public data, or in a namespace of its enrollment. */
export function mayRead(connection: Limited, key: string): boolean {
  return /^(?:cached:)?public:/.test(key) || mayList(connection, key);
}

/** True when scan and sync tell the connection of the key; other than for `mayRead`, being public is no reason. */
export function mayList({ enrollment }: Limited, key: string): boolean {
  return enrollment === undefined || accessTo(enrollment, key) !== undefined;
}

export function mayWrite({ enrollment }: Limited, key: string): boolean {
  return enrollment === undefined || accessTo(enrollment, key) === "rw";
}

/** True when a monitor may receive a notification with this key. Requests for enrollments are for those who decide. */
export function mayReceive({ enrollment }: Limited, key: string): boolean {
  if (enrollment === undefined) return true;
  if (isManageKey(key)) return enrollment.namespaces[manageNamespace] !== undefined;
  return accessTo(enrollment, key) !== undefined;
}

/** Throws AT0009 unless `mayRead`. `verb` as the client wrote it. */
export function assertMayRead(connection: Limited, verb: string, key: string): void {
  if (!mayRead(connection, key)) throw notAuthorized(connection, `${verb} key: ${key}`);
}

/** Throws AT0009 unless `mayWrite`. */
export function assertMayWrite(connection: Limited, verb: string, key: string): void {
  if (!mayWrite(connection, key)) throw notAuthorized(connection, `${verb} key: ${key}`);
}

/** Throws AT0009 unless `mayReceive`. */
export function assertMayReceive(connection: Limited, verb: string, key: string): void {
  if (!mayReceive(connection, key)) throw notAuthorized(connection, `${verb} key: ${key}`);
}

/** Throws AT0009 unless nothing limits the connection, or only an enrollment that may administer others. */
export function assertMayManage(connection: Limited, what: string): void {
  const { enrollment } = connection;
  if (enrollment && enrollment.namespaces[manageNamespace] !== "rw") throw notAuthorized(connection, what);
}

/** Throws AT0009 unless the connection may write in every namespace. */
export function assertMayWriteAll(connection: Limited, what: string): void {
  const { enrollment } = connection;
  if (enrollment && enrollment.namespaces[anyNamespace] !== "rw") throw notAuthorized(connection, what);
}

/** True for keys of the namespace in which enrollments are administered. */
export function isManageKey(key: string): boolean {
  return nameOf(key).endsWith(`.${manageNamespace}`);
}

/** True when a holder of `holder` may give away `access` to a namespace: it has it there and everywhere below. */
export function covers(
  holder: Readonly<Record<string, NamespaceAccess>>,
  namespace: string,
  access: NamespaceAccess,
): boolean {
  const suffices = (own: NamespaceAccess | undefined) => own === "rw" || (own === "r" && access === "r");
  if (namespace === manageNamespace) return suffices(holder[manageNamespace]);
  const below = Object.entries(holder).filter(
    ([name]) =>
      name !== manageNamespace && (namespace === anyNamespace || isWithin(name.toLowerCase(), namespace)),
  );
  const own = namespace === anyNamespace ? holder[anyNamespace] : longestMatch(holder, namespace);
  return suffices(own) && below.every(([, exception]) => suffices(exception));
}

/** What an enrollment may do with a key; undefined for nothing. */
function accessTo(enrollment: Enrollment, key: string): NamespaceAccess | undefined {
  const name = nameOf(key);
  if (isSharedKey(name)) return "rw"; // without them no app could encrypt or decrypt for anybody
  if (name.endsWith(`.${manageNamespace}`)) return undefined;
  const dot = name.indexOf(".");
  return dot < 0
    ? enrollment.namespaces[anyNamespace]
    : longestMatch(enrollment.namespaces, name.slice(dot + 1));
}

function longestMatch(
  namespaces: Readonly<Record<string, NamespaceAccess>>,
  namespace: string,
): NamespaceAccess | undefined {
  let best: { length: number; access: NamespaceAccess } | undefined;
  for (const [name, access] of Object.entries(namespaces)) {
    if (name === anyNamespace || name === manageNamespace) continue;
    if (isWithin(namespace.toLowerCase(), name) && name.length > (best?.length ?? 0))
      best = { length: name.length, access };
  }
  return best?.access ?? namespaces[anyNamespace];
}

/** `a.b` is within `b`, and within itself. Keys are lower case; what was enrolled need not be. */
function isWithin(namespace: string, outer: string): boolean {
  const lower = outer.toLowerCase();
  return namespace === lower || namespace.endsWith(`.${lower}`);
}

/** `@bob:msg.myapp@alice` → `msg.myapp`. */
function nameOf(key: string): string {
  const owner = key.lastIndexOf("@");
  const end = owner > key.lastIndexOf(":") ? owner : key.length; // a text message has no owner
  return key.slice(key.lastIndexOf(":", end) + 1, end).toLowerCase();
}

/** `shared_key.bob`, kept copies of it, and the copy for the recipient. */
function isSharedKey(name: string): boolean {
  return name === "shared_key" || /^shared_key\.[^.]+(?:\.until\.\d+)?$/.test(name);
}

function notAuthorized({ enrollment }: Limited, what: string): ServerError {
  return new ServerError(
    "AT0009",
    `Connection with enrollment ID ${enrollment?.id} is not authorized to ${what}`,
  );
}
