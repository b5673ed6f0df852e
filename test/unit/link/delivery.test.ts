import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { AtClient, type AtKeys, generateAtKeys } from "@atsign/atsdk";
import type { Json } from "../../../src/domain.ts";
import { makeInstanceKeys } from "../../../src/keys.ts";
import { createAtLink } from "../../../src/link/at-link.ts";
import type { AgentHost } from "../../../src/link/host.ts";
import { createOutboxRelay, fixedRoute } from "../../../src/link/outbox.ts";
import type { ReceivedEnvelope } from "../../../src/link-types.ts";
import type { AgentLink } from "../../../src/link-port.ts";
import { AtServer } from "../../../src/sandbox/at-server/at-server.ts";
import type { OutgoingNotification } from "../../../src/sandbox/at-server/outgoing-store.ts";
import { type AtSandbox, startAtSandbox } from "../../../src/sandbox/at-server/start-at-sandbox.ts";
import { HostWorld, subjectOf } from "../../fakes/host-world.ts";
import { until } from "../../fakes/manual-time.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";
import { OutboxRows } from "../../fakes/outbox-world.ts";
import { grantedSkills, probe, probeAgent, resetProbe } from "../../fakes/probe-agent.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { aliceKeys, bobKeys } from "../atsdk/vectors.ts";
import { temporaryFolder } from "../sandbox/at-server/with-sandbox.ts";

/** What lesson 32 to 35 ask for, over real atServers and with a clock that the test moves by hours. */

const keptMs = 120_000;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** A server that keeps notifications for two minutes, whatever their senders wish. */
class ForgetfulServer extends AtServer {
  override receive(sender: string, n: OutgoingNotification, expiresAt: number): void {
    super.receive(sender, n, Math.min(expiresAt, this.clock() + keptMs));
  }
}

/** A bot with an outbox, an agent that may be away, and forgetful atServers. */
class DeliveryWorld {
  readonly host: HostWorld;
  readonly rows = new OutboxRows();
  readonly answers: ReceivedEnvelope[] = [];
  readonly refused: string[] = [];
  readonly #t: TestContext;
  readonly #dataDir: string;
  readonly #keys: Record<string, AtKeys> = { "@cs-bot": aliceKeys, "@cs-supply": bobKeys };
  #sandbox: AtSandbox | undefined;

  private constructor(t: TestContext, host: HostWorld) {
    this.#t = t;
    this.#dataDir = temporaryFolder(t);
    this.host = host;
  }

  static async open(t: TestContext): Promise<DeliveryWorld> {
    resetProbe();
    const world = new DeliveryWorld(t, await HostWorld.open(grantedSkills));
    t.after(() => world.host.close());
    await world.startServers();
    t.after(() => world.#sandbox?.close());
    await world.#startBot();
    return world;
  }

  /** Again on the same folder and ports, with other keys if they changed. */
  async startServers(changed: Readonly<Record<string, AtKeys>> = {}): Promise<void> {
    Object.assign(this.#keys, changed);
    await this.#sandbox?.close();
    this.#sandbox = await startAtSandbox({
      dataDir: this.#dataDir,
      atSigns: Object.keys(this.#keys),
      keys: this.#keys,
      clock: () => this.host.time.now(),
      makeServer: (...args) => new ForgetfulServer(...args),
    });
  }

  async startAgent(): Promise<AgentHost> {
    return this.host.host(probeAgent, { link: await this.#link("supply") });
  }

  ask(step: string, input: Json, lifeMs = 12 * hourMs): void {
    const now = this.host.time.now();
    this.rows.add({
      id: step,
      kind: "request",
      subject: subjectOf(step),
      body: { skill: "look", input },
      dueAt: now,
      expiresAt: now + lifeMs,
    });
  }

  /** Lets time go on in steps, each of which lets what is due go out over the real connections. */
  async pass(ms: number): Promise<void> {
    const { time } = this.host;
    const end = time.now() + ms;
    while (time.now() < end && this.rows.rows.size > 0) {
      await time.advance(Math.min(minuteMs, end - time.now()));
      const waits = () => [...this.rows.rows.values()].every(({ dueAt }) => dueAt > time.now());
      await until(waits, "what is due to have gone out");
    }
  }

  /** The answers to these steps, once they are there; `ms` is the time that goes by meanwhile. */
  async answered(steps: readonly string[], ms: number): Promise<ReadonlyMap<string, Json>> {
    await this.pass(ms);
    const answers = () => new Map(this.answers.map(({ subject, body }) => [subject.step, body]));
    await until(() => steps.every((step) => answers().has(step)), steps.join(" and "));
    return answers();
  }

  async #link(role: "bot" | "supply"): Promise<AgentLink> {
    const { time, trust } = this.host;
    const { directory, ca } = this.#sandbox ?? assert.fail();
    const atSign = `@cs-${role}` as const;
    const keys = this.#keys[atSign] ?? assert.fail();
    const client = await AtClient.open({ atSign, keys, directory, ca, clock: () => time.now() });
    this.#t.after(() => client.close());
    return createAtLink({
      transport: client,
      keys: trust.keys(role),
      trust: await trust.open(),
      memory: new MemoryValues(),
      clock: time,
      timers: time,
      log: silentLogger,
      journal: async () => undefined,
      onRefused: ({ code }) => this.refused.push(code),
    });
  }

  async #startBot(): Promise<void> {
    const { time } = this.host;
    const link = await this.#link("bot");
    const relay = createOutboxRelay({
      store: this.rows,
      link,
      clock: time,
      timers: time,
      log: silentLogger,
      route: fixedRoute(({ to }) => this.host.address(to)),
    });
    await link.start(async (message) => {
      this.answers.push(message);
      await this.rows.closeOutbox([message.subject.step]);
      relay.forget([message.subject.step]);
      const { from: to, subject } = message;
      await link.send({ to, kind: "ack", subject, body: null, expiresAt: time.now() + minuteMs });
    });
    relay.start();
    this.#t.after(async () => {
      await relay.stop();
      await link.stop();
    });
  }
}

