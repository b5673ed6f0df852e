import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect } from "node:tls";
import { suite, test } from "node:test";
import { AtClient, AtError, tlsTransport, type Transport, writeAtKeysFile } from "@atsign/atsdk";
import { readPrivateAtKeys } from "../../../src/processes/private-at-keys.ts";
import {
  canary,
  eachInHostileWorld,
  type HostileSide,
  type HostileWorld,
} from "../../fakes/hostile-world.ts";
import { copyOf } from "../../fakes/hostile-server.ts";
import { settle, until } from "../../fakes/manual-time.ts";
import { guest } from "../sandbox/at-server/with-sandbox.ts";

/**
 * The table of what the platform does not give (atProtocol specification 11.1), third part: attacks on servers, keys
 * and commands. The lines that a passed-on challenge and an open key file leave when they stop a start are in
 * identity.test.ts; what ends at an atServer, before it reaches any participant, leaves none.
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
    const answer = await client.scan("(a+)+$b").catch((error: unknown) => error);
    assert.ok(answer instanceof AtError || Array.isArray(answer));
    await worksOn();
    await client.close();
  });

  test("challenge signing", async () => {
    const { directory, ca, addresses } = world.sandbox;
    const other = addresses["@cs-supply"] ?? assert.fail();
    // The bot's own server asks supply's server for a challenge and passes it on.
    const signed: string[] = [];
    const man: Transport = async (options) => {
      const real = await tlsTransport(options);
      const borrowed = await tlsTransport({ ...options, port: other.port });
      let tell = (_chunk: Buffer): void => undefined;
      borrowed.listen({ data: (chunk) => chunk.includes("data:") && tell(chunk), closed: () => undefined });
      return {
        ...real,
        listen(listener) {
          tell = (chunk) => listener.data(chunk);
          real.listen(listener);
        },
        write(text) {
          if (text.startsWith("from:")) {
            borrowed.write("from:@cs-supply\n");
            return;
          }
          signed.push(text);
          real.write(text);
        },
      };
    };
    const directoryAsIs: Transport = (options) =>
      options.port === directory.port ? tlsTransport(options) : man(options);
    await assert.rejects(
      AtClient.open({ atSign: "@cs-bot", keys: world.atKeys.bot, directory, ca, transport: directoryAsIs }),
      { code: "bad-challenge" },
    );
    assert.deepEqual(signed, []);
  });

  test(".atKeys", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "cs-keys-"));
    try {
      chmodSync(folder, 0o755);
      const file = path.join(folder, "@cs-bot_key.atKeys");
      await writeAtKeysFile(file, world.atKeys.bot);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      if (process.getuid?.() === 0) {
        assert.notEqual(spawnSync("cat", [file], { uid: 65_534, gid: 65_534 }).status, 0);
      }
      assert.deepEqual(await readPrivateAtKeys(file), world.atKeys.bot);
      chmodSync(file, 0o644);
      await assert.rejects(readPrivateAtKeys(file), { code: "key-file-open" });
    } finally {
      rmSync(folder, { recursive: true });
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
    await worksOn();
    assert.ok(supply.said.slice(length).every((line) => !/injected/.test(line)));
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
    await worksOn();
    await settle();
    assert.deepEqual(supply.refused, []);
  });
});
