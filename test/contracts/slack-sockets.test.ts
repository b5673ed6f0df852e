import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { settle, until } from "../fakes/manual-time.ts";
import type { Seen } from "../fakes/slack/acts.ts";
import { slackWorld, type SlackWorld } from "../fakes/slack-world.ts";

/** Connections that fail without saying so, and those that are closed, through the real bolt; all by Slack's time. */

let world: SlackWorld;
before(async () => {
  world = await slackWorld({ approvals: "C0ORDERS01", oneTime: true });
});
after(async () => {
  const stopped = world.stop();
  await seconds(5);
  await stopped;
});

const sockets = () => world.slack.sockets.connections;
const seconds = async (count: number): Promise<void> => {
  for (let second = 0; second < count; second += 1) {
    await world.time.advance(1_000);
    // What goes over real sockets needs some real turns.
    await settle();
  }
};
/** A manager's click on a new approval, again while Slack shows that it failed; how often it was made. */
async function approved(): Promise<number> {
  const known = world.office.runs.size;
  world.slack.user("employee").says("orders", "@countersign order parts");
  await until(async () => {
    await world.time.advance(500);
    return world.office.runs.size > known;
  }, "a run");
  const run = [...world.office.runs.keys()].at(-1) ?? "";
  await world.office.openApproval(run);
  const ts = world.slack.workspace.messages("C0ORDERS01").at(-1)?.ts ?? "";
  for (let clicks = 1; ; clicks += 1) {
    let seen: Seen | undefined;
    void world.slack
      .user("manager")
      .clicks({ channel: "C0ORDERS01", ts }, "approve")
      .then((outcome) => (seen = outcome));
    await until(async () => {
      await world.time.advance(100);
      return seen !== undefined;
    }, "the click's outcome");
    if (seen?.ok === true) {
      const counted = world.office.decisions.filter(({ approval }) => approval === `a-${run}`);
      assert.equal(counted.length, 1);
      return clicks;
    }
    assert.ok(clicks < 5, "never counted");
  }
}

test("lesson 1: a connection that looks well and brings nothing is found and replaced; no request and no click is lost", async () => {
  const [ghost] = sockets();
  ghost?.swallow();
  // Every second payload vanishes: Slack sends requests again, people click again.
  for (let count = 0; count < 3; count += 1) {
    await approved();
  }
  for (let count = 0; count < 45; count += 1) {
    world.slack.user("employee").says("orders", "the lorry is late");
  }
  await seconds(15);
  assert.ok(!sockets().some((each) => each === ghost));
  assert.equal(sockets().length, 2, "another connection is in its place");
  for (let count = 0; count < 3; count += 1) {
    assert.equal(await approved(), 1, "the first click counts");
  }
});

test("lesson 1: ghosts that somebody left behind cost clicks, but none that was shown as done", async () => {
  const ghosts = world.slack.sockets.haunt(2);
  for (let count = 0; count < 4; count += 1) {
    await approved();
  }
  ghosts.forEach((each) => each.forget());
  assert.equal(await approved(), 1);
  assert.equal(sockets().length, 2);
});

test("lesson 1: clicks on a connection that Slack closes soon count until it is closed", async () => {
  const [old] = sockets();
  const others = sockets().slice(1);
  old?.disconnect("warning");
  await until(() => sockets().length === 3, "the next one");
  const before = world.slack.deliveries.length;
  for (let count = 0; count < 3; count += 1) {
    assert.equal(await approved(), 1);
  }
  assert.ok(world.slack.deliveries.slice(before).some(({ connection }) => connection === old?.id));
  await seconds(12);
  await until(() => sockets().length === 2, "Slack's close");
  assert.ok(others.every((each) => sockets().includes(each)));
});

test("lesson 1: what comes by a connection that we renew is acknowledged until nothing comes by it", async () => {
  const [old] = sockets();
  const talk = () => world.slack.user("employee").says("orders", "the lorry is late");
  // Its time is over within eleven minutes, and it is never quiet for a second.
  for (let halves = 0; sockets().length < 3; halves += 1) {
    assert.ok(halves < 11 * 120, "never renewed");
    sockets().forEach(talk);
    await world.acknowledged();
    await world.time.advance(500);
    await settle();
  }
  const from = world.slack.deliveries.length;
  for (let count = 0; count < 6; count += 1) {
    assert.ok((await world.slack.user("manager").runs("/countersign help", "orders")).ok);
  }
  const chosen = world.slack.deliveries.slice(from).map(({ connection }) => connection);
  assert.ok(chosen.includes(old?.id));
  await seconds(3);
  assert.ok(!sockets().some((each) => each === old));
  assert.equal(sockets().length, 2);
});
