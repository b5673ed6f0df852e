import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { noProcFolder } from "./our-processes.ts";
import { slackSystem, type SlackSystem } from "./slack-system.ts";

/** The whole product and the real bolt against a stand-in for Slack. */

const request = "Order the parts needed for 5 widgets for Customer XYZ";
const linux = { skip: noProcFolder };
interface Order {
  readonly id: string;
  readonly run: string;
}

suite("a request in Slack", () => {
  let it: SlackSystem;
  before(async () => {
    it = await slackSystem();
    await it.start();
  });
  after(() => it.stop());

  const runsOf = async () =>
    JSON.parse((await it.system.run("runs", "--json")).stdout) as { id: string; status: string }[];
  const orders = () => it.system.books<Order>("orders");
  /** Every order of each run was placed once. */
  async function assertOnce(count: number): Promise<void> {
    const rows = await orders();
    const ids = rows.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(new Set(rows.map(({ run }) => run)).size, count);
  }

  test("request, progress, approval, decision, result; all cards final, orders placed once", async () => {
    const place = await it.ask(request);
    const card = await it.approvalCard("manager");
    const other = await it.approvalCard("manager-2");
    const seen = await it.slack.user("manager").clicks(card, "approve");
    assert.equal(seen.ok, true);
    await it.final(card);
    await it.final(other);
    await it.done(place);
    assert.match(it.textAt(other), /Approved by manager in slack .*clicked/);
    assert.equal(it.thread(place).length, 2, "one progress card and one result");
    await assertOnce(1);
    assert.deepEqual(it.slack.failures, []);
  });

  test("lesson 9: two managers at once, one decision", async () => {
    const place = await it.ask(request, "employee-2");
    const first = await it.approvalCard("manager");
    const second = await it.approvalCard("manager-2");
    await Promise.all([
      it.slack.user("manager").clicks(first, "approve"),
      it.slack.user("manager-2").clicks(second, "approve"),
    ]);
    await it.done(place);
    await it.final(first);
    await it.final(second);
    await assertOnce(2);
  });

  test("a rejection with its reason releases everything and orders nothing", async () => {
    const place = await it.ask(request);
    const card = await it.approvalCard("manager");
    const manager = it.slack.user("manager");
    await manager.clicks(card, "reject");
    await it.until(
      () => JSON.stringify(manager.modal?.blocks ?? []).includes("plain_text_input"),
      "the view",
    );
    assert.equal((await manager.submits({ text: "next month" })).ok, true);
    await it.until(() => it.thread(place).some((each) => each.text.includes("Rejected")), "the result");
    await it.final(card);
    assert.match(it.textAt(card), /next month/);
    await assertOnce(2);
  });

  test("lesson 2: kill -9 between card and click: the button works", linux, async () => {
    const place = await it.ask(request);
    const card = await it.approvalCard("manager");
    await it.killBot();
    await it.connected();
    await it.until(
      async () => (await it.slack.user("manager").clicks(card, "approve")).ok,
      "a click that counts",
    );
    await it.done(place);
    await it.final(card);
    await assertOnce(3);
  });

  test(
    "lesson 3: kill -9 before a click is read: nothing is decided, the next click counts",
    linux,
    async () => {
      const place = await it.ask(request);
      const card = await it.approvalCard("manager");
      it.signalBot("SIGSTOP");
      const clicking = it.slack.user("manager").clicks(card, "approve");
      await it.until(() => it.slack.deliveries.at(-1)?.outcome === "waiting", "the click on its way");
      await it.killBot();
      assert.equal((await clicking).ok, false, "the person sees that it failed");
      await it.connected();
      assert.match(it.textAt(card), /"approve"/);
      await it.until(
        async () => (await it.slack.user("manager").clicks(card, "approve")).ok,
        "a click that counts",
      );
      await it.done(place);
      await it.final(card);
      await assertOnce(4);
    },
  );

  test("lesson 3: kill -9 between commit and acknowledgement: the decision stands", linux, async () => {
    const place = await it.ask(request);
    const card = await it.approvalCard("manager");
    it.slack.faults.delivery("interactive", { kind: "lost-ack" });
    it.slack.faults.api("chat.update", { kind: "lost-request" }, 1_000);
    const clicking = it.slack.user("manager").clicks(card, "approve");
    await it.until(() => it.drew(card), "the try to draw what was committed");
    await it.killBot();
    assert.equal((await clicking).ok, false, "the person sees that it failed");
    it.slack.faults.calm();
    await it.final(card);
    assert.match(it.textAt(card), /Approved by manager in slack/);
    await it.done(place);
    await assertOnce(5);
  });

  test("lesson 3: kill -9 between acknowledgement and card: every copy becomes final", linux, async () => {
    const place = await it.ask(request);
    const cards = [await it.approvalCard("manager"), await it.approvalCard("manager-2")];
    const [card = place] = cards;
    it.slack.faults.api("chat.update", { kind: "lost-request" }, 1_000);
    assert.equal((await it.slack.user("manager").clicks(card, "approve")).ok, true);
    await it.killBot();
    for (const copy of cards) {
      assert.match(it.textAt(copy), /"approve"/, "not drawn before the kill");
    }
    it.slack.faults.calm();
    for (const copy of cards) {
      await it.final(copy);
      assert.match(it.textAt(copy), /Approved by manager in slack/);
    }
    await it.done(place);
    await assertOnce(6);
    const runs = await runsOf();
    assert.equal(runs.filter(({ status }) => status === "completed").length, 6);
  });

  test("lesson 11: a click on a card before the bot knows that it is posted counts", async () => {
    const ms = 4_000;
    it.slack.faults.api("chat.postMessage", { kind: "slow", ms }, 100);
    const place = await it.ask(request);
    const card = await it.approvalCard("manager");
    it.slack.faults.calm();
    const unanswered = it.slack.calls.some(
      ({ method, args, at }) =>
        method === "chat.postMessage" && args["channel"] === card.channel && at > Date.now() - ms,
    );
    assert.ok(unanswered, "Slack has not answered the post yet");
    assert.equal((await it.slack.user("manager").clicks(card, "approve")).ok, true);
    await it.done(place);
    await it.final(card);
    await assertOnce(7);
  });

  test("lesson 15: kill -9 while cards are posted: none stands twice", linux, async () => {
    it.slack.faults.api("chat.postMessage", { kind: "lost-answer" }, 2);
    const place = it.slack.user("employee").says("orders", `@countersign ${request}`);
    await it.until(() => it.thread(place).length > 0, "the first card");
    await it.killBot();
    await it.connected();
    const card = await it.approvalCard("manager");
    await it.slack.user("manager").clicks(card, "approve");
    await it.done(place);
    await it.final(card);
    assert.equal(it.thread(place).length, 2);
    await assertOnce(8);
  });

  test("Slack goes away and comes back: everything goes on", async () => {
    const place = await it.ask(request);
    const card = await it.approvalCard("manager");
    for (const connection of it.slack.sockets.connections) {
      connection.cut();
    }
    await it.until(
      async () => (await it.slack.user("manager").clicks(card, "approve")).ok,
      "a click that counts",
    );
    await it.done(place);
    await it.final(card);
    await it.connected();
    const { stdout } = await it.system.run("status", "--json");
    assert.match((JSON.parse(stdout) as { slack: { text: string } }).slack.text, /^connected: 2 sockets/);
    assert.equal((await it.system.run("journal", "verify")).code, 0);
  });

  test("a request as an attached list, decided on the App Home, and its quote as a file", async () => {
    const erin = it.slack.user("employee");
    const place = erin.says("orders", "@countersign this is for Customer XYZ, please", {
      files: [{ name: "parts.csv", content: "item,quantity\nwidget,5\n" }],
    });
    const manager = it.slack.user("manager");
    await it.approvalCard("manager");
    manager.opensHome();
    const home = () => JSON.stringify(manager.home?.blocks ?? []);
    await it.until(() => home().includes('"approve"'), "the home with its buttons");
    assert.equal((await manager.clicks("home", "approve")).ok, true);
    await it.done(place);
    await it.until(() => home().includes("Approved by manager in slack"), "the outcome on the home");
    const result = it.thread(place).find((each) => each.text.startsWith("Done"));
    await erin.clicks({ channel: place.channel, ts: result?.ts ?? "" }, "Quote");
    const quote = () =>
      [...it.slack.workspace.files.values()].find(({ name, shared }) => name.startsWith("quote-") && shared);
    await it.until(() => quote() !== undefined, "the quote");
    assert.match(quote()?.content?.toString("utf8") ?? "", /Quantity: +5\n(.*\n)*Total: +\d+\.\d\d USD/);
  });

  test("no token is logged, and no text of people", async () => {
    const logs = it.system.logs();
    assert.ok(!logs.includes(it.slack.botToken) && !logs.includes(it.slack.appToken));
    assert.doesNotMatch(logs, /widgets/);
  });
});

