import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { installCompanyKey, keyFolderOf, writeInstanceKeys } from "../../../src/keys.ts";
import { TrustWorld } from "../../fakes/trust-world.ts";
import { CutProxy } from "../../fakes/cut-proxy.ts";
import { type Judgement, judgementSchema, type Verdict, verdict } from "./judgement.ts";
import { type Interruption, interruptionOf } from "./mailbox-plan.ts";
import { MortalProcess } from "../mortal-process.ts";
import type { ParticipantSettings } from "./participant.ts";
import { Refusals, total } from "./refusals.ts";

export interface MailboxOptions {
  readonly seed: number;
  readonly from: number;
  readonly messages: number;
  /** Messages from one interruption to the next. */
  readonly blockSize: number;
  /** Each side's atServer is a process of its own, which reaches the other over TLS. */
  readonly isFederated: boolean;
  /** Ends the run before its time: it is judged by what was answered until then. */
  readonly signal?: AbortSignal;
  readonly say: (text: string) => void;
}
export interface MailboxOutcome extends Verdict {
  readonly answered: number;
  /** How often what was done to the notifications, the processes and the connections. */
  readonly faults: Readonly<Record<string, number>>;
  /** Messages that the participants' links refused, by code. */
  readonly refused: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Without any answer for so long, the run has failed. */
const stuckMs = 180_000;
const lookMs = 50;
const judgeMs = 10_000;
const blocksPerReport = 5;
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
  z.object({ answered: z.number() }),
  z.object({ judged: judgementSchema, refused: counts }),
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
  /** Of the asker's atSign and the answerer's; one process when they are not apart. */
  readonly #servers: readonly MortalProcess[];
  readonly #asker: Side;
  readonly #answerer: Side;
  readonly #proxies: CutProxy[] = [];
  readonly #faults = new Map<string, number>();
  #settings: ParticipantSettings | undefined;
  #answered = 0;

