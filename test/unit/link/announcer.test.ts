import assert from "node:assert/strict";
import { test } from "node:test";
import { createAnnouncer } from "../../../src/link/announcer.ts";
import { checkTimes, clockSkewMs, type EnvelopeHeader } from "../../../src/link/envelope-header.ts";
import { leaseMs } from "../../../src/link/presence-message.ts";
import type { OutgoingEnvelope } from "../../../src/link-types.ts";
import { ManualTime } from "../../fakes/manual-time.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";

const facts = { skills: ["count"], model: null, region: null, price: "0", capacity: 1 };

test("an instance whose clock is behind is heard: an announcement is in time as long as clocks may differ", async () => {
  const bot = new ManualTime();
  for (const behindMs of [0, leaseMs, 86_000, clockSkewMs]) {
    const sent: OutgoingEnvelope[] = [];
    const clock = { now: () => bot.now() - behindMs };
    const announcer = createAnnouncer({
      link: { send: async (envelope) => void sent.push(envelope) },
      bot: () => ({ atSign: "@cs-bot", instance: "main" }),
      facts,
      clock,
      timers: bot,
      log: silentLogger,
    });
    announcer.start(1);
    await announcer.stop();
    const [first] = sent;
    assert.ok(first !== undefined);
    const header = {
      issuedAt: new Date(clock.now()).toISOString(),
      expiry: new Date(first.expiresAt).toISOString(),
    } as EnvelopeHeader;
    assert.doesNotThrow(() => checkTimes(header, bot.now() + leaseMs - 1), `${behindMs} ms behind`);
    assert.throws(() => checkTimes(header, bot.now() + clockSkewMs + leaseMs), { code: "envelope-expired" });
  }
});
