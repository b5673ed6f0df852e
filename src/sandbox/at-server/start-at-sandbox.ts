import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delayBy } from "node:timers/promises";
import { createSecureContext } from "node:tls";
import { makeFolder } from "../../../adapters/store/make-folder.ts";
import { AppError } from "../../errors.ts";
import { serveDirectory } from "./at-directory.ts";
import { AtServer, type AtServerOptions, type OnServerRefused } from "./at-server.ts";
import { AtStore } from "./at-store.ts";
import { type Behaviour, defaultBehaviour } from "./behaviour.ts";
import { loadIdentity } from "./certificates.ts";
import { commandHandler } from "./commands.ts";
import {
  type Address,
  directoryOf,
  findInDirectory,
  findRegistered,
  publishDirectory,
  register,
} from "./federation/join.ts";
import { makeFederation } from "./federation/make-federation.ts";
import type { Network } from "./federation/outbound-pool.ts";
import { InboundConnections } from "./inbound-connections.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import type { Delay } from "./enrollment-host.ts";
import type { EnrollmentLimits } from "./enrollment-requests.ts";
import { Listener } from "./listener.ts";
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
  /**
   * Data folder of another sandbox, of the same user, that was started before: this one then uses its authority and its
   * atDirectory, which learns of these atSigns.
   */
  readonly join?: string;
  /** Fixed port of the atDirectory; default the one of the last start, else any free one. */
  readonly directoryPort?: number;
  readonly behaviour?: Partial<Behaviour>;
  readonly limits?: Partial<Limits>;
  /** Public keys that the atSigns are activated with, whatever was there before; their secrets stay valid. */
  readonly keys?: Readonly<Record<string, PublicKeys>>;
  readonly clock?: () => number;
  /** Waits before wrong passcodes are answered; default real time. */
  readonly delay?: Delay;
  readonly enrollmentLimits?: Partial<EnrollmentLimits>;
  /** Makes each atSign's server; tests give servers that are faulty or hostile. */
  readonly makeServer?: (atSign: string, options: AtServerOptions) => AtServer;
  /** Told of each refusal of an atServer that may be an attack. Guests can cause any number of them. */
  readonly onRefused?: OnServerRefused;
  /** Interval of the statistics on monitors, milliseconds; default 15,000. */
  readonly statsEveryMs?: number;
}

interface PublicKeys {
  readonly pkamPublicKey: string;
  readonly encryptionPublicKey: string;
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
 * `data-in-use` (another process has the folder), `data-corrupt`, `port-taken` (`directoryPort`), `nothing-to-join`.
 */
export async function startAtSandbox(options: AtSandboxOptions): Promise<AtSandbox> {
  const { dataDir, host = "127.0.0.1", publicHost = host, clock = Date.now, statsEveryMs = 15_000 } = options;
  const behaviour = { ...defaultBehaviour, ...options.behaviour };
  const { delay = realDelay, enrollmentLimits = {}, join: joined } = options;
  const { makeServer = (atSign, o) => new AtServer(atSign, o) } = options;
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
  const joinedDirectory = joined === undefined ? undefined : directoryOf(joined);
  const identity = loadIdentity(dataDir, hosts, Date.now(), joined); // TLS clients check it against the real time
  const store = new AtStore(join(dataDir, "at-servers.db"));
  const ports = new KeptPorts(join(dataDir, "ports.json"));
  const servers = new Map<string, AtServer>();
  const addresses = new Map<string, Address>();
  const listeners: Listener[] = [];
  const timers: NodeJS.Timeout[] = [];
  const network: Network = {
    secureContext: createSecureContext({ ca: identity.ca, cert: identity.certificate, key: identity.key }),
    find: async (atSign) =>
      addresses.get(atSign) ??
      (joined === undefined ? findRegistered(dataDir, atSign) : findInDirectory(joined, identity.ca, atSign)),
  };
  const closeAll = async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.all([...servers.values()].map((server) => server.close()));
    await Promise.all(listeners.map((listener) => listener.close()));
    store.close();
  };
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= closeAll());
  const visitors = new InboundConnections(directoryLimits, () => directoryLimits.maxConnections);
  const startDirectory = async (): Promise<Address> => {
    const addressOf = (atSign: string) => {
      const address = addresses.get(atSign) ?? findRegistered(dataDir, atSign);
      return address && `${address.host}:${address.port}`;
    };
    const directory = new Listener(identity, directoryLimits, (socket) =>
      serveDirectory(socket, { clock, connections: visitors, addressOf }),
    );
    listeners.push(directory);
    const { directoryPort } = options;
    if (directoryPort === undefined) await ports.listen(directory.server, "directory", host);
    else if ((await listenOn(directory.server, host, directoryPort)) === undefined)
      throw new AppError(
        "port-taken",
        `The atDirectory's port ${directoryPort} on ${host} is taken by another program.`,
      );
    return { host: publicHost, port: (directory.server.address() as AddressInfo).port };
  };
  try {
    const told = options.onRefused === undefined ? {} : { onRefused: options.onRefused };
    const shared = { store, clock, delay, behaviour, limits, enrollmentLimits, ...told };
    const federation = (server: AtServer) => makeFederation(server, network, servers);
    for (const atSign of options.atSigns)
      servers.set(atSign, makeServer(atSign, { ...shared, peers: servers, federation }));
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
        { asksCertificate: behaviour.clientCertificates !== "off" },
      );
      listeners.push(listener);
      addresses.set(atSign, { host: publicHost, port: await ports.listen(listener.server, atSign, host) });
    }
    const directory = joinedDirectory ?? (await startDirectory());
    if (joined === undefined) publishDirectory(dataDir, directory);
    else register(joined, dataDir, Object.fromEntries(addresses));
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
        for (const server of servers.values()) server.closeIdle();
      }, closeIdleEveryMs),
      setInterval(() => {
        for (const server of servers.values()) server.sendStats();
      }, statsEveryMs),
    );
    for (const server of servers.values()) server.federation.sender.start();
    void makeSigningKeys(servers.values());
    return {
      directory,
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

/** One after the other in the background: a first start need not wait for them. What fails is tried again when needed. */
async function makeSigningKeys(servers: Iterable<AtServer>): Promise<void> {
  for (const server of servers) {
    if (server.store.isClosed) return;
    await server.federation.signingKeys.ready().catch((error: Error) => process.emitWarning(error));
  }
}
