import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { type BotRegister, createBotRegister } from "../../src/bot-register.ts";
import { ManualTime } from "../fakes/manual-time.ts";
import { MemoryLeases } from "../fakes/memory-leases.ts";
import { silentLogger } from "../fakes/silent-logger.ts";

let time: ManualTime;
let leases: MemoryLeases;
let leading: Map<string, boolean>;
beforeEach(() => {
  time = new ManualTime();
  leases = new MemoryLeases();
  leading = new Map();
});

function bot(id: string, seen = leases): BotRegister {
  return createBotRegister({
    leases: seen,
    id,
    onLeads: (leads) => leading.set(id, leads),
    clock: time,
    timers: time,
    log: silentLogger,
  });
}

/** The leases, while it is not cut off from them. */
function unreachable(cut: { readonly on: boolean }): MemoryLeases {
  return new Proxy(leases, {
    get(target, name, receiver) {
      const found: unknown = Reflect.get(target, name, receiver);
      return cut.on ? () => Promise.reject(new Error("no record")) : found;
    },
  });
}

test("bots see each other; one leads, and another one when it is gone", async () => {
  const [a, b] = [bot("a"), bot("b")];
  await a.start();
  assert.equal(a.others(), false);
  assert.equal(a.leads(), true);
  await b.start();
  await time.advance(3_000);
  assert.deepEqual([a.others(), b.others()], [true, true]);
  assert.deepEqual([a.leads(), b.leads()], [true, false]);
  await a.stop();
  await time.advance(3_000);
  assert.equal(b.others(), false);
  assert.equal(b.leads(), true);
  assert.equal(leading.get("b"), true);
  await b.stop();
});

test("who cannot renew leads no more, also when its clock was a month ahead before", async () => {
  const cut = { on: false };
  const a = bot("a", unreachable(cut));
  time.setWrong(30 * 86_400_000);
  await a.start();
  assert.equal(a.leads(), true);
  cut.on = true;
  time.setWrong(0);
  await time.advance(20_000);
  assert.equal(a.leads(), false);
  await a.stop();
});

test("who cannot renew leads no more before anybody else may", async () => {
  const cut = { on: false };
  const [a, b] = [bot("a", unreachable(cut)), bot("b")];
  await a.start();
  await b.start();
  cut.on = true;
  for (let step = 0; step < 20; step += 1) {
    await time.advance(1_000);
    assert.ok(!(a.leads() && b.leads()), "never two at once");
  }
  assert.deepEqual([a.leads(), b.leads()], [false, true]);
  assert.equal(leading.get("a"), false);
  await a.stop();
  await b.stop();
});
