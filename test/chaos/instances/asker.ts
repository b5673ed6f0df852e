import { setTimeout as pause } from "node:timers/promises";
import { AtClient } from "@atsign/atsdk";
import type { ReceivedEnvelope } from "../../../src/link-types.ts";
import { type AgentCalls, createAgentCalls } from "../../../src/link/agent-calls.ts";
import { createAtLink } from "../../../src/link/at-link.ts";
import { presenceRun } from "../../../src/link/presence-message.ts";
import type { AgentLink } from "../../../src/ports.ts";
import type { TrustStore } from "../../../src/trust/trust-store.ts";
import { subjectOf } from "../../fakes/host-world.ts";
import { MemoryStore } from "../../fakes/memory-store.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import type { TrustWorld } from "../../fakes/trust-world.ts";
import { atKeysOf } from "../mailbox/mailbox-keys.ts";
import type { fastTime } from "./fast-time.ts";
import { botAtSign } from "./instance-settings.ts";

const requestMs = 3_600_000;
const ackMs = 60_000;
const stuckMs = 120_000;
const lookMs = 50;

/** The bot's side: it asks, gives each request to an instance, and takes each answer once. */
export class Asker {
  readonly answers = new Map<string, ReceivedEnvelope>();
  readonly steps: string[] = [];
  /** Answers under a token that was not the step's highest any more. */
  refused = 0;
  readonly #time: ReturnType<typeof fastTime>;
  readonly #record = new MemoryStore();
  readonly #client: AtClient;
  readonly #link: AgentLink;
  readonly #calls: AgentCalls;

  private constructor(o: {
    readonly client: AtClient;
    readonly trust: TrustStore;
    readonly world: TrustWorld;
    readonly time: ReturnType<typeof fastTime>;
  }) {
    const { client, trust, world, time } = o;
    this.#time = time;
    this.#client = client;
    const common = { clock: time, timers: time, log: silentLogger };
    this.#link = createAtLink({
      ...common,
      transport: client,
      keys: world.keys("bot"),
      trust,
      memory: new MemoryValues(),
      journal: async () => undefined,
      onRefused: () => undefined,
    });
    this.#calls = createAgentCalls({
      ...common,
      store: this.#record,
      link: this.#link,
      trust,
      onWaiting: async () => undefined,
    });
  }

  static async open(o: {
    readonly trust: TrustWorld;
    readonly time: ReturnType<typeof fastTime>;
    readonly directory: { readonly host: string; readonly port: number };
    readonly ca: string;
  }): Promise<Asker> {
    const { directory, ca, time } = o;
    const client = await AtClient.open({ atSign: botAtSign, keys: atKeysOf[botAtSign], directory, ca });
    const asker = new Asker({ client, trust: await o.trust.open(), world: o.trust, time });
    await asker.#calls.start();
    await asker.#link.start((message) => asker.#receive(message));
    asker.#calls.begin();
    return asker;
  }

  ask(skills: readonly ("count" | "place")[]): void {
    const now = this.#time.now();
    for (const skill of skills) {
      const step = `step${this.steps.length}`;
      this.steps.push(step);
      const message = this.#calls.prepare({
        id: rowId(step),
        to: "supply",
        kind: "request",
        subject: subjectOf(step),
        body: { skill, input: {} },
        dueAt: now,
        tries: 0,
        expiresAt: now + requestMs,
      });
      this.#record.outbox.set(message.row.id, { ...message.row, open: true });
      this.#record.instances.note(message.row);
      message.send();
    }
  }

  /** Resolves when all is answered, or when nothing was for so long that something is lost. */
  async answered(): Promise<void> {
    let seen = -1;
    let since = performance.now();
    while (this.answers.size < this.steps.length && performance.now() - since < stuckMs) {
      if (this.answers.size !== seen) {
        seen = this.answers.size;
        since = performance.now();
      }
      await pause(lookMs);
    }
  }

  /** How many steps were given to more than one instance. */
  async moved(): Promise<number> {
    const given = this.steps.map((step) => this.#record.instances.assignment(subjectOf(step)));
    return (await Promise.all(given)).filter((each) => (each?.token ?? 1) > 1).length;
  }

  async close(): Promise<void> {
    await this.#calls.stop();
    await this.#link.stop();
    await this.#client.close();
  }

  async #receive(message: ReceivedEnvelope): Promise<void> {
    const { subject, from, kind, fencing } = message;
    if (subject.run === presenceRun) {
      this.#calls.announced(message);
      return;
    }
    const given = await this.#record.instances.assignment(subject);
    if (fencing < (given?.token ?? 1)) {
      this.refused += 1;
      return;
    }
    if (!this.answers.has(subject.step)) {
      this.answers.set(subject.step, message);
    }
    await this.#record.closeOutbox([rowId(subject.step)]);
    this.#calls.closed([rowId(subject.step)]);
    if (kind === "result" || kind === "error") {
      const expiresAt = this.#time.now() + ackMs;
      await this.#link.send({ to: from, kind: "ack", subject, body: null, expiresAt });
    }
  }
}

function rowId(step: string): string {
  return `request-${step}`;
}
