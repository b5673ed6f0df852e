import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { findRedisServer } from "../../adapters/bullmq/private-redis.ts";
import { postgresMissing, startPostgres } from "../fakes/postgres.ts";
import { RedisProcess } from "../fakes/redis-process.ts";
import type { MessagePlace } from "../fakes/slack/acts.ts";
import { ExtraBot } from "./extra-bot.ts";
import { noProcFolder } from "./our-processes.ts";
import { slackSystem, type SlackSystem } from "./slack-system.ts";

/** One workspace (the stand-in for Slack), three bots on one PostgreSQL and one Redis, all with the same tokens. */

const request = "Order the parts needed for 1 widget for Customer XYZ";
const bots = 3;
const socketsOfBot = 2;
const redis = findRedisServer(process.env.PATH ?? "");
const needsServers = process.env["REQUIRE_SERVERS"] === "1";
const missing =
  noProcFolder || postgresMissing() || (redis || needsServers ? false : "no redis-server found");
interface Shown {
  readonly id: string;
  readonly status: string;
}

suite("several bots in one Slack workspace", { skip: missing, timeout: 300_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-bots-"));
  let queue: RedisProcess;
  let it: SlackSystem;
  let others: ExtraBot[] = [];
  const requests: MessagePlace[] = [];

  before(async () => {
    assert.ok(redis !== undefined, "REQUIRE_SERVERS=1, but there is no redis-server on the PATH");
    queue = await RedisProcess.start(redis, folder);
    it = await slackSystem({
      DATABASE_URL: await (await startPostgres()).createDatabase(),
      REDIS_URL: `redis://127.0.0.1:${queue.port}`,
    });
    await it.start();
    others = [await ExtraBot.start(it.system, "run-2"), await ExtraBot.start(it.system, "run-3")];
    await allConnected();
  });
  after(async () => {
    await Promise.all(others.map((each) => each.stop()));
    await it.stop();
    await queue.kill();
    await (await startPostgres()).stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const allConnected = (): Promise<void> =>
    it.until(
      () => it.slack.sockets.connections.length === bots * socketsOfBot,
      "two connections of each bot",
    );
  const ask = (by: string): MessagePlace => {
    const place = it.slack.user(by).says("orders", `@countersign ${request}`);
    requests.push(place);
    return place;
  };
  /** Each manager's copies of approvals that can be decided. */
  const openCards = (manager: string): readonly MessagePlace[] =>
    it.slack
      .user(manager)
      .sees("@countersign")
      .filter(({ blocks }) => JSON.stringify(blocks).includes('"approve"'))
      .map(({ channel, ts }) => ({ channel, ts }));
  const cards = (manager: string): number =>
    it.slack
      .user(manager)
      .sees("@countersign")
      .filter(({ blocks }) => isApproval(blocks)).length;
  /** Where a request's and every approval's cards stand: once each, and all of them final. */
  async function assertOnce(): Promise<void> {
    for (const place of requests) {
      await it.done(place);
    }
    let listed = { code: -1, stdout: "" };
    // The bot of this folder may have been killed, and not be back.
    await it.until(async () => {
      listed = await it.system.run("runs", "--json");
      return listed.code === 0;
    }, "the bot answers");
    const runs = JSON.parse(listed.stdout) as Shown[];
    assert.equal(runs.length, requests.length, "each request became one run");
    assert.ok(
      runs.every(({ status }) => status === "completed"),
      listed.stdout,
    );
    for (const place of requests) {
      assert.equal(it.thread(place).length, 2, "one progress card and one result");
    }
    for (const manager of ["manager", "manager-2"]) {
      await it.until(() => openCards(manager).length === 0, `all cards of ${manager} are final`);
      assert.equal(cards(manager), requests.length, `one copy of each approval for ${manager}`);
    }
    const orders = await it.system.books<{ id: string; run: string }>("orders");
    assert.equal(new Set(orders.map(({ id }) => id)).size, orders.length);
    assert.equal(new Set(orders.map(({ run }) => run)).size, requests.length);
  }

  test("every bot gets events; each is handled once, each card stands once", async () => {
    for (let count = 0; count < 2; count += 1) {
      ask(count % 2 === 0 ? "employee" : "employee-2");
    }
    await it.until(() => openCards("manager").length === 2, "two approvals");
    for (const card of openCards("manager")) {
      assert.equal((await it.slack.user("manager").clicks(card, "approve")).ok, true);
    }
    await assertOnce();
    assert.deepEqual(it.slack.failures, []);
    const used = new Set(it.slack.deliveries.map(({ connection }) => connection));
    assert.ok(used.size > socketsOfBot, "events came by connections of more than one bot");
  });

  test("bots are killed while people click: no click that was shown as done is lost, none counts twice", async () => {
    for (let count = 0; count < 2; count += 1) {
      ask("employee");
    }
    await it.until(() => openCards("manager").length === 2, "two approvals");
    const clicking = openCards("manager").map(async (card, index) => {
      const manager = it.slack.user("manager");
      // A click whose bot died before it said so may have counted all the same: then its card is final.
      const isOpen = () => openCards("manager").some(({ ts }) => ts === card.ts);
      await it.until(
        async () => !isOpen() || (await manager.clicks(card, "approve")).ok,
        `click ${index} counts`,
      );
    });
    await it.killBot();
    await others[0]?.kill();
    others[0] = await ExtraBot.start(it.system, "run-4");
    await Promise.all(clicking);
    await assertOnce();
    await allConnected();
    assert.equal((await it.system.run("journal", "verify")).code, 0);
  });
});

function isApproval(blocks: readonly unknown[]): boolean {
  const text = JSON.stringify(blocks);
  return text.includes("-gate") || text.includes("plan-file");
}
