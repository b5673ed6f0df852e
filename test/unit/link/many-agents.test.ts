import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { z } from "zod";
import { openAgentStore } from "../../../adapters/store/agent-store.ts";
import { noBooks } from "../../../adapters/store/books-database.ts";
import { skill } from "../../../src/define-agent.ts";
import { type AgentCalls, createAgentCalls } from "../../../src/link/agent-calls.ts";
import { createAnnouncer } from "../../../src/link/announcer.ts";
import { createAtLink } from "../../../src/link/at-link.ts";
import { type AgentHost, createAgentHost } from "../../../src/link/host.ts";
import { presenceRun } from "../../../src/link/presence-message.ts";
import { noModels } from "../../../src/link/remote-model.ts";
import type { AgentLink } from "../../../src/link-port.ts";
import { LoopServers } from "../../fakes/loop-transport.ts";
import { ManualTime, settle, until } from "../../fakes/manual-time.ts";
import { MemoryStore } from "../../fakes/memory-store.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { sqliteTestBooks, type TestBooks } from "../../fakes/test-books.ts";
import { TrustWorld } from "../../fakes/trust-world.ts";

/** A company that grows from 1 to 100 agents while its bot runs, with sealed envelopes over servers in memory. */

const time = new ManualTime();
const servers = new LoopServers();
const trust = new TrustWorld(time, ["bot"]);
const record = new MemoryStore();
const answers = new Map<string, string>();
const refusals: string[] = [];
const hosts: AgentHost[] = [];
let books: TestBooks;
let link: AgentLink;
let calls: AgentCalls;

const linkOf = async (role: string): Promise<AgentLink> =>
  createAtLink({
    transport: servers.transport(`@cs-${role}`),
    keys: trust.keys(role),
    trust: await trust.open(),
    // All in one process: each looking at everybody else's papers at every turn would be most of the work.
    lookForTrustMs: 30_000,
    memory: new MemoryValues(),
    clock: time,
    timers: time,
    log: silentLogger,
    journal: async () => undefined,
    onRefused: ({ code }) => refusals.push(code),
  });

before(async () => {
  books = await sqliteTestBooks();
  const botTrust = await trust.open();
  link = createAtLink({
    transport: servers.transport("@cs-bot"),
    keys: trust.keys("bot"),
    trust: botTrust,
    memory: new MemoryValues(),
    clock: time,
    timers: time,
    log: silentLogger,
    journal: async () => undefined,
    onRefused: ({ code }) => refusals.push(code),
  });
  calls = createAgentCalls({
    store: record,
    link,
    trust: botTrust,
    clock: time,
    timers: time,
    log: silentLogger,
    onWaiting: async () => undefined,
  });
  await calls.start();
  await link.start(async (message) => {
    if (message.subject.run === presenceRun) {
      calls.announced(message);
      return;
    }
    const id = `request-${message.subject.step}`;
    answers.set(message.from.role, message.kind);
    await record.closeOutbox([id]);
    calls.closed([id]);
  });
  calls.begin();
});
after(async () => {
  const stopped = [...hosts.map((host) => host.stop()), calls.stop(), link.stop()];
  await settle();
  await time.advance(60_000);
  await Promise.all(stopped);
  await books.close();
});

/** All that is done anywhere for a new agent: its grant, and its own process. */
async function addAgent(role: string): Promise<void> {
  trust.addRole(role, ["echo"]);
  const agentLink = await linkOf(role);
  const host = createAgentHost({
    definition: {
      id: role,
      description: "for tests",
      skills: {
        echo: skill({
          effect: "read",
          input: z.strictObject({}),
          output: z.strictObject({}),
          run: async () => ({}),
        }),
      },
    },
    store: openAgentStore({
      database: books.database,
      books: noBooks,
      agent: role,
      clock: time,
      writer: `${role}-1`,
    }),
    trust: await trust.open(),
    keys: trust.keys(role),
    link: agentLink,
    suppliers: {
      open() {
        throw new Error("no suppliers here");
      },
    },
    models: noModels,
    clock: time,
    timers: time,
    ids: { next: (prefix) => prefix },
    log: silentLogger,
    announcer: createAnnouncer({
      link: agentLink,
      bot: () => ({ atSign: "@cs-bot", instance: "main" }),
      facts: { skills: ["echo"], model: null, region: null, price: "0", capacity: 4 },
      clock: time,
      timers: time,
      log: silentLogger,
    }),
  });
  await host.start();
  hosts.push(host);
}

function ask(role: string): void {
  const step = `ask-${role}`;
  const message = calls.prepare({
    id: `request-${step}`,
    to: role,
    kind: "request",
    subject: { run: "run1", revision: 1, step, attempt: 1 },
    body: { skill: "echo", input: {} },
    dueAt: time.now(),
    tries: 0,
    expiresAt: time.now() + 600_000,
  });
  record.outbox.set(message.row.id, { ...message.row, open: true });
  record.instances.note(message.row);
  message.send();
}

const signedBy = (kind: string): number =>
  trust.files.grants.filter(({ name }) => name.startsWith(kind)).length;

test("1 → 100 agents: the company signs one grant for each, and nothing else is told of them", async () => {
  const document = trust.files.document?.text;
  const roles = Array.from({ length: 100 }, (_, n) => `agent-${n + 1}`);
  for (const size of [1, 10, 100]) {
    for (const role of roles.slice(hosts.length, size)) {
      await addAgent(role);
      ask(role);
    }
    await until(async () => {
      await time.advance(1_000);
      return answers.size === size;
    }, `answers of ${size}`);
    assert.equal(calls.instances().length, size);
    assert.equal(signedBy("agent-grant"), size + 1, "one by the company for each, and the bot's");
    assert.equal(signedBy("instance-grant"), size + 1, "one by each key-holder for its own instance");
    assert.equal(trust.files.grants.length, 2 * (size + 1), "and no other paper");
    assert.equal(trust.files.document?.text, document, "the company's rules are the same bytes");
  }
  assert.deepEqual(new Set(answers.values()), new Set(["result"]));
  // The bot looks for new grants at most once a second: who speaks before that is heard the next time.
  assert.deepEqual(
    [...new Set(refusals)].filter((each) => each !== "no-grant"),
    [],
  );
});