test("the bot starts with tokens that Slack refuses; the console works, status and doctor say so", async () => {
  const it = await slackSystem();
  try {
    it.slack.revoke(it.slack.botToken);
    await it.system.start();
    const { stdout } = await it.system.run("status", "--json");
    const { slack } = JSON.parse(stdout) as { slack: { ok: boolean; text: string } };
    assert.equal(slack.ok, false);
    assert.match(slack.text, /not connected: slack-token-refused/);
    const doctor = await it.system.run("doctor");
    assert.match(
      doctor.stdout,
      /bad {3}slack +not connected: slack-token-refused\n +→ run `countersign slack setup`/,
    );
    const asked = await it.system.ask(request, "--yes");
    assert.equal(asked.result.status, "completed");
  } finally {
    await it.stop();
  }
});

test("slack setup says of each check how it is and what to do", async () => {
  const it = await slackSystem({ COUNTERSIGN_SLACK_APPROVALS: "C0FINANCE1" });
  try {
    const wrong = await it.system.run("slack", "setup");
    assert.equal(wrong.code, 1, wrong.stderr);
    assert.match(wrong.stdout, /ok {4}bot token/);
    assert.match(wrong.stdout, /ok {4}socket/);
    assert.match(wrong.stdout, /FAIL {2}approvals .*\n +→ invite the bot to C0FINANCE1/);
    const right = await it.system.runWith(
      { COUNTERSIGN_SLACK_APPROVALS: "C0ORDERS01" },
      "slack",
      "setup",
      "--json",
    );
    assert.equal(right.code, 0, right.stdout + right.stderr);
    const { ok, checks } = JSON.parse(right.stdout) as { ok: boolean; checks: { name: string }[] };
    assert.equal(ok, true);
    assert.deepEqual(
      checks.map(({ name }) => name),
      ["bot token", "scopes", "socket", "approvals", "test card"],
    );
    assert.match(it.slack.workspace.messages("C0ORDERS01").at(-1)?.text ?? "", /Countersign is connected/);
    it.slack.revoke(it.slack.appToken);
    const revoked = await it.system.run("slack", "setup");
    assert.match(revoked.stdout, /FAIL {2}socket .*slack-token-refused.*\n +→ enable Socket Mode/);
    assert.ok(!(wrong.stdout + revoked.stdout + revoked.stderr).includes(it.slack.appToken));
  } finally {
    await it.stop();
  }
});
