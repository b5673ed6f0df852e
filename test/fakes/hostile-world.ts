import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach } from "node:test";
import {
  AtClient,
  type AtKeys,
  generateAtKeys,
  type OpenOptions,
  tlsTransport,
  type Transport,
} from "@atsign/atsdk";
import type { Json } from "../../src/domain.ts";
import type { InstanceKeyPairs } from "../../src/keys.ts";
import { seal } from "../../src/link/envelope.ts";
import { createAtLink } from "../../src/link/at-link.ts";
import { watchRefusals } from "../../src/link/refusal-watch.ts";
import { createRefusalJournal, type RefusalJournal } from "../../src/link/refusal-journal.ts";
import { systemTimers } from "../../src/link/timers.ts";
import { logServerRefusals } from "../../src/processes/server-refusals.ts";
import type { ReceivedEnvelope } from "../../src/link-types.ts";
import type { AgentLink } from "../../src/link-port.ts";
import type { Logger } from "../../src/ports.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import { type AtSandbox, startAtSandbox } from "../../src/sandbox/at-server/start-at-sandbox.ts";
import { aliceKeys, bobKeys } from "../unit/atsdk/vectors.ts";
import { CutProxy } from "./cut-proxy.ts";
import { type Arrival, HostileServer, Tampering } from "./hostile-server.ts";
import { until } from "./manual-time.ts";
import { MemoryValues } from "./memory-values.ts";
import { silentLogger } from "./silent-logger.ts";
import { TrustWorld } from "./trust-world.ts";

/** Made once for all worlds of a process: RSA keys take their time. */
const creditKeys = generateAtKeys();

type Role = "bot" | "supply" | "credit";

/** Stands in every message; whoever can read it has broken the seal. */
export const canary = "Quillfeather Ombrelle Works";

/** One participant over real TLS connections, with its journal and every line that it says to its atServer. */
export interface HostileSide {
  readonly link: AgentLink;
  readonly client: AtClient;
  readonly memory: MemoryValues;
  readonly received: ReceivedEnvelope[];
  readonly journal: JournalEntry[];
  /** Codes of all messages refused. */
  readonly refused: string[];
  readonly said: string[];
}

/** Three agents of one company whose atServers, all of them, are hostile. */
export class HostileWorld {
  readonly tampering: Tampering;
  readonly sandbox: AtSandbox;
  readonly trust: TrustWorld;
  readonly atKeys: Readonly<Record<Role, AtKeys>>;
  /** The participants' clocks are this far ahead of the servers'. */
  aheadMs = 0;
  readonly clock = { now: (): number => Date.now() + this.aheadMs };
  /** All bytes between the participants and their atServers, as somebody on the wire has them. */
  readonly wire: Buffer[] = [];
  /** What the atServers' process logs of what they refused. */
  readonly serverLog: Readonly<Record<string, Json>>[];
  /** Somebody on the way of every connection that is opened from now on. */
  onTheWay: (real: Transport) => Transport = (real) => real;
  readonly #folder: string;
  readonly #proxies = new Map<number, CutProxy>();
  #steps = 0;
  readonly #sides: { close(): Promise<void> }[] = [];

  private constructor(
    folder: string,
    sandbox: AtSandbox,
    atKeys: Record<Role, AtKeys>,
    hold: { readonly tampering: Tampering; readonly serverLog: Readonly<Record<string, Json>>[] },
  ) {
    this.#folder = folder;
    this.sandbox = sandbox;
    this.atKeys = atKeys;
    this.tampering = hold.tampering;
    this.serverLog = hold.serverLog;
    this.trust = new TrustWorld(this.clock, Object.keys(atKeys));
  }

  static async open(): Promise<HostileWorld> {
    const folder = mkdtempSync(path.join(tmpdir(), "cs-hostile-"));
    const tampering = new Tampering();
    const serverLog: Readonly<Record<string, Json>>[] = [];
    const warn: Logger["warn"] = (fields) => void serverLog.push(fields);
    const { onRefused } = logServerRefusals({ ...silentLogger, warn }, systemTimers);
    const atKeys = { bot: aliceKeys, supply: bobKeys, credit: await creditKeys };
    const keys = Object.fromEntries(Object.entries(atKeys).map(([role, each]) => [`@cs-${role}`, each]));
    const sandbox = await startAtSandbox({
      dataDir: folder,
      atSigns: Object.keys(keys),
      keys,
      onRefused,
      clock: () => Date.now() + tampering.aheadMs,
      makeServer: (...args) => new HostileServer(tampering, ...args),
    });
    const world = new HostileWorld(folder, sandbox, atKeys, { tampering, serverLog });
    for (const { port } of [sandbox.directory, ...Object.values(sandbox.addresses)]) {
      world.#proxies.set(port, await CutProxy.open(port, (chunk) => world.wire.push(chunk)));
    }
    return world;
  }

  async close(): Promise<void> {
    await Promise.all(this.#sides.map((side) => side.close()));
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()));
    await this.sandbox.close();
    rmSync(this.#folder, { recursive: true });
  }

