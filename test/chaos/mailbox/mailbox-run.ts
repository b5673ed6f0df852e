import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { installCompanyKey, keyFolderOf, writeInstanceKeys } from "../../../src/keys.ts";
import { TrustWorld } from "../../fakes/trust-world.ts";
import { CutProxy } from "../../fakes/cut-proxy.ts";
import { type Interruption, interruptionOf } from "./mailbox-plan.ts";
import { MortalProcess } from "./mortal-process.ts";
import { openMailboxDatabase, type ParticipantSettings } from "./participant.ts";

export interface MailboxOptions {
  readonly seed: number;
  readonly from: number;
  readonly messages: number;
  /** Messages from one interruption to the next. */
  readonly blockSize: number;
  readonly say: (text: string) => void;
}
export interface MailboxOutcome {
  readonly messages: number;
  /** Messages without an effect, and answers that never came. */
  readonly lost: number;
  /** Messages with more than one effect, and answers taken more than once. */
  readonly doubled: number;
  /** Messages that came, or were answered, otherwise than they were sent. */
  readonly wrong: number;
  /** How often what was done to the notifications, the processes and the connections. */
  readonly faults: Readonly<Record<string, number>>;
  /** Messages that the participants' links refused, by code. */
  readonly refused: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Without any answer for so long, the run has failed. */
const stuckMs = 180_000;
const lookMs = 50;
const stallMs = 1_000;
/** How long the last acknowledgements may take. */
const drainMs = 120_000;

const serverSchema = z.object({
  directory: z.object({ host: z.string(), port: z.number() }),
  ca: z.string(),
  addresses: z.record(z.string(), z.object({ port: z.number() })),
});
const counts = z.record(z.string(), z.number());
const saidSchema = z.union([
  z.object({ fault: z.string() }),
  z.object({ answered: z.number(), refused: counts }),
  z.object({ isDone: z.boolean(), refused: counts }),
]);

/** One run: two participants and their atServers as processes of their own, and what a seed does to them. */
export async function runMailbox(options: MailboxOptions): Promise<MailboxOutcome> {
  const folder = await mkdtemp(path.join(tmpdir(), "cs-mailbox-"));
  const run = new MailboxRun(options, folder);
  try {
    return await run.run();
  } finally {
    await run.end();
    await rm(folder, { recursive: true });
  }
}

class MailboxRun {
  readonly #o: MailboxOptions;
  readonly #folder: string;
  readonly #server: MortalProcess;
  readonly #asker: MortalProcess;
  readonly #answerer: MortalProcess;
  readonly #proxies: CutProxy[] = [];
  readonly #faults = new Map<string, number>();
  /** By side, of its processes that are gone and of the present one. */
  readonly #refused = { asker: new Refusals(), answerer: new Refusals() };
  #settings: ParticipantSettings | undefined;
  #answered = 0;
  #isDone = false;

