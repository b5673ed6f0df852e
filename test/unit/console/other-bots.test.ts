import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { watchOtherBots } from "../../../adapters/console/other-bots.ts";
import { ChatOffice } from "../../fakes/chat-office.ts";
import { ManualTime } from "../../fakes/manual-time.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";

/** Pages of these people at a bot whose record changes without it. */
function watched(...people: readonly string[]) {
  const time = new ManualTime();
  const office = new ChatOffice(time);
  const state = { others: true };
  let told: string[] = [];
  const stop = watchOtherBots({
    desk: office.desk,
    feed: { people: () => people, card: (owner, key) => told.push(`${owner} ${key}`) },
    others: () => state.others,
    after: (ms, call) => time.after(ms, call),
    log: silentLogger,
  });
  const toldAfter = async (ms: number): Promise<readonly string[]> => {
    told = [];
    await time.advance(ms);
    return [...new Set(told)];
  };
  const begin = (run: string, person: string) =>
    office.begin(run, { person, text: "Order", thread: `console:${person}-1` });
  return { office, state, stop, toldAfter, begin };
}

test("who has no page here is no reason that those who decide are not told within a second", async () => {
  const { office, begin, toldAfter, stop } = watched("manager");
  await begin("run1", "employee");
  await office.openApproval("run1");
  assert.ok((await toldAfter(1_000)).includes("employee approval-a-run1"));
  assert.deepEqual(await toldAfter(5_000), [], "nothing changed since");
  stop();
});

test("the requester's own look tells all: others are not told twice", async () => {
  const { office, begin, toldAfter, stop } = watched("manager", "employee");
  const looks = mock.method(office.desk, "cards");
  await begin("run1", "employee");
  assert.deepEqual(await toldAfter(1_000), ["employee progress-run1"]);
  assert.equal(looks.mock.callCount(), 1);
  stop();
});

test("who believes itself alone looks all the same: another bot may have come and gone", async () => {
  const { state, begin, toldAfter, stop } = watched("employee");
  state.others = false;
  await begin("run1", "employee");
  assert.deepEqual(await toldAfter(5_000), ["employee progress-run1"]);
  stop();
});
