import { AppError } from "../../src/errors.ts";

/** Where a Redis is, by what `REDIS_URL` says. */
export type RedisPlace =
  | { readonly kind: "socket"; readonly path: string }
  | ({ readonly kind: "single"; readonly database: number; readonly node: RedisNode } & RedisLogin)
  | ({
      readonly kind: "sentinel";
      readonly sentinels: readonly RedisNode[];
      /** The name the sentinels know the master by. */
      readonly master: string;
      readonly database: number;
    } & RedisLogin)
  | ({ readonly kind: "cluster"; readonly nodes: readonly RedisNode[] } & RedisLogin);
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}
interface RedisLogin {
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const forms =
  'expected "redis://HOST:PORT", "rediss://…" with TLS, "redis+sentinel://HOST:PORT,HOST:PORT/MASTER", "redis+cluster://HOST:PORT,HOST:PORT" or "unix:///PATH"';
const defaultPorts = { single: 6379, sentinel: 26_379, cluster: 6379 } as const;
const shape =
  /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^@/?#]+)(?:\/([^/?#]*))?(?:\/(\d{1,4}))?$/;

/** Fails with "bad-setting", naming what was expected; the text itself may hold a password and is not repeated. */
export function parseRedisUrl(url: string): RedisPlace {
  if (url.startsWith("unix:///")) {
    return { kind: "socket", path: url.slice("unix://".length) };
  }
  const [, scheme, way, login = "", hosts = "", name = "", number] = shape.exec(url) ?? [];
  if (scheme === undefined) {
    throw refusal(forms);
  }
  const kind = way === "sentinel" || way === "cluster" ? way : "single";
  const nodes = hosts.split(",").map((host) => nodeOf(host, defaultPorts[kind]));
  const common = { tls: scheme === "rediss", ...loginOf(login) };
  switch (kind) {
    case "sentinel":
      if (name === "") {
        throw refusal('the name of the master is missing: "redis+sentinel://HOST:PORT,HOST:PORT/MASTER"');
      }
      return {
        kind,
        sentinels: nodes,
        master: decodeURIComponent(name),
        database: Number(number ?? 0),
        ...common,
      };
    case "cluster":
      if (name !== "" && name !== "0") {
        throw refusal("a Redis Cluster has one database only, number 0");
      }
      return { kind, nodes, ...common };
    case "single": {
      const [node, ...others] = nodes;
      if (node === undefined || others.length > 0 || number !== undefined || !/^\d{0,4}$/.test(name)) {
        throw refusal(`${forms}; several hosts are a Sentinel's or a Cluster's`);
      }
      return { kind, node, database: Number(name), ...common };
    }
  }
}

function nodeOf(text: string, defaultPort: number): RedisNode {
  const [, ip6, name, port] = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/i.exec(text.trim()) ?? [];
  const host = ip6 ?? name;
  const number = Number(port ?? defaultPort);
  if (host === undefined || number < 1 || number > 65_535) {
    throw refusal(`${forms}; one of the hosts is no "HOST:PORT"`);
  }
  return { host, port: number };
}
function loginOf(text: string): Pick<RedisLogin, "username" | "password"> {
  const cut = text.indexOf(":");
  const [user, password] = cut === -1 ? [text, ""] : [text.slice(0, cut), text.slice(cut + 1)];
  const decoded = (part: string) => (part === "" ? undefined : decodeURIComponent(part));
  return { username: decoded(user), password: decoded(password) };
}
function refusal(why: string): AppError {
  return new AppError("bad-setting", `setting REDIS_URL: ${why}`);
}
