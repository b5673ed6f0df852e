import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { makeInstanceKeys } from "../../../src/keys.ts";
import { createAtLink } from "../../../src/link/at-link.ts";
import { keepInstance } from "../../../src/processes/keep-instance.ts";
import { followCompany, followTrust } from "../../../src/processes/public-trust.ts";
import { adoptPapers } from "../../../src/trust/adopt-papers.ts";
import { rawPublicKey } from "../../../src/trust/sign-statement.ts";
import { trustFolderReader } from "../../../src/trust/trust-files.ts";
import type { TrustStore } from "../../../src/trust/trust-store.ts";
import { LoopServers } from "../../fakes/loop-transport.ts";
import { ManualTime, until } from "../../fakes/manual-time.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { TrustWorld } from "../../fakes/trust-world.ts";

/**
 * How long after a rotation or revocation everybody goes by it, on a machine that learns of it by the public records
 * alone: the sum of the times at which its processes look, whatever the moment. Files and servers take no time here.
 */

const promisedMs = 5_000;
const stepMs = 100;
const machines = { bot: "@cs-bot", supply: "@cs-supply" } as const;

/** Knows whether everything that was started has come to rest. */
class RestingTime extends ManualTime {
  armed = 0;
  busy = 0;

  override after(ms: number, call: () => void): () => void {
    this.armed += 1;
    let isDone = false;
    const done = (): void => {
      this.armed -= isDone ? 0 : 1;
      isDone = true;
    };
    const cancel = super.after(ms, () => {
      done();
      call();
    });
    return () => {
      done();
      cancel();
    };
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.busy += 1;
    try {
      return await work();
    } finally {
      this.busy -= 1;
    }
  }
}

/** A machine with one process of the bot and one of an instance of supply, and the company's public records. */
async function farMachine(t: TestContext) {
  const data = await mkdtemp(path.join(tmpdir(), "cs-times-"));
  const time = new RestingTime();
  const world = new TrustWorld(time, ["bot", "supply"]);
  const company = "@cs-company";
  const companyKey = world.company.publicKey;
  const published = (kind: string) => {
    const papers = world.files.grants.filter(({ name }) => name.startsWith(kind));
    return JSON.stringify(papers.map(({ text }) => JSON.parse(text) as unknown));
  };
  const records = (name: string): string | undefined =>
    ({
      trust: world.files.document?.text,
      "agent-grants": published("agent-grant"),
      "instance-grants": published("instance-grant"),
    })[name];
  await followCompany(data, company);
  const trustFolder = path.join(data, "trust");
  await adoptPapers(trustFolder, companyKey, {
    document: records("trust"),
    agentGrants: records("agent-grants"),
    instanceGrants: [records("instance-grants")],
  });
  const stops: (() => Promise<void>)[] = [];
  const processOf = async (role: keyof typeof machines): Promise<TrustStore> => {
    const read = trustFolderReader(trustFolder, () => time.now());
    const trust = await world.open({ load: () => time.during(read) });
    const link = createAtLink({
      transport: new LoopServers().transport(machines[role]),
      keys: world.keys(role),
      trust,
      memory: new MemoryValues(),
      clock: time,
      timers: time,
      log: silentLogger,
      journal: async () => undefined,
      onRefused: () => undefined,
    });
    await link.start(async () => undefined);
    const client = { atSign: machines[role], get: async ({ name }: { name: string }) => records(name) };
    const follower = followTrust({
      client,
      data,
      company,
      companyKey,
      timers: time,
      clock: time,
      log: silentLogger,
    });
    stops.push(
      () => link.stop(),
      () => follower.stop(),
    );
    return trust;
  };
  const trust = await processOf("bot");
  const own = await processOf("supply");
  let running = 0;
  const kept = await keepInstance({
    async start() {
      running += 1;
      return {
        isGranted: () => isBelieved(own),
        stop: async () => void (running -= 1),
      };
    },
    stamp: async () => "same",
    onFatal: (error) => assert.fail(error),
    clock: time,
    timers: time,
    log: silentLogger,
  });
  stops.push(() => kept.stop());
  // Two watch trust, two follow, one keeps its instance; the resume points write nothing.
  const isAtRest = () => time.busy === 0 && time.armed === 5;
  t.after(async () => {
    for (const stop of stops) {
      await stop();
    }
    await rm(data, { recursive: true });
  });
  return {
    time,
    world,
    trust,
    isRunning: () => running > 0,
    pass: async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += stepMs) {
        await time.advance(stepMs);
        await until(isAtRest, "rest");
      }
    },
  };
}
function isBelieved(trust: TrustStore): boolean {
  try {
    trust.instanceKeys("@cs-supply", "main");
    return true;
  } catch {
    return false;
  }
}

test("a revocation and a new key are gone by within five seconds, whenever they happen", async (t) => {
  const { world, trust, time, pass, isRunning } = await farMachine(t);
  await pass(3_000);
  const longest = { revoked: 0, stopped: 0, rotated: 0 };
  const measure = async (what: keyof typeof longest, isDone: () => boolean): Promise<void> => {
    const changedAt = time.now();
    while (!isDone()) {
      await pass(stepMs);
      assert.ok(time.now() - changedAt <= promisedMs, `${what} after ${time.now() - changedAt} ms`);
    }
    longest[what] = Math.max(longest[what], time.now() - changedAt);
  };
  let serial = 1;
  for (let offset = 0; offset < 2_500; offset += 300) {
    await pass(offset);
    const ended = new Date(time.now()).toISOString();
    world.grantInstance("supply", { serial: (serial += 1), notAfter: ended });
    const revokedAt = time.now();
    await measure("revoked", () => !isBelieved(trust));
    await measure("stopped", () => !isRunning());
    assert.ok(time.now() - revokedAt <= promisedMs, "the instance itself");
    longest.stopped = Math.max(longest.stopped, time.now() - revokedAt);

    const keys = makeInstanceKeys({ atSign: "@cs-supply", instance: "main" });
    const ed25519 = rawPublicKey(keys.ed25519);
    world.grantInstance("supply", { serial: (serial += 1), ed25519 });
    await measure(
      "rotated",
      () => isBelieved(trust) && rawPublicKey(trust.instanceKeys("@cs-supply", "main").ed25519) === ed25519,
    );
    // Started again, as it tries every half minute.
    await pass(30_000);
    assert.ok(isRunning());
  }
  assert.ok(longest.revoked > 1_500, "otherwise this measures nothing");
  t.diagnostic(`longest, in ms of looking: ${JSON.stringify(longest)}`);
});