  /** A participant that receives; with the memory of an earlier one it is that one, started again. */
  async side(role: Role, memory = new MemoryValues()): Promise<HostileSide> {
    const said: string[] = [];
    const journal: JournalEntry[] = [];
    const refused: string[] = [];
    const received: ReceivedEnvelope[] = [];
    const note = async (entries: readonly JournalEntry[]): Promise<void> => void journal.push(...entries);
    const refusals: RefusalJournal = createRefusalJournal({
      journal: note,
      timers: systemTimers,
      log: silentLogger,
    });
    const client = await this.client(role, {
      transport: this.#listening(said),
      ...watchRefusals(memory, (refusal) => refusals.note(refusal)),
    });
    const link = createAtLink({
      transport: client,
      keys: this.trust.keys(role),
      trust: await this.trust.open(),
      memory,
      clock: this.clock,
      timers: systemTimers,
      log: silentLogger,
      journal: note,
      onRefused({ from, code }) {
        refused.push(code);
        refusals.note({ peer: from, code });
      },
    });
    await link.start(async (message) => void received.push(message));
    await until(() => said.some((line) => line.startsWith("monitor")), "the monitor");
    this.#sides.push({
      async close() {
        await link.stop();
        await client.close();
        await refusals.close();
      },
    });
    return { link, client, memory, journal, refused, received, said };
  }

  /** Ends all connections, which are opened again. */
  cut(): void {
    this.#proxies.forEach((proxy) => proxy.cut());
  }

  client(role: Role, change: Partial<OpenOptions> = {}): Promise<AtClient> {
    const { directory, ca } = this.sandbox;
    return AtClient.open({ atSign: `@cs-${role}`, keys: this.atKeys[role], directory, ca, ...change });
  }

  /** The real transport by way of the wire that is recorded; it notes each line that is sent. */
  #listening(said: string[]): Transport {
    return async (options) => {
      const port = this.#proxies.get(options.port)?.port ?? options.port;
      const stream = await this.onTheWay(tlsTransport)({ ...options, port });
      return {
        ...stream,
        write(text) {
          said.push(text);
          stream.write(text);
        },
      };
    };
  }

  /** Sends a request and gives what the servers see of it: its notification. */
  async sent(from: HostileSide, step = `step${(this.#steps += 1)}`): Promise<Arrival> {
    await this.send(from, step);
    const arrival = this.tampering.seen.findLast(({ to }) => to === "@cs-supply");
    if (arrival === undefined) {
      throw new Error("the servers saw no notification");
    }
    return arrival;
  }

  /** One that its recipient has received as it was sent. */
  async genuine(from: HostileSide, to: HostileSide, step = `step${(this.#steps += 1)}`): Promise<Arrival> {
    const arrival = await this.sent(from, step);
    await until(() => to.received.some(({ subject }) => subject.step === step), "the message");
    return arrival;
  }

  /** A request in a container that somebody with these keys seals for the instance of a role, base64. */
  sealed(keys: InstanceKeyPairs, to: Role, step: string): string {
    const now = Date.now();
    return seal({
      from: { ...keys, serials: [1, 1] },
      to: { ...this.trust.keys(to), role: to, skills: [], serials: [1, 1] },
      kind: "request",
      subject: { run: "run1", revision: 1, step, attempt: 1 },
      sequence: null,
      fencing: 1,
      trace: null,
      issuedAt: now,
      expiresAt: now + 60_000,
      body: { text: "give me everything" },
      random: randomBytes,
    }).bytes.toString("base64");
  }

  /** Sends a request that holds the canary. */
  send(from: HostileSide, step: string, body: Json = { text: canary }): Promise<void> {
    return from.link.send({
      to: { atSign: "@cs-supply", instance: "main" },
      kind: "request",
      subject: { run: "run1", revision: 1, step, attempt: 1 },
      body,
      expiresAt: this.clock.now() + 60_000,
    });
  }
}

/** A new world before each test of a suite, with a bot and supply in it, and its end after the test. */
export function eachInHostileWorld(
  told: (made: {
    readonly world: HostileWorld;
    readonly bot: HostileSide;
    readonly supply: HostileSide;
  }) => void,
): void {
  let world: HostileWorld | undefined;
  beforeEach(async () => {
    world = await HostileWorld.open();
    told({ world, bot: await world.side("bot"), supply: await world.side("supply") });
  });
  afterEach(() => world?.close());
}

/** The line of an atServer's log that says what it refused to whom, once it is there. */
export async function loggedBy(
  world: HostileWorld,
  line: { readonly atSign: string; readonly from: string | null; readonly code: string },
): Promise<void> {
  const isIt = (each: Readonly<Record<string, Json>>): boolean =>
    each["atSign"] === line.atSign && each["from"] === line.from && each["code"] === line.code;
  await until(
    () => world.serverLog.some(isIt),
    `${JSON.stringify(line)} in ${JSON.stringify(world.serverLog)}`,
  );
}

/** The first line of the journal that says what was refused, once it is there. */
export async function refusalOf(side: HostileSide, code: string): Promise<JournalEntry> {
  const find = (): JournalEntry | undefined => side.journal.find(({ facts }) => facts["code"] === code);
  await until(() => find() !== undefined, `a refusal "${code}" (${[...new Set(side.refused)].join(", ")})`);
  return find() as JournalEntry;
}
