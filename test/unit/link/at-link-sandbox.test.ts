import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { activate, AtClient } from "@atsign/atsdk";
import type { Json } from "../../../src/domain.ts";
import { createAtLink } from "../../../src/link/at-link.ts";
import { systemTimers } from "../../../src/link/timers.ts";
import type { ReceivedEnvelope } from "../../../src/link-types.ts";
import type { AgentLink } from "../../../src/link-port.ts";
import { type AtSandbox, startAtSandbox } from "../../../src/sandbox/at-server/start-at-sandbox.ts";
import { until } from "../../fakes/manual-time.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { TrustWorld } from "../../fakes/trust-world.ts";
import { aliceKeys, bobKeys } from "../atsdk/vectors.ts";
import { temporaryFolder } from "../sandbox/at-server/with-sandbox.ts";

const clock = { now: () => Date.now() };
const atKeys = { "@cs-bot": aliceKeys, "@cs-supply": bobKeys } as const;

async function link(
  t: TestContext,
  sandbox: AtSandbox,
  world: TrustWorld,
  role: "bot" | "supply",
  memory = new MemoryValues(),
): Promise<AgentLink> {
  const atSign = `@cs-${role}` as const;
  const { directory, ca } = sandbox;
  const client = await AtClient.open({ atSign, keys: atKeys[atSign], directory, ca });
  t.after(() => client.close());
  return createAtLink({
    transport: client,
    keys: world.keys(role),
    trust: await world.open(),
    memory,
    clock,
    timers: systemTimers,
    log: silentLogger,
    journal: async () => undefined,
    onRefused: ({ code }) => assert.fail(code),
  });
}

test("over real atServers: small and large messages arrive sealed, also what was sent while nobody listened", async (t) => {
  const dataDir = temporaryFolder(t);
  const sandbox = await startAtSandbox({ dataDir, atSigns: Object.keys(atKeys) });
  t.after(() => sandbox.close());
  for (const [atSign, keys] of Object.entries(atKeys)) {
    const cramSecret = sandbox.cramSecrets[atSign] ?? "";
    await activate({ atSign, keys, cramSecret, directory: sandbox.directory, ca: sandbox.ca });
  }
  const world = new TrustWorld(clock, ["bot", "supply"]);
  const bot = await link(t, sandbox, world, "bot");
  const memory = new MemoryValues();
  const received: ReceivedEnvelope[] = [];
  const inbox = async (message: ReceivedEnvelope): Promise<void> => void received.push(message);
  const send = (step: string, body: Json): Promise<void> =>
    bot.send({
      to: { atSign: "@cs-supply", instance: "main" },
      kind: "request",
      subject: { run: "run1", revision: 1, step, attempt: 1 },
      body,
      expiresAt: clock.now() + 60_000,
    });
  const bodies = {
    small: { text: "Größe 世界" },
    large: { text: "x".repeat(100_000) },
    later: 1,
    restarted: 2,
  };

  await send("small", bodies.small);
  const first = await link(t, sandbox, world, "supply", memory);
  await first.start(inbox);
  await send("large", bodies.large);
  await until(() => received.length === 2, "both");
  await first.stop();
  await send("later", bodies.later);

  const second = await link(t, sandbox, world, "supply", memory);
  await second.start(inbox);
  await send("restarted", bodies.restarted);
  const steps = () => new Set(received.map((each) => each.subject.step));
  await until(() => steps().size === 4, "what was sent while nobody listened");
  for (const message of received) {
    assert.deepEqual(message.body, bodies[message.subject.step as keyof typeof bodies]);
    assert.equal(message.from.role, "bot");
  }
  await second.stop();
});
