import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delayBy } from "node:timers/promises";
import { makeFolder } from "../../../adapters/store/make-folder.ts";
import { AppError } from "../../errors.ts";
import { serveDirectory } from "./at-directory.ts";
import { AtServer, type Delay } from "./at-server.ts";
import { AtStore } from "./at-store.ts";
import { type Behaviour, defaultBehaviour } from "./behaviour.ts";
import { loadIdentity } from "./certificates.ts";
import { commandHandler } from "./commands.ts";
import { InboundConnections } from "./inbound-connections.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import type { EnrollmentLimits } from "./enrollment-requests.ts";
import { Listener } from "./listener.ts";
import { statsLine } from "./notification.ts";
import { KeptPorts, listenOn } from "./ports.ts";
import { pkamKey, secretDeletedKey, secretKey } from "./reserved-keys.ts";
import { ServerConnection } from "./server-connection.ts";

export interface AtSandboxOptions {
  /** Holds everything: certificates, ports, database (0700). */
  readonly dataDir: string;
  /** Address to bind; default 127.0.0.1. */
  readonly host?: string;
  /** Name or IPv4 address that the atDirectory gives to clients; default `host`. */
  readonly publicHost?: string;
  /** Canonical atSigns (`@alice`); more may be added on a later start. */
  readonly atSigns: readonly string[];
  /** Fixed port of the atDirectory; default the one of the last start, else any free one. */
  readonly directoryPort?: number;
  readonly behaviour?: Behaviour;
  readonly limits?: Partial<Limits>;
  /** Public keys that the atSigns are activated with, whatever was there before; their secrets stay valid. */
  readonly keys?: Readonly<Record<string, PublicKeys>>;
  readonly clock?: () => number;
  /** Waits before wrong passcodes are answered; default real time. */
  readonly delay?: Delay;
  readonly enrollmentLimits?: Partial<EnrollmentLimits>;
  /** Interval of the statistics on monitors, milliseconds; default 15,000. */
  readonly statsEveryMs?: number;
}