  constructor(options: MailboxOptions, folder: string) {
    this.#o = options;
    this.#folder = folder;
    const settings = (): readonly string[] => [JSON.stringify(this.#settings)];
    const hear = (message: unknown): void => this.#hear(message);
    const serverArgs = [path.join(folder, "at"), String(options.seed)];
    this.#server = new MortalProcess("./server-process.ts", () => serverArgs, hear);
    this.#asker = new MortalProcess("./asker-process.ts", settings, hear);
    this.#answerer = new MortalProcess("./answerer-process.ts", settings, hear);
  }

  async run(): Promise<MailboxOutcome> {
    const { from, messages, blockSize, say } = this.#o;
    await this.#prepare();
    const started = performance.now();
    await Promise.all([this.#answerer.start(), this.#asker.start()]);
    const firstBlock = Math.floor(from / blockSize);
    for (let block = firstBlock; block * blockSize < from + messages; block += 1) {
      const interruption = interruptionOf(this.#o.seed, block, blockSize);
      this.#server.send({ block });
      if (interruption.after >= from && interruption.after < from + messages) {
        await this.#answeredAtLeast(interruption.after - from);
        await this.#interrupt(interruption, block);
      }
      await this.#answeredAtLeast(Math.min(messages, (block + 1) * blockSize - from));
      if ((block + 1) % 20 === 0) {
        const rate = this.#answered / ((performance.now() - started) / 1000);
        say(`${this.#answered} of ${messages} answered, ${rate.toFixed(0)} a second`);
      }
    }
    const seconds = (performance.now() - started) / 1000;
    await this.#drained();
    await Promise.all([this.#asker.kill(), this.#answerer.kill()]);
    return { ...(await this.#count()), messages, seconds };
  }

  async end(): Promise<void> {
    await Promise.all([this.#asker.kill(), this.#answerer.kill(), this.#server.kill()]);
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }

  async #prepare(): Promise<void> {
    const folder = this.#folder;
    const world = new TrustWorld({ now: () => Date.now() }, ["bot", "supply"], ["note", "unnote"]);
    for (const role of world.granted.keys()) {
      await installCompanyKey(keyFolderOf(folder, role), world.company.publicKey);
      await writeInstanceKeys(keyFolderOf(folder, role), world.keys(role));
    }
    await mkdir(path.join(folder, "trust"));
    const { document, grants } = world.files;
    for (const paper of document === undefined ? grants : [document, ...grants]) {
      await writeFile(path.join(folder, "trust", paper.name), paper.text);
    }
    const { directory, ca, addresses } = serverSchema.parse(await this.#server.start());
    const ports: Record<number, number> = {};
    for (const { port } of Object.values(addresses)) {
      const proxy = await CutProxy.open(port);
      this.#proxies.push(proxy);
      ports[port] = proxy.port;
    }
    const { seed, from, messages } = this.#o;
    this.#settings = { folder, seed, from, until: from + messages, directory, ca, ports };
  }

  #hear(message: unknown): void {
    const said = saidSchema.parse(message);
    if ("fault" in said) {
      this.#note(said.fault);
    } else if ("answered" in said) {
      this.#answered = said.answered;
      this.#refused.asker.present = said.refused;
    } else {
      this.#isDone = said.isDone;
      this.#refused.answerer.present = said.refused;
    }
  }

  #note(fault: string): void {
    this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1);
  }

  async #interrupt({ what, awayMs }: Interruption, block: number): Promise<void> {
    this.#note(what === "cut" || what === "stall" ? what : `kill ${what}`);
    if (what === "cut") {
      this.#proxies.forEach((proxy) => proxy.cut());
      return;
    }
    if (what === "stall") {
      this.#proxies.forEach((proxy) => proxy.stall());
      await pause(stallMs);
      this.#proxies.forEach((proxy) => proxy.cut());
      this.#proxies.forEach((proxy) => proxy.go());
      return;
    }
    const all = what === "everything";
    const killed = [
      ...(all || what === "server" ? [this.#server] : []),
      ...(all || what === "both" || what === "answerer" ? [this.#answerer] : []),
      ...(all || what === "both" || what === "asker" ? [this.#asker] : []),
    ];
    await Promise.all(killed.map((each) => each.kill()));
    Object.values(this.#refused).forEach((each) => each.keep());
    await pause(awayMs);
    await Promise.all(killed.map((each) => each.start()));
    this.#server.send({ block });
  }

  async #answeredAtLeast(count: number): Promise<void> {
    let seen = this.#answered;
    let since = performance.now();
    while (this.#answered < count) {
      await pause(lookMs);
      if (this.#answered !== seen) {
        seen = this.#answered;
        since = performance.now();
      } else if (performance.now() - since > stuckMs) {
        throw new Error(`no answer for ${stuckMs / 1000} s; ${seen} of ${this.#o.messages} answered`);
      }
    }
  }

  async #drained(): Promise<void> {
    const end = performance.now() + drainMs;
    while (!this.#isDone && performance.now() < end) {
      this.#answerer.send({});
      await pause(lookMs);
    }
  }

  async #count(): Promise<Omit<MailboxOutcome, "messages" | "seconds">> {
    const total = { lost: 0, doubled: 0, wrong: 0 };
    for (const role of ["bot", "supply"]) {
      const database = await openMailboxDatabase(this.#folder, role);
      const effects = await database.read((db) => db.selectFrom("effects").selectAll().execute());
      const open = await database.read((db) =>
        db.selectFrom("agent_outbox").select("id").where("open", "=", 1).execute(),
      );
      await database.close();
      const steps = new Set(effects.map(({ step }) => step));
      total.lost += this.#o.messages - steps.size + open.length;
      total.doubled += effects.length - steps.size;
      total.wrong += effects.filter(({ good }) => good !== 1).length;
    }
    const refused: Record<string, number> = {};
    for (const { kept, present } of Object.values(this.#refused)) {
      for (const [code, count] of [...Object.entries(kept), ...Object.entries(present)]) {
        refused[code] = (refused[code] ?? 0) + count;
      }
    }
    return { ...total, faults: Object.fromEntries([...this.#faults].toSorted()), refused };
  }
}

/** Counts of a side's processes, each of which starts again from nothing. */
class Refusals {
  readonly kept: Record<string, number> = {};
  present: Readonly<Record<string, number>> = {};

  keep(): void {
    for (const [code, count] of Object.entries(this.present)) {
      this.kept[code] = (this.kept[code] ?? 0) + count;
    }
    this.present = {};
  }
}
