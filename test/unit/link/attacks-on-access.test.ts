import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, statSync } from "node:fs";
import path from "node:path";
import { connect } from "node:tls";
import { suite, test } from "node:test";
import { AtError, tlsTransport, writeAtKeysFile } from "@atsign/atsdk";
import { readPrivateAtKeys } from "../../../src/processes/private-at-keys.ts";
import { BotIdentity } from "../../fakes/bot-identity.ts";
import {
  canary,
  eachInHostileWorld,
  type HostileSide,
  type HostileWorld,
  loggedBy,
  refusalOf,
} from "../../fakes/hostile-world.ts";
import { copyOf } from "../../fakes/hostile-server.ts";
import { JournalWorld } from "../../fakes/journal-world.ts";
import { settle, until } from "../../fakes/manual-time.ts";
import { guest } from "../sandbox/at-server/with-sandbox.ts";

/**
 * The table of what the platform does not give (atProtocol specification 11.1), third part: attacks on servers, keys
 * and commands; each fails and leaves a line. What ends at an atServer reaches no participant and so none of their
 * journals: there it is the atServers' own log that has the line, bounded as journals are.
 */

suite("access to atServers and keys", () => {
  let world: HostileWorld;
  let bot: HostileSide;
  let supply: HostileSide;
  eachInHostileWorld((made) => ({ world, bot, supply } = made));

  /** Both sides go on as if nothing had happened. */
  const worksOn = () => world.genuine(bot, supply);

  test("regexes from clients run on the server", async () => {
    const client = await world.client("credit");
    for (let index = 0; index < 20; index += 1) {
      await client.put({ kind: "self", name: `${"a".repeat(60)}${index}`, namespace: "x" }, "v");
    }
    await assert.rejects(client.scan("^(a+)+$"), { code: "AT0022" });
    await loggedBy(world, { atSign: "@cs-credit", from: "@cs-credit", code: "AT0022" });
    await worksOn();
    await client.close();
  });

  test("challenge signing", async () => {
    const { port } = world.sandbox.addresses["@cs-supply"] ?? assert.fail();
    const signed: string[] = [];
    // The bot's own server asks supply's server for a challenge and passes it on.
    world.onTheWay = (real) => async (options) => {
      const stream = await real(options);
      const borrowed = await tlsTransport({ ...options, port });
      let tell = (_chunk: Buffer): void => undefined;
      let isPassedOn = false;
      borrowed.listen({ data: (chunk) => chunk.includes("data:") && tell(chunk), closed: () => undefined });
      return {
        ...stream,
        listen(listener) {
          tell = (chunk) => listener.data(chunk);
          stream.listen(listener);
        },
        write(text) {
          if (text === "from:@cs-bot\n") {
            isPassedOn = true;
            borrowed.write("from:@cs-supply\n");
            return;
          }
          if (isPassedOn) {
            signed.push(text);
          }
          stream.write(text);
        },
        close() {
          borrowed.close();
          stream.close();
        },
      };
    };
    world.cut();
    assert.equal((await refusalOf(bot, "bad-challenge")).kind, "alarm");
    world.onTheWay = (real) => real;
    assert.deepEqual(signed, []);
    await worksOn();
  });

  test(".atKeys", async () => {
    const stopped = new JournalWorld();
    try {
      await stopped.setUp();
      const file = path.join(stopped.folder, "keys", "bot", "instance.main.atKeys");
      await writeAtKeysFile(file, world.atKeys.bot);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      if (process.getuid?.() === 0) {
        chmodSync(stopped.folder, 0o755);
        assert.notEqual(spawnSync("cat", [file], { uid: 65_534, gid: 65_534 }).status, 0);
      }
      assert.deepEqual(await readPrivateAtKeys(file), world.atKeys.bot);
      chmodSync(file, 0o644);
      const { directory: atDirectory, caFile: atCaFile } = world.sandbox;
      const starting = new BotIdentity(stopped);
      await assert.rejects(starting.open(stopped.config, { ...stopped.settings, atDirectory, atCaFile }), {
        code: "key-file-open",
      });
      const facts = { peer: null, code: "key-file-open", count: 1 };
      assert.deepEqual(starting.entries, [{ kind: "refusal", run: null, facts }]);
    } finally {
      stopped.close();
    }
  });

  test("command injection", async () => {
    const { client } = bot;
    const before = bot.said.length;
    const injected = "x\nupdate:public:injected@cs-bot hacked\n";
    const notification = { to: "@cs-supply", namespace: "countersign", value: "v", ttlMs: 1_000 };
    for (const change of [{ name: injected }, { name: "x", to: injected }, { name: "x", id: injected }]) {
      await assert.rejects(client.notify({ ...notification, ...change }), AtError);
    }
    for (const name of [injected, "x\r", "a b", "a:b", "a@b"]) {
      await assert.rejects(client.put({ kind: "self", name }, "v"), AtError);
      await assert.rejects(client.get({ kind: "public", name, sharedBy: "@cs-supply" }), AtError);
    }
    await assert.rejects(client.scan(injected), AtError);
    await refusalOf(bot, "invalid-key");
    // What it asks for a key of, it asks in lines of its own.
    for (const line of bot.said.slice(before)) {
      assert.match(line, /^(plookup|llookup|update|info)[^\n]*\n$/);
      assert.doesNotMatch(line, /hacked|injected/);
    }
    // A body may hold it: it travels as letters of base64.
    await world.send(bot, "injected", { text: injected });
    await until(() => supply.received.length === 1, "the message");
    assert.deepEqual(supply.received[0]?.body, { text: injected });
    assert.ok(!world.tampering.everything().includes("injected@cs-bot"));
    // Nor do servers make the recipient say it, by a sender's name that would be a command in a look-up.
    const arrival = await world.genuine(bot, supply);
    const { length } = supply.said;
    world.tampering.deliver({ ...copyOf(arrival), from: "@cs-bot\nupdate:public:injected@cs-supply hacked" });
    await refusalOf(supply, "bad-reply");
    await worksOn();
    assert.ok(supply.said.slice(length).every((line) => !/injected/.test(line)));
    assert.ok(!JSON.stringify([bot.journal, supply.journal]).includes("injected@"));
  });

  test("unauthenticated surface of our server", async (t) => {
    const stranger = await guest(t, world.sandbox, "@cs-supply");
    // Nobody learns whether a value exists that is not his.
    await supply.client.put({ kind: "self", name: "secret", namespace: "x" }, canary);
    const answers = [
      await stranger.ask("lookup:secret.x@cs-supply"),
      await stranger.ask("lookup:nothing.x@cs-supply"),
    ].map((answer) => answer.replaceAll(/secret|nothing/g, "NAME"));
    assert.equal(answers[0], answers[1]);
    assert.match(await stranger.ask("llookup:secret.x@cs-supply"), /^error:AT0401/);
    assert.match(await stranger.ask("notify:@cs-supply:x@cs-bot:v"), /^error:AT0401/);
    // A line without end is cut off long before it is a burden.
    const { host, port } = world.sandbox.addresses["@cs-supply"] ?? assert.fail();
    const flood = connect({ host, port, ca: world.sandbox.ca });
    let said = "";
    flood.on("error", () => undefined);
    flood.on("data", (chunk) => (said += chunk.toString()));
    const closed = new Promise((resolve) => flood.once("close", resolve));
    flood.write("x".repeat(1_000_000));
    await closed;
    assert.match(said, /error:AT0005/);
    for (const code of ["AT0401", "AT0005"]) {
      await loggedBy(world, { atSign: "@cs-supply", from: null, code });
    }
    // However often: the log counts, and does not grow with it.
    const lines = world.serverLog.length;
    for (let n = 0; n < 50; n += 1) {
      await stranger.ask("llookup:secret.x@cs-supply");
    }
    assert.equal(world.serverLog.length, lines);
    await worksOn();
    await settle();
    assert.deepEqual(supply.refused, []);
  });
});
