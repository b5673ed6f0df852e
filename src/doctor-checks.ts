import { isoMinute } from "./iso-minute.ts";

/** What `doctor` finds, from facts already gathered: pure. */

export interface Finding {
  readonly name: string;
  readonly status: "ok" | "warn" | "bad";
  readonly text: string;
  /** What to do; empty when nothing is. */
  readonly todo: string;
}

const dayMs = 86_400_000;
/** A trust document older than this stops effects. */
const maxTrustDays = 7;
const warnTrustDays = 5;
const warnExpiryDays = 7;

export function ok(name: string, text: string): Finding {
  return { name, status: "ok", text, todo: "" };
}
export function warn(name: string, text: string, todo: string): Finding {
  return { name, status: "warn", text, todo };
}
export function bad(name: string, text: string, todo: string): Finding {
  return { name, status: "bad", text, todo };
}

/** Node's own version, e.g. "24.1.0": 22.18 is the first that runs TypeScript as it is. */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 18)
    ? ok("node", `Node ${version}`)
    : bad("node", `Node ${version}`, "use Node 22.18 or later; `npm start` brings its own");
}

/** An address without its password and parameters, which may carry one. */
export function withoutSecrets(url: string): string {
  if (!URL.canParse(url)) {
    return "(an address that cannot be shown)";
  }
  const parsed = new URL(url);
  parsed.password = "";
  parsed.search = "";
  return parsed.href;
}

/** The queue that a start would use; `silent`: it should be there, and does not answer. */
export function checkQueue(o: {
  readonly redisUrl: string | undefined;
  readonly redisServer: string | undefined;
  readonly production: boolean;
  readonly silent: boolean;
}): Finding {
  if (o.silent) {
    const text = o.redisUrl === undefined ? "the private Redis" : `Redis at ${withoutSecrets(o.redisUrl)}`;
    const todo =
      o.redisUrl === undefined
        ? "the launcher replaces one that stands still, and says so; if this stays, start again"
        : "look at it: until it answers, the sweeper alone moves the work on";
    return bad("queue", `${text} does not answer`, todo);
  }
  if (o.redisUrl !== undefined) {
    return ok("queue", `Redis at ${withoutSecrets(o.redisUrl)} (REDIS_URL)`);
  }
  if (o.production) {
    return bad("queue", "none: production needs a Redis", "set REDIS_URL, e.g. redis://localhost:6379");
  }
  return o.redisServer === undefined
    ? warn("queue", "in memory (PGlite, about 300 MB)", "install redis-server to use less memory")
    : ok("queue", `a private Redis, started from ${o.redisServer}`);
}

/** Of a database: where it is, its tables, and in which columns business text lies. */
export function checkStore(
  name: string,
  o: {
    readonly url: string | undefined;
    readonly file: string;
    readonly tables: readonly string[];
    readonly content: string;
  },
): Finding {
  const place = o.url === undefined ? `SQLite, ${o.file}` : `PostgreSQL, ${withoutSecrets(o.url)}`;
  return ok(name, `${place}; tables: ${o.tables.join(", ")}; ${o.content}`);
}

/** `running` is what the running bot says of its connection. */
export function checkSlack(
  hasTokens: boolean,
  running: { readonly ok: boolean; readonly text: string } | undefined,
): Finding {
  if (running !== undefined) {
    return running.ok
      ? ok("slack", running.text)
      : bad("slack", running.text, "run `countersign slack setup`: it says what is wrong");
  }
  return hasTokens
    ? ok("slack", "tokens are set; `countersign slack setup` checks them")
    : ok("slack", "not set up");
}

/** One file or folder of secrets, with its permission bits. */
export interface SecretFile {
  readonly path: string;
  readonly mode: number;
  readonly folder: boolean;
}
/** `missing` are key folders that should be there; none at all means that nothing was set up yet. */
export function checkKeys(files: readonly SecretFile[], missing: readonly string[]): Finding {
  if (files.length === 0) {
    return warn("keys", "none yet", "`npm start` makes them, or `countersign setup`");
  }
  const open = files.find(({ mode }) => (mode & 0o077) !== 0);
  if (open !== undefined) {
    const wanted = open.folder ? "700" : "600";
    const mode = open.mode.toString(8).padStart(3, "0");
    return bad("keys", `${open.path} has mode ${mode}: others may read it`, `chmod ${wanted} ${open.path}`);
  }
  if (missing.length > 0) {
    return bad("keys", `no keys of ${missing.join(", ")}`, "run `countersign setup`, or restore a backup");
  }
  const folders = files.filter(({ folder }) => folder).length;
  return ok("keys", `${files.length - folders} files in ${folders} folders, readable by their owner only`);
}

/** Of the trust document that the company signed. */
export function checkTrust(
  document: { readonly serial: number; readonly issuedAt: string; readonly notAfter: string },
  problems: readonly string[],
  now: number,
): Finding {
  const { serial, issuedAt, notAfter } = document;
  const age = (now - Date.parse(issuedAt)) / dayMs;
  const left = (Date.parse(notAfter) - now) / dayMs;
  const text = `document ${serial}, ${Math.floor(age)} days old, valid until ${isoMinute(Date.parse(notAfter))}`;
  const sign = "run `countersign trust sign`";
  if (left <= 0) {
    return bad("trust", `${text}: it has ended`, sign);
  }
  if (age > maxTrustDays) {
    return bad("trust", `${text}: too old, effects are stopped`, sign);
  }
  if (problems[0] !== undefined) {
    return bad("trust", `${text}; refused: ${problems[0]}`, "put the right grant back, or grant it again");
  }
  return age > warnTrustDays || left < warnExpiryDays ? warn("trust", text, sign) : ok("trust", text);
}