  constructor(options: MailboxOptions, folder: string) {
    this.#o = options;
    this.#folder = folder;
    const settings = (): readonly string[] => [JSON.stringify(this.#settings)];
    const side = (file: string): Side => {
      const made: Side = {
        process: new MortalProcess(file, settings, (message) => this.#hear(message, made)),
        refused: new Refusals(),
        judged: undefined,
      };
      return made;
    };
    const first = path.join(folder, "at");
    const server = (...args: readonly string[]): MortalProcess =>
      new MortalProcess(
        "./mailbox/server-process.ts",
        () => args,
        (message) => this.#hear(message),
      );
    const seed = String(options.seed);
    const [bot, supply] = ["@cs-bot", "@cs-supply"] as const;
    this.#servers = options.isFederated
      ? [server(first, seed, bot), server(path.join(folder, "at-2"), seed, supply, first)]
      : [server(first, seed, `${bot},${supply}`)];
    this.#asker = side("./mailbox/asker-process.ts");
    this.#answerer = side("./mailbox/answerer-process.ts");
  }

  async run(): Promise<MailboxOutcome> {
    const { messages, signal } = this.#o;
    await this.#prepare();
    const started = performance.now();
    await Promise.all([this.#answerer.process.start(), this.#asker.process.start()]);
    await this.#play(started).catch((error: unknown) => {
      if (signal?.aborted !== true) {
        throw error;
      }
    });
    const seconds = (performance.now() - started) / 1000;
    const isComplete = signal?.aborted !== true;
    if (isComplete) {
      await this.#drained();
    } else {
      await Promise.all([this.#judged(this.#asker), this.#judged(this.#answerer)]);
    }
    await Promise.all([this.#asker.process.kill(), this.#answerer.process.kill()]);
    return {
      ...(await verdict(this.#folder, isComplete ? messages : undefined)),
      answered: this.#answered,
      seconds,
      faults: Object.fromEntries([...this.#faults].toSorted()),
      refused: total([this.#asker.refused, this.#answerer.refused]),
    };
  }

  async end(): Promise<void> {
    const all = [this.#asker.process, this.#answerer.process, ...this.#servers];
    await Promise.all(all.map((each) => each.kill()));
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }

  /** Block after block, each with its interruption. */
  async #play(started: number): Promise<void> {
    const { seed, from, messages, blockSize } = this.#o;
    const firstBlock = Math.floor(from / blockSize);
    for (let block = firstBlock; block * blockSize < from + messages; block += 1) {
      const interruption = interruptionOf(seed, block, blockSize);
      this.#servers.forEach((each) => each.send({ block }));
      if (interruption.after >= from && interruption.after < from + messages) {
        await this.#answeredAtLeast(interruption.after - from);
        await this.#interrupt(interruption, block);
      }
      await this.#answeredAtLeast(Math.min(messages, (block + 1) * blockSize - from));
      if ((block + 1) % blocksPerReport === 0) {
        await this.#report((performance.now() - started) / 1000);
      }
    }
  }

  async #report(seconds: number): Promise<void> {
    const { from, messages, say } = this.#o;
    const sides = [await this.#judged(this.#asker), await this.#judged(this.#answerer)];
    const sum = (of: (judged: Judgement) => number): number =>
      sides.reduce((all, judged) => all + (judged === undefined ? 0 : of(judged)), 0);
    const [asker, answerer] = sides;
    const lost = Math.max(0, (asker?.steps ?? 0) - (answerer?.steps ?? 0));
    const rate = (this.#answered / seconds).toFixed(0);
    say(
      `${this.#answered} of ${messages} answered, ${rate} a second: ${lost} lost, ` +
        `${sum(({ effects, steps }) => effects - steps)} handled twice, ${sum(({ wrong }) => wrong)} altered so far ` +
        `(to go on: --from ${from + this.#answered})`,
    );
  }

  /** What a side's database says now; undefined when it does not answer, because it is gone. */
  async #judged(side: Side): Promise<Judgement | undefined> {
    side.judged = undefined;
    side.process.send({});
    const end = performance.now() + judgeMs;
    while (side.judged === undefined && performance.now() < end) {
      await pause(lookMs);
    }
    return side.judged;
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
    const ports: Record<number, number> = {};
    let at: z.infer<typeof serverSchema> | undefined;
    for (const server of this.#servers) {
      const { addresses, ...rest } = serverSchema.parse(await server.start());
      at ??= { addresses, ...rest };
      for (const { port } of Object.values(addresses)) {
        const proxy = await CutProxy.open(port);
        this.#proxies.push(proxy);
        ports[port] = proxy.port;
      }
    }
    const { seed, from, messages } = this.#o;
    const { directory, ca } = serverSchema.parse(at);
    this.#settings = { folder, seed, from, until: from + messages, directory, ca, ports };
  }

  #hear(message: unknown, side?: Side): void {
    const said = saidSchema.parse(message);
    if ("fault" in said) {
      this.#note(said.fault);
    } else if ("answered" in said) {
      this.#answered = said.answered;
    } else if (side !== undefined) {
      side.judged = said.judged;
      side.refused.present = said.refused;
    }
  }

  #note(fault: string): void {
    this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1);
  }

  async #interrupt({ what, server, awayMs }: Interruption, block: number): Promise<void> {
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
    const [asker, answerer] = [this.#asker.process, this.#answerer.process];
    const killed = [
      ...(all ? this.#servers : []),
      ...(what === "server" ? [this.#servers[server] ?? this.#servers[0]] : []),
      ...(all || what === "both" || what === "answerer" ? [answerer] : []),
      ...(all || what === "both" || what === "asker" ? [asker] : []),
    ].filter((each) => each !== undefined);
    await Promise.all(killed.map((each) => each.kill()));
    [this.#asker, this.#answerer].forEach(({ refused }) => refused.keep());
    await pause(awayMs);
    await Promise.all(killed.map((each) => each.start()));
    this.#servers.forEach((each) => each.send({ block }));
  }

  async #answeredAtLeast(count: number): Promise<void> {
    let seen = this.#answered;
    let since = performance.now();
    while (this.#answered < count) {
      this.#o.signal?.throwIfAborted();
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
    await this.#judged(this.#asker);
    while ((await this.#judged(this.#answerer))?.open !== 0 && performance.now() < end) {
      await pause(lookMs);
    }
  }
}

interface Side {
  readonly process: MortalProcess;
  /** Messages that its link refused, of its processes that are gone and of the present one. */
  readonly refused: Refusals;
  judged: Judgement | undefined;
}