interface PublicKeys {
  readonly pkamPublicKey: string;
  readonly encryptionPublicKey: string;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface AtSandbox {
  readonly directory: Address;
  /** Where the atServers are. */
  readonly addresses: Readonly<Record<string, Address>>;
  readonly caFile: string;
  /** PEM text to trust. */
  readonly ca: string;
  /** Activation secrets of the atSigns that are not activated yet. */
  readonly cramSecrets: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Many clients stay connected to the one atDirectory. */
const directoryLimits: Limits = { ...defaultLimits, maxConnections: 1_000 };
const sweepEveryMs = 60_000;
const closeIdleEveryMs = 1_000;
const keepExpiredMs = 60_000;

/**
 * Starts the sandbox's atDirectory and one atServer per atSign, all with TLS. Throws AppError `invalid-at-sign`,
 * `data-in-use` (another process has the folder), `data-corrupt`, `port-taken` (`directoryPort`).
 */
export async function startAtSandbox(options: AtSandboxOptions): Promise<AtSandbox> {
  const { dataDir, host = "127.0.0.1", publicHost = host, clock = Date.now, statsEveryMs = 15_000 } = options;
  const { behaviour = defaultBehaviour, delay = realDelay, enrollmentLimits = {} } = options;
  const limits = { ...defaultLimits, ...options.limits };
  for (const atSign of options.atSigns) {
    if (!/^@[^\s:@A-Z.]{1,54}$/.test(atSign))
      throw new AppError(
        "invalid-at-sign",
        `The sandbox cannot serve ${JSON.stringify(atSign)}: expected an atSign such as "@alice".`,
      );
  }
  makeFolder(dataDir);
  const hosts = [...new Set(["localhost", "127.0.0.1", publicHost])];
  const identity = loadIdentity(dataDir, hosts, Date.now()); // TLS clients check it against the real time
  const store = new AtStore(join(dataDir, "at-servers.db"));
  const ports = new KeptPorts(join(dataDir, "ports.json"));
  const servers = new Map<string, AtServer>();
  const addresses = new Map<string, Address>();
  const listeners: Listener[] = [];
  const timers: NodeJS.Timeout[] = [];
  const close = async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.all(listeners.map((listener) => listener.close()));
    store.close();
  };
  try {
    for (const atSign of options.atSigns)
      servers.set(
        atSign,
        new AtServer(atSign, { store, clock, delay, peers: servers, behaviour, limits, enrollmentLimits }),
      );
    const cramSecrets = prepareActivation(servers.values());
    for (const [atSign, keys] of Object.entries(options.keys ?? {})) {
      const server = servers.get(atSign);
      if (server) installKeys(server, keys);
    }
    for (const [atSign, server] of servers) {
      const handle = commandHandler(server);
      const listener = new Listener(
        identity,
        limits,
        (socket) => void new ServerConnection(socket, server, handle),
      );
      listeners.push(listener);
      addresses.set(atSign, { host: publicHost, port: await ports.listen(listener.server, atSign, host) });
    }
    const visitors = new InboundConnections(directoryLimits, () => directoryLimits.maxConnections);
    const addressOf = (atSign: string) => {
      const address = addresses.get(atSign);
      return address && `${address.host}:${address.port}`;
    };
    const directory = new Listener(identity, directoryLimits, (socket) =>
      serveDirectory(socket, { clock, connections: visitors, addressOf }),
    );
    listeners.push(directory);
    if (options.directoryPort === undefined) await ports.listen(directory.server, "directory", host);
    else if ((await listenOn(directory.server, host, options.directoryPort)) === undefined)
      throw new AppError(
        "port-taken",
        `The atDirectory's port ${options.directoryPort} on ${host} is taken by another program.`,
      );
    ports.save();
    const sweep = () => {
      store.sweep(clock(), keepExpiredMs);
      for (const server of servers.values()) server.enrollments.live.sweep(clock());
    };
    sweep();
    timers.push(
      setInterval(sweep, sweepEveryMs),
      setInterval(() => {
        visitors.closeIdle(clock());
        for (const server of servers.values()) server.connections.closeIdle(clock());
      }, closeIdleEveryMs),
      setInterval(() => sendStats(servers.values()), statsEveryMs),
    );
    return {
      directory: { host: publicHost, port: (directory.server.address() as AddressInfo).port },
      addresses: Object.fromEntries(addresses),
      caFile: identity.caFile,
      ca: identity.ca,
      cramSecrets,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function realDelay(ms: number, signal: AbortSignal): Promise<void> {
  return delayBy(ms, undefined, { signal, ref: false });
}

/** Gives each atSign that was never activated a random secret, and returns those. */
function prepareActivation(servers: Iterable<AtServer>): Record<string, string> {
  const secrets: Record<string, string> = {};
  for (const server of servers) {
    server.store.transaction(() => {
      server.store.commits.addAtSign(server.atSign);
      if (server.record(secretDeletedKey)) return;
      if (!server.record(secretKey)) server.putRecord(secretKey, randomBytes(64).toString("hex"), {});
      secrets[server.atSign] = server.record(secretKey)?.value ?? "";
    });
  }
  return secrets;
}

/** Does what a client does at activation, but for keys that are known already. */
function installKeys(server: AtServer, keys: PublicKeys): void {
  server.store.transaction(() => {
    for (const [key, value] of [
      [pkamKey, keys.pkamPublicKey],
      [`public:publickey${server.atSign}`, keys.encryptionPublicKey],
    ] as const)
      if (server.record(key)?.value !== value) server.putRecord(key, value, {});
  });
}

function sendStats(servers: Iterable<AtServer>): void {
  for (const server of servers) {
    if (server.monitors.size === 0) continue;
    const line = statsLine(server.atSign, server.store.commits.last(server.atSign), server.clock());
    for (const monitor of server.monitors) monitor.push(line);
  }
}
