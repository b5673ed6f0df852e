import assert from "node:assert/strict";
import { z } from "zod";
import type { AgentDefinition } from "../../src/define-agent.ts";
import { skill } from "../../src/define-agent.ts";
import { AppError } from "../../src/errors.ts";
import type { MessageSubject, ReceivedEnvelope } from "../../src/link-types.ts";
import { type AgentCalls, type AgentCallsOptions, createAgentCalls } from "../../src/link/agent-calls.ts";
import { createAnnouncer } from "../../src/link/announcer.ts";
import type { AgentHost } from "../../src/link/host.ts";
import { type InstanceFacts, presenceRun } from "../../src/link/presence-message.ts";
import { HostWorld, subjectOf } from "./host-world.ts";
import { settle } from "./manual-time.ts";
import { MemoryStore } from "./memory-store.ts";
import { silentLogger } from "./silent-logger.ts";

const empty = z.strictObject({});
const requestMs = 1_800_000;

type BotSettings = Partial<Pick<AgentCallsOptions, "regions" | "limits">>;

/** The bot's calls, and any number of instances of one agent on the same real books, over a network in memory. */
export class FleetWorld {
  readonly host: HostWorld;
  readonly record = new MemoryStore();
  /** By step: what was accepted of what came back. */
  readonly answers = new Map<string, ReceivedEnvelope>();
  /** Steps of answers that were refused for their token. */
  readonly refused: string[] = [];
  /** Steps that wait, as the card says. */
  readonly waiting = new Set<string>();
  /** Which instance ran which step, in order. */
  readonly ran: string[] = [];
  /** An instance stops at these, in the middle of "place", until they are resolved. */
  readonly gates = new Map<string, Promise<void>>();
  /** How many requests each instance has had in hand at most. */
  readonly most = new Map<string, number>();
  /** Instances whose grants were taken back. */
  readonly revoked = new Set<string>();
  readonly #hosts = new Map<string, AgentHost>();
  readonly #busy = new Map<string, number>();
  #calls: AgentCalls;

  private constructor(host: HostWorld) {
    this.host = host;
    this.#calls = this.#newCalls();
  }

  static async open(): Promise<FleetWorld> {
    const world = new FleetWorld(await HostWorld.open(["count", "place"]));
    await world.restartBot();
    return world;
  }

  get calls(): AgentCalls {
    return this.#calls;
  }

