import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openBooks } from "../../../adapters/store/books-database.ts";
import { installCompanyKey, keyFolderOf, writeInstanceKeys } from "../../../src/keys.ts";
import { leaseMs } from "../../../src/link/presence-message.ts";
import { type AtSandbox, startAtSandbox } from "../../../src/sandbox/at-server/start-at-sandbox.ts";
import { postgresTestBooks, type TestBooks } from "../../fakes/test-books.ts";
import { TrustWorld } from "../../fakes/trust-world.ts";
import { atKeysOf } from "../mailbox/mailbox-keys.ts";
import { MortalProcess } from "../mortal-process.ts";
import { Asker } from "./asker.ts";
import { fastTime } from "./fast-time.ts";
import type { InstanceSettings } from "./instance-settings.ts";
import { type InstancesPlan, instances, instancesPlan, type Turn } from "./instances-plan.ts";

export interface InstancesOptions {
  readonly seed: number;
  /** Things done to processes. */
  readonly turns: number;
  /** How much faster than real the agents' time goes: a lease is 20 s of it. */
  readonly pace: number;
  readonly mostSkewMs: number;
}
export interface InstancesOutcome {
  /** Steps that were not answered, or not done exactly once. */
  readonly faults: readonly string[];
  readonly steps: number;
  /** Answers that came under a token that was not the step's highest. */
  readonly refused: number;
  /** Steps that were given to more than one instance. */
  readonly moved: number;
  readonly deeds: Readonly<Record<string, number>>;
}

/** Between two turns, in the agents' time. */
const turnMs = 3_000;
const hosts = ["host-a", "host-b"] as const;
/** How many come at the end to do what is left. */
const last = 3;

/**
 * Ten instances of one agent as processes on the same books (PostgreSQL, which the caller stops) and real atServers:
 * none at first while requests come already, then ten, of which one after the other stands still for up to two leases,
 * is killed, or moves to another host's folder; then none again, then three. Each step must be answered, and have been
 * done once.
 */
export async function runInstances(options: InstancesOptions): Promise<InstancesOutcome> {
  const folder = await mkdtemp(path.join(tmpdir(), "cs-instances-"));
  const books = await postgresTestBooks();
  const atServers = await startAtSandbox({
    dataDir: path.join(folder, "at"),
    atSigns: Object.keys(atKeysOf),
    keys: atKeysOf,
  });
  const run = new InstancesRun(options, { folder, books, atServers });
  try {
    return await run.run();
  } finally {
    await run.end();
    await atServers.close();
    await books.close();
    await rm(folder, { recursive: true });
  }
}

class InstancesRun {
  readonly #o: InstancesOptions;
  readonly #folder: string;
  readonly #books: TestBooks;
  readonly #atServers: AtSandbox;
  readonly #plan: InstancesPlan;
  readonly #time: ReturnType<typeof fastTime>;
  readonly #trust: TrustWorld;
  readonly #processes = new Map<string, MortalProcess>();
  readonly #settings = new Map<string, InstanceSettings>();
  readonly #thawing: Promise<void>[] = [];
  readonly #deeds: Record<string, number> = {};
  readonly #originMs = Date.now();
  #asker: Asker | undefined;

  constructor(
    options: InstancesOptions,
    at: { readonly folder: string; readonly books: TestBooks; readonly atServers: AtSandbox },
  ) {
    this.#o = options;
    this.#folder = at.folder;
    this.#books = at.books;
    this.#atServers = at.atServers;
    this.#plan = instancesPlan(options.seed, { ...options, leaseMs });
    this.#time = fastTime({ originMs: this.#originMs, pace: options.pace, skewMs: 0 });
    this.#trust = new TrustWorld(this.#time, ["bot", "supply"], ["count", "place"]);
  }

