import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../fakes/manual-time.ts";
import { slackWorld, type SlackWorld } from "../fakes/slack-world.ts";

/** The quote of a completed request as a file in Slack, through the real bolt. */

let world: SlackWorld;
before(async () => {
  world = await slackWorld();
});
after(() => world.stop());

test("who asked gets the quote as a file in the request's thread; nobody else does, and is told", async () => {
  const { slack, office } = world;
  const place = slack.user("employee").says("general", "@countersign order parts for 50 widgets");
  await until(() => office.runs.size > 0, "a run");
  const [run = ""] = office.runs.keys();
  await office.openApproval(run);
  const thread = () => slack.workspace.replies(place.channel, place.ts);
  assert.ok(
    !thread().some((each) => JSON.stringify(each.blocks).includes("quote-file")),
    "not before the end",
  );
  await office.end(run, "completed");
  const result = thread().find((each) => JSON.stringify(each.blocks).includes("quote-file"));
  const card = { channel: place.channel, ts: result?.ts ?? "" };

  for (const name of ["employee-2", "manager", "admin"]) {
    assert.equal((await slack.user(name).clicks(card, "Quote")).ok, true);
    const user = slack.workspace.userBy(name)?.id;
    const told = () =>
      slack.workspace.ephemerals.some((each) => each.user === user && /Only who asked/.test(each.text));
    await until(told, `${name} is told`);
  }
  assert.equal(slack.workspace.files.size, 0);

  assert.equal((await slack.user("employee").clicks(card, "Quote")).ok, true);
  await until(() => thread().some((each) => each.files.length > 0), "the file in the thread");
  const [file] = slack.workspace.files.values();
  assert.equal(file?.name, `quote-${run}.txt`);
  assert.match(file?.content?.toString("utf8") ?? "", /^Total: +624\.36 USD$/m);

  const tells = () =>
    slack.workspace.ephemerals.filter((each) => /sent already/.test(each.text) && each.user === "U0EMPLOYEE");
  await world.acknowledged();
  for (const count of [1, 2]) {
    assert.equal((await slack.user("employee").clicks(card, "Quote")).ok, true);
    await until(() => tells().length === count, "it stands above");
    // Also by a bot that knows nothing of the first click but what was kept.
    await world.restart();
  }
  assert.equal(slack.workspace.files.size, 1);
});

test("two clicks at once send one file; one that a crash interrupted is sent by a later click, unless it arrived", async () => {
  const { slack, office } = world;
  const finished = async () => {
    const count = office.runs.size;
    const place = slack.user("employee").says("general", "@countersign order parts for 51 widgets");
    await until(() => office.runs.size > count, "a run");
    const run = [...office.runs.keys()].at(-1) ?? "";
    await office.openApproval(run);
    await office.end(run, "completed");
    const thread = () => slack.workspace.replies(place.channel, place.ts);
    const result = thread().find((each) => JSON.stringify(each.blocks).includes("quote-file"));
    const sent = () => thread().filter((each) => each.files.length > 0).length;
    return {
      run,
      sent,
      click: () => slack.user("employee").clicks({ ...place, ts: result?.ts ?? "" }, "Quote"),
    };
  };
  const twice = await finished();
  await Promise.all([twice.click(), twice.click()]);
  await until(() => twice.sent() > 0, "the file");

  const begun = await finished();
  await world.memory.setValue(`slack-quote:${begun.run}`, String(Date.now() - 60_000));
  await begun.click();
  await until(() => begun.sent() === 1, "the file of the later click");
  await until(() => world.memory.values.get(`slack-quote:${begun.run}`) === "sent", "kept");
  await world.memory.setValue(`slack-quote:${begun.run}`, String(Date.now() - 60_000));
  await begun.click();
  await until(() => world.memory.values.get(`slack-quote:${begun.run}`) === "sent", "found in the thread");
  assert.deepEqual([twice.sent(), begun.sent()], [1, 1]);
});
