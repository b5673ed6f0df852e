import { z } from "zod";
import { openAgentStore } from "../../adapters/store/agent-store.ts";
import { openBooks } from "../../adapters/store/books-database.ts";
import { readJournal } from "../../adapters/store/journal-store.ts";
import type { AgentDefinition } from "../../src/define-agent.ts";
import type { AgentAddress, Json } from "../../src/domain.ts";
import type { MessageSubject, OutgoingEnvelope, ReceivedEnvelope } from "../../src/link-types.ts";
import type { StoredJournalRecord } from "../../src/journal.ts";
import { type AgentHost, type AgentHostOptions, createAgentHost } from "../../src/link/host.ts";
import { noModels } from "../../src/link/remote-model.ts";
import type { AgentLink, AgentStore } from "../../src/ports.ts";
import { LoopNetwork } from "./loop-link.ts";
import { ManualTime, settle, until } from "./manual-time.ts";
import { mandateRoles, SampleMandate } from "./sample-mandate.ts";
import { silentLogger } from "./silent-logger.ts";
import { sqliteTestBooks, type TestBooks } from "./test-books.ts";
import { TrustWorld } from "./trust-world.ts";

/** One agent host on real SQLite books, and a bot to talk to it, over a network in memory. */
export class HostWorld {
  readonly time = new ManualTime();
  readonly network = new LoopNetwork();
  readonly trust: TrustWorld;
  readonly sample: SampleMandate;
  readonly alarms: string[] = [];
  readonly #books: TestBooks;
  readonly #hosts: AgentHost[] = [];

  private constructor(books: TestBooks, skills: readonly string[]) {
    this.#books = books;
    this.trust = new TrustWorld(this.time, ["bot", "gateway", "supply", "crm", ...mandateRoles], skills);
    this.sample = new SampleMandate(this.trust);
  }

  static async open(skills: readonly string[]): Promise<HostWorld> {
    return new HostWorld(await sqliteTestBooks(), skills);
  }

  async close(): Promise<void> {
    const stopped = Promise.all(this.#hosts.map((host) => host.stop()));
    // No test waits for skills that nothing ends: past the time they are given to finish.
    await settle();
    await this.time.jump(60_000);
    await stopped;
    await this.#books.close();
  }

  address(role: string): AgentAddress & { readonly role: string } {
    return { atSign: `@cs-${role}`, instance: "main", role };
  }

  store(agent: string): AgentStore {
    const { database } = this.#books;
    return openAgentStore({
      database,
      books: openBooks(database),
      agent,
      clock: this.time,
      writer: `${agent}-1`,
    });
  }

  /** A host that is started; it stops with the world. */
  async host(definition: AgentDefinition, change: Partial<AgentHostOptions> = {}): Promise<AgentHost> {
    const host = createAgentHost({
      definition,
      store: this.store(definition.id),
      link: this.network.link(this.address(definition.id)),
      trust: await this.trust.open(),
      keys: this.trust.keys(definition.id),
      suppliers: {
        open: () => {
          throw new Error("no suppliers here");
        },
      },
      models: noModels,
      clock: this.time,
      timers: this.time,
      ids: { next: (prefix) => prefix },
      log: {
        ...silentLogger,
        error: ({ code }, event) => {
          if (event === "alarm" && typeof code === "string") {
            this.alarms.push(code);
          }
        },
      },
      ...change,
    });
    await host.start();
    this.#hosts.push(host);
    return host;
  }

  /** A party that asks the agent `to` and keeps what comes back. */
  async party(role: string, to = "supply"): Promise<Party> {
    const received: ReceivedEnvelope[] = [];
    const link = this.network.link(this.address(role));
    await link.start(async (message) => void received.push(message));
    return new Party(this, link, received, this.address(to));
  }

  async journal(agent: string): Promise<readonly StoredJournalRecord[]> {
    const records: StoredJournalRecord[] = [];
    for await (const record of readJournal(this.#books.database)) {
      records.push(record);
    }
    return records.filter((each) => each.writer === `${agent}-1`);
  }

  /** Resolves when the books have done all that was asked of them before. */
  async written(): Promise<void> {
    await openBooks(this.#books.database).unit(async () => undefined);
  }

  get books(): ReturnType<typeof openBooks>["reader"] {
    return openBooks(this.#books.database).reader;
  }
}

export class Party {
  readonly received: ReceivedEnvelope[];
  /** Under which it asks. */
  token = 1;
  readonly #world: HostWorld;
  readonly #link: AgentLink;
  readonly #to: AgentAddress;

  constructor(world: HostWorld, link: AgentLink, received: ReceivedEnvelope[], to: AgentAddress) {
    this.#world = world;
    this.#link = link;
    this.received = received;
    this.#to = to;
  }

  send(kind: OutgoingEnvelope["kind"], step: string, body: Json, attempt = 1): Promise<void> {
    return this.sendAbout(subjectOf(step, attempt), body, kind);
  }

  async sendAbout(
    subject: MessageSubject,
    body: Json,
    kind: OutgoingEnvelope["kind"] = "request",
  ): Promise<void> {
    await this.#link.send({
      to: this.#to,
      kind,
      subject,
      body,
      fencing: this.token,
      expiresAt: this.#world.time.now() + 60_000,
    });
  }

  request(step: string, skill: string, input: Json = {}, attempt = 1): Promise<void> {
    return this.send("request", step, { skill, input }, attempt);
  }

  /** Waits for the n-th answer to a step. */
  async answer(
    step: string,
    o: { readonly n?: number; readonly attempt?: number } = {},
  ): Promise<ReceivedEnvelope> {
    const { n = 1, attempt = 1 } = o;
    const answers = () =>
      this.received.filter((each) => each.subject.step === step && each.subject.attempt === attempt);
    await until(() => answers().length >= n, `answer ${n} to ${step}`);
    const found = answers()[n - 1];
    if (found === undefined) {
      throw new Error("unreachable");
    }
    return found;
  }

  /** The code of the error that answers a step. */
  async errorCode(step: string, attempt = 1): Promise<string> {
    const answer = await this.answer(step, { attempt });
    return errorSchema.parse({ kind: answer.kind, ...(answer.body as object) }).code;
  }
}
const errorSchema = z.object({ kind: z.literal("error"), code: z.string() });

export function subjectOf(step: string, attempt = 1): MessageSubject {
  return { run: "run1", revision: 1, step, attempt };
}
