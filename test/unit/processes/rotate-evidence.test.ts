import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { keyFolderOf } from "../../../src/keys.ts";
import {
  followEvidenceKeys,
  rotateEvidence,
  type RotateEvidenceOptions,
} from "../../../src/processes/rotate-evidence.ts";
import { makeDemoTrust } from "../../../src/trust/demo-trust.ts";
import { signAs } from "../../../src/trust/sign-statement.ts";
import { readTrustFolder } from "../../../src/trust/trust-files.ts";
import { openTrust, type TrustStore } from "../../../src/trust/trust-store.ts";
import { ManualTime } from "../../fakes/manual-time.ts";
import { MemoryValues } from "../../fakes/memory-values.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { people, policy } from "../../fakes/trust-world.ts";

/** The bot goes on signing clicks while its evidence key is replaced, and is believed all the time. */

const atSign = "@cs-bot";
const dayMs = 86_400_000;
let data: string;
let time: ManualTime;
let trust: TrustStore;
beforeEach(async () => {
  data = mkdtempSync(path.join(tmpdir(), "cs-evidence-"));
  time = new ManualTime();
  const { companyKey } = await signTrust();
  trust = await openTrust({
    companyKey,
    memory: new MemoryValues(),
    load: () => readTrustFolder(path.join(data, "trust")),
    clock: time,
  });
});
afterEach(() => rmSync(data, { recursive: true }));

/** As the launcher does it at each start and daily. */
const signTrust = () =>
  makeDemoTrust({
    folder: data,
    company: "@cs-company",
    agents: [{ id: "bot", atSign, skills: [], instances: [{ name: "evidence", role: "evidence" }] }],
    people,
    policy,
    demo: true,
    now: time.now(),
  });

const following = () => followEvidenceKeys(keyFolderOf(data, "bot"), { timers: time, log: silentLogger });
type Following = Awaited<ReturnType<typeof following>>;
const sign = ({ current }: Following) =>
  signAs({ tag: "countersign/test/1", text: "clicked" }, current, current.ed25519);
const isBelieved = (signed: ReturnType<typeof sign>): boolean => trust.verify(signed, "evidence");

function rotate(change: Partial<RotateEvidenceOptions> = {}): Promise<void> {
  return rotateEvidence({
    data,
    atSign,
    publish: async () => undefined,
    now: () => time.now(),
    wait: async () => void (await trust.reload()),
    ...change,
  });
}
/** Until the bot has looked at its keys again. */
async function takesOver(bot: Following, former: Following["current"]): Promise<void> {
  for (let looks = 0; bot.current === former && looks < 1_000; looks += 1) {
    await time.advance(1_000);
  }
  assert.notEqual(bot.current, former);
}

test("before, while and after it is replaced, what the bot signs is believed", async (t) => {
  const bot = await following();
  t.after(() => bot.stop());
  const former = bot.current;
  const before = sign(bot);
  await rotate({
    async wait() {
      await trust.reload();
      // Everybody knows the next key; the bot still uses the present one.
      await time.advance(2_000);
      assert.equal(bot.current, former);
      assert.ok(isBelieved(sign(bot)));
    },
  });
  await takesOver(bot, former);
  const after = sign(bot);
  assert.ok(isBelieved(before) && isBelieved(after));
  assert.notEqual(before.signature, after.signature);
  await time.advance(7 * dayMs);
  await signTrust();
  await trust.reload();
  assert.ok(!isBelieved(before), "only for seven days");
  assert.ok(isBelieved(after));
});

test("grants signed anew in the middle of it do not take the next key back", async () => {
  let waits = 0;
  await rotate({
    async wait() {
      waits += 1;
      if (waits === 1) {
        await signTrust();
      }
      await trust.reload();
    },
  });
  assert.equal(waits, 2);
  const bot = await following();
  bot.stop();
  assert.ok(isBelieved(sign(bot)));
  await signTrust();
  await trust.reload();
  assert.ok(isBelieved(sign(bot)));
});

test("broken off it goes on with the key that it had made", async () => {
  const bot = await following();
  const former = bot.current;
  const broken = () => Promise.reject(new Error("the machine went down"));
  await assert.rejects(rotate({ publish: broken }), /went down/);
  await trust.reload();
  assert.ok(isBelieved(sign(bot)), "the present key is in its place, and believed");
  const serial = trust.instanceKeys(atSign, "evidence").serials[1];
  await rotate();
  assert.equal(trust.instanceKeys(atSign, "evidence").serials[1], serial, "granted once");
  await takesOver(bot, former);
  bot.stop();
  assert.ok(isBelieved(sign(bot)));
});

test("it is refused where the bot's key-holder is not", async () => {
  rmSync(path.join(keyFolderOf(data, "bot"), "holder.evidence.json"));
  await assert.rejects(rotate(), { code: "keys-missing" });
});