test("lessons 32 and 35: an agent that was away for hours answers once, though servers keep messages for two minutes and restart", async (t) => {
  const world = await DeliveryWorld.open(t);
  const text = "x".repeat(40_000); // there and back as an encrypted shared key
  world.ask("large", { id: text });
  world.ask("small", { id: "y" });
  await world.pass(2 * hourMs);
  await world.startServers();
  await world.pass(hourMs);
  assert.deepEqual(probe.calls, []);
  await world.startAgent();
  const answers = await world.answered(["large", "small"], 15 * minuteMs);
  assert.deepEqual(answers.get("large"), { output: { id: text } });
  const { time } = world.host;
  const store = world.host.store("supply");
  await until(async () => (await store.claimOutbox(time.now() + hourMs, 0, 9)).length === 0, "the acks");
  assert.equal(probe.calls.length, 2);
});

test("a request that nobody was there for ends at its deadline", async (t) => {
  const world = await DeliveryWorld.open(t);
  world.ask("late", { id: "z" }, hourMs);
  await world.pass(2 * hourMs);
  assert.equal(world.rows.rows.size, 0);
  await world.startAgent();
  await world.host.time.advance(10 * minuteMs);
  assert.deepEqual([probe.calls, world.answers], [[], []]);
});

test("messages find a peer whose atSign got another encryption key", async (t) => {
  const world = await DeliveryWorld.open(t);
  world.ask("before", { id: "a" });
  const agent = await world.startAgent();
  await world.answered(["before"], 1_000);
  await agent.stop();
  const { encryptionPublicKey, encryptionPrivateKey } = await generateAtKeys();
  await world.startServers({ "@cs-supply": { ...bobKeys, encryptionPublicKey, encryptionPrivateKey } });
  world.ask("after", { id: "b" });
  await world.startAgent();
  // While it is on its way, it is claimed for longer than it ever waits within these seconds.
  const waitsMs = (): number => (world.rows.rows.get("after")?.dueAt ?? 0) - world.host.time.now();
  for (let seconds = 0; seconds < 10; seconds += 1) {
    await until(() => waitsMs() <= 20_000, "it to have gone out");
    await world.pass(1_000);
  }
  await world.answered(["after"], 0);
  assert.deepEqual(probe.calls, ["look a", "look b"]);
});

test("messages find an instance with new keys, also those that were sealed for its old ones", async (t) => {
  const world = await DeliveryWorld.open(t);
  const { trust } = world.host;
  world.ask("rotated", { id: "c" });
  await world.pass(2 * minuteMs);
  const supply = trust.granted.get("supply") ?? assert.fail();
  trust.granted.set("supply", {
    ...supply,
    keys: makeInstanceKeys({ atSign: "@cs-supply", instance: "main" }),
  });
  trust.grantInstance("supply", { serial: 2 });
  await world.startAgent();
  await until(() => world.refused.length > 0, "what was sealed for the old keys");
  await world.answered(["rotated"], 20 * minuteMs);
  assert.deepEqual(probe.calls, ["look c"]);
  // What was under way is no alarm: it is sent again, sealed for the new keys.
  assert.deepEqual([...new Set(world.refused)], ["envelope-serials"]);
});