  async run(): Promise<InstancesOutcome> {
    await this.#prepare();
    const { directory, ca } = this.#atServers;
    const asker = await Asker.open({ trust: this.#trust, time: this.#time, directory, ca });
    this.#asker = asker;
    asker.ask(["count", "place", "count", "place"]);
    await Promise.all(instances.map((instance) => this.#start(instance)));
    for (const turn of this.#plan.turns) {
      asker.ask(turn.asked);
      await this.#do(turn);
      await this.#pass(turnMs);
    }
    await Promise.all(this.#thawing);
    asker.ask(["count", "place", "count", "place"]);
    await Promise.all(instances.map((instance) => this.#stop(instance)));
    asker.ask(["count", "place", "count", "place"]);
    await Promise.all(instances.slice(0, last).map((instance) => this.#start(instance)));
    await asker.answered();
    return {
      faults: await this.#faults(asker),
      steps: asker.steps.length,
      refused: asker.refused,
      moved: await asker.moved(),
      deeds: this.#deeds,
    };
  }

  async end(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((each) => each.kill()));
    await this.#asker?.close();
  }

  /** Two hosts' folders, each with all that an instance needs to run there. */
  async #prepare(): Promise<void> {
    const keys = instances.map((instance) => this.#trust.addInstance("supply", instance));
    const { document, grants } = this.#trust.files;
    for (const host of hosts) {
      const folder = path.join(this.#folder, host);
      const keyFolder = keyFolderOf(folder, "supply");
      await installCompanyKey(keyFolder, this.#trust.company.publicKey);
      await Promise.all(keys.map((each) => writeInstanceKeys(keyFolder, each)));
      await mkdir(path.join(folder, "trust"));
      for (const paper of document === undefined ? grants : [document, ...grants]) {
        await writeFile(path.join(folder, "trust", paper.name), paper.text);
      }
    }
    const { directory, ca } = this.#atServers;
    instances.forEach((instance, index) => {
      this.#settings.set(instance, {
        instance,
        host: path.join(this.#folder, hosts[0]),
        url: this.#books.url ?? "",
        directory,
        ca,
        originMs: this.#originMs,
        pace: this.#o.pace,
        skewMs: this.#plan.skewMs[index] ?? 0,
        capacity: this.#plan.capacity[index] ?? 1,
      });
    });
  }

  async #start(instance: string): Promise<void> {
    const started = new MortalProcess(
      "./instances/instance-process.ts",
      () => [JSON.stringify(this.#settings.get(instance))],
      () => undefined,
    );
    this.#processes.set(instance, started);
    await started.start();
  }

  /** In good order: it finishes what it has in hand. */
  async #stop(instance: string): Promise<void> {
    await this.#processes.get(instance)?.stop();
  }

  async #do({ instance, deed }: Turn): Promise<void> {
    const found = this.#processes.get(instance);
    this.#deeds[deed.kind] = (this.#deeds[deed.kind] ?? 0) + 1;
    if (deed.kind === "freeze") {
      found?.signal("SIGSTOP");
      this.#thawing.push(this.#pass(deed.ms).then(() => found?.signal("SIGCONT")));
      return;
    }
    await found?.kill();
    const before = this.#settings.get(instance);
    if (before !== undefined) {
      const other = path.join(this.#folder, before.host.endsWith(hosts[0]) ? hosts[1] : hosts[0]);
      const host = deed.kind === "move" ? other : before.host;
      this.#settings.set(instance, { ...before, host, skewMs: deed.skewMs });
    }
    await this.#start(instance);
  }

  async #pass(ms: number): Promise<void> {
    await pause(ms / this.#o.pace);
  }

  async #faults(asker: Asker): Promise<readonly string[]> {
    const faults: string[] = [];
    const { reader } = openBooks(this.#books.database);
    for (const step of asker.steps) {
      const kind = asker.answers.get(step)?.kind;
      const effects = Number((await reader.get("stock", step))?.onHand ?? 0);
      if (kind !== "result" || effects !== 1) {
        faults.push(`${step}: ${kind ?? "no answer"}, done ${effects} times`);
      }
    }
    return faults;
  }
}