  /** A bot as after a start: what is left is the record. */
  async restartBot(settings: BotSettings = {}): Promise<void> {
    await this.#calls.stop();
    this.#calls = this.#newCalls(settings);
    await this.#calls.start();
    const link = this.host.network.link(this.host.address("bot"));
    await link.start((message) => this.#receive(message));
    await this.record.resume(this.host.time.now());
    this.#calls.begin();
  }

  /** An instance that is started; `skewMs`: its clock's error. */
  async start(instance: string, facts: Partial<InstanceFacts> = {}, skewMs = 0): Promise<AgentHost> {
    const { time, trust, network } = this.host;
    const address = { ...this.host.address("supply"), instance };
    const keys = trust.addInstance("supply", instance);
    const link = network.link(address);
    const clock = { now: () => time.now() + skewMs };
    const definition = this.#definition(instance);
    const host = await this.host.host(definition, {
      link,
      keys,
      clock,
      announcer: createAnnouncer({
        link,
        bot: () => this.host.address("bot"),
        facts: { skills: ["count", "place"], model: null, region: null, price: "0", capacity: 16, ...facts },
        clock,
        timers: time,
        log: silentLogger,
      }),
    });
    this.#hosts.set(instance, host);
    await settle();
    return host;
  }

  /** Stops it in good order. */
  async stop(instance: string): Promise<void> {
    const stopped = this.#hosts.get(instance)?.stop();
    this.#hosts.delete(instance);
    await this.until(() => Promise.race([stopped?.then(() => true), settle().then(() => false)]), "end");
  }

  /** Asks the agent, as the engine would. */
  ask(step: string, skillName: "count" | "place", attempt = 1): void {
    const { time } = this.host;
    const subject = subjectOf(step, attempt);
    const message = this.#calls.prepare({
      id: rowId(subject),
      to: "supply",
      kind: "request",
      subject,
      body: { skill: skillName, input: {} },
      dueAt: time.now(),
      tries: 0,
      expiresAt: time.now() + requestMs,
    });
    this.record.outbox.set(message.row.id, { ...message.row, open: true });
    this.record.instances.note(message.row);
    message.send();
  }

  /** Waits for a first attempt no longer, as the engine after its deadline. */
  async giveUp(step: string): Promise<void> {
    const id = rowId(subjectOf(step));
    await this.record.closeOutbox([id]);
    this.#calls.closed([id]);
  }

  /** Lets time pass; no faster than the books, whose disk knows nothing of our time. */
  async pass(ms: number): Promise<void> {
    await this.host.time.advance(ms);
    await this.host.written();
  }

  /** Lets time pass, half a second at a time, until something has come about; for an hour at most. */
  async until(condition: () => boolean | Promise<boolean | undefined>, what: string): Promise<void> {
    const end = this.host.time.now() + 3_600_000;
    while ((await condition()) !== true) {
      assert.ok(this.host.time.now() < end, `never came about: ${what}`);
      await this.pass(500);
    }
  }

  /** How often the effect of a step stands in the books. */
  async effects(step: string): Promise<number> {
    return Number((await this.host.books.get("stock", step))?.onHand ?? 0);
  }

  async close(): Promise<void> {
    await this.#calls.stop();
    await this.host.close();
  }

  #newCalls(settings: BotSettings = {}): AgentCalls {
    const { time, network } = this.host;
    return createAgentCalls({
      store: this.record,
      link: network.link(this.host.address("bot")),
      trust: {
        instanceKeys: (_atSign, instance) => {
          if (this.revoked.has(instance)) {
            throw new AppError("grant-revoked", "for tests");
          }
          return trustedKeys;
        },
        agent: (role) => this.host.address(role),
        // Whoever is revoked here is found out when it is to be given something.
        onChange: () => undefined,
      },
      ...settings,
      clock: time,
      timers: time,
      log: silentLogger,
      onWaiting: async ({ step }, waits) => {
        this.waiting[waits ? "add" : "delete"](step);
      },
    });
  }

  /** As the engine's inbox: refused under a lower token than the step has, else applied once and acknowledged. */
  async #receive(message: ReceivedEnvelope): Promise<void> {
    const { subject, from, kind } = message;
    if (subject.run === presenceRun) {
      this.#calls.announced(message);
      return;
    }
    const given = await this.record.instances.assignment(subject);
    if (message.fencing < (given?.token ?? 1)) {
      this.refused.push(subject.step);
      return;
    }
    if (!this.answers.has(subject.step)) {
      this.answers.set(subject.step, message);
    }
    await this.record.closeOutbox([rowId(subject)]);
    this.#calls.closed([rowId(subject)]);
    const link = this.host.network.link(this.host.address("bot"));
    const expiresAt = this.host.time.now() + 60_000;
    if (kind === "result" || kind === "error") {
      await link.send({ to: from, kind: "ack", subject, body: null, expiresAt });
    }
  }

  /** "count" has its effect with its reply; "place" in two units with something outside between them. */
  #definition(instance: string): AgentDefinition {
    const begin = (step: string): void => {
      this.ran.push(`${instance} ${step}`);
      this.#busy.set(instance, (this.#busy.get(instance) ?? 0) + 1);
      this.most.set(instance, Math.max(this.most.get(instance) ?? 0, this.#busy.get(instance) ?? 0));
    };
    const end = (): void => {
      this.#busy.set(instance, (this.#busy.get(instance) ?? 1) - 1);
    };
    return {
      id: "supply",
      description: "for tests",
      skills: {
        count: skill({
          effect: "write",
          input: empty,
          output: empty,
          run: async ({ books, subject: { step } }) => {
            this.ran.push(`${instance} ${step}`);
            const row = await books.get("stock", step);
            if (row === undefined) {
              await books.insert("stock", { id: step, onHand: "1", unit: "pcs", location: instance });
            } else {
              await books.update("stock", step, { onHand: String(Number(row.onHand) + 1) });
            }
            return {};
          },
        }),
        place: skill({
          effect: "irreversible",
          input: empty,
          output: empty,
          run: async (context) => {
            const { step } = context.subject;
            begin(step);
            try {
              const isNew = await context.transact(async (books) => {
                const row = await books.get("stock", step);
                if (row === undefined) {
                  await books.insert("stock", { id: step, onHand: "0", unit: "pcs", location: instance });
                }
                return row?.onHand !== "1";
              });
              await this.gates.get(instance);
              if (isNew) {
                // Nothing but the token keeps a second instance, that also found it new, from doing it again.
                await context.transact(async (books) => {
                  const row = await books.get("stock", step);
                  await books.update("stock", step, { onHand: String(Number(row?.onHand ?? 0) + 1) });
                });
              }
              return {};
            } finally {
              end();
            }
          },
        }),
      },
    };
  }
}

/** Only that there are some is asked here. */
const trustedKeys = undefined as never;

function rowId({ run, revision, step, attempt }: MessageSubject): string {
  return `request-${run}-${revision}-${step}-${attempt}`;
}
