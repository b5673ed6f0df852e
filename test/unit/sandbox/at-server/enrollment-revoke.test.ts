import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hexDigest } from "../../../../src/atsdk/rsa.ts";
import { aliceKeys } from "../../atsdk/vectors.ts";
import { app, dataOf, enrolled, line, login, requestLine, startWorld } from "./with-enrollments.ts";
import { challengeOf, guest, owner, startSandbox } from "./with-sandbox.ts";

const root = { "*": "rw", __manage: "rw" };

suite("revoking", () => {
  test("takes what was approved in turn with it, and closes all their connections", async (t) => {
    const world = await startWorld(t);
    const { alice } = world;
    const parent = await enrolled(t, world, { deviceName: "1", namespaces: root });
    const parentApp = await app(t, world, parent);
    const child = await enrolled(
      t,
      world,
      { deviceName: "2", namespaces: { buzz: "rw", __manage: "rw" } },
      parentApp,
    );
    const childApp = await app(t, world, child);
    const grandchild = await enrolled(t, world, { deviceName: "3" }, childApp);
    const grandchildApp = await app(t, world, grandchild);
    const bystander = await enrolled(t, world, { deviceName: "4" });
    const bystanderApp = await app(t, world, bystander);
    assert.match(await childApp.ask(line("revoke", parent)), /Client is not authorized for namespaces/);
    assert.match(await alice.ask(line("revoke", parent)), /^data:/);
    for (const closed of [parentApp, childApp, grandchildApp]) assert.equal(await closed.read(), "<closed>");
    assert.equal(await bystanderApp.ask("noop:0"), "data:ok\n@alice@");
    const statusOf = async (id: string) => dataOf(await alice.ask(line("fetch", id)))["status"];
    for (const id of [parent, child, grandchild]) assert.equal(await statusOf(id), "revoked");
    assert.match(await alice.ask("llookup:public:app.3.pkam.__pkams.__public_keys@alice"), /^error:AT0015-/);
    await alice.ask(line("unrevoke", parent));
    assert.deepEqual([await statusOf(parent), await statusOf(child)], ["approved", "revoked"]);
  });

  test("one's own enrollment takes force, answers, and closes after ten seconds or at the next command", async (t) => {
    const world = await startWorld(t);
    const { delay } = world;
    const id = await enrolled(t, world, { deviceName: "1", namespaces: root });
    const [raw, second] = [await app(t, world, id), await app(t, world, id)];
    const force = line("revoke:force", id);
    assert.equal(
      await raw.ask(line("revoke", id)),
      "error:AT0031-Cannot revoke self enrollment : Current client cannot revoke its own enrollment\n@alice@",
    );
    assert.deepEqual(dataOf(await raw.ask(force)), {
      status: "revoked",
      enrollmentId: id,
      message: "Enrollment is revoked. Closing the connection in 10 seconds",
    });
    assert.equal(await second.read(), "<closed>");
    const wait = await delay.next();
    assert.equal(wait.ms, 10_000);
    wait.end();
    assert.equal(await raw.read(), "<closed>");
    await world.alice.ask(line("unrevoke", id));
    const third = await app(t, world, id);
    await third.ask(force);
    assert.equal(await third.ask("scan"), `error:AT0027:enrollment_id: ${id} is revoked\n@alice@`);
    assert.equal(await third.read(), "<closed>");
  });

  test("the atSign's own key is the enrollment primary; the last one that may do everything stays", async (t) => {
    const world = await startWorld(t);
    const { alice, sandbox } = world;
    const passing = { deviceName: "1", namespaces: root, apkamKeysExpiryInMillis: 60_000 };
    const temporary = await app(t, world, await enrolled(t, world, passing));
    // approved by `primary`, so revoking that would end the caller too
    assert.match(await temporary.ask(line("revoke", "primary")), /^error:AT0031-/);
    assert.match(await temporary.ask(line("revoke:force", "primary")), /AT0031-.*would leave @alice without/);
    const fetched = dataOf(await alice.ask(line("fetch", "primary")));
    assert.deepEqual([fetched["appName"], fetched["namespace"]], ["legacy", root]);
    const cram = await guest(t, sandbox, "@alice");
    assert.match(await cram.ask(`cram:${hexDigest("x", "sha512")}`), /^error:AT0401-/, "activation is over");
    assert.equal(
      await login(cram, "primary", { publicKey: "", privateKey: aliceKeys.pkamPrivateKey }),
      "data:success\n@alice@",
    );
    assert.equal(
      await cram.ask("llookup:note@alice"),
      "error:AT0015-key not found : note@alice does not exist in keystore\n@alice@",
    );
  });

  test("primary can go when another root is there, and comes back with a new key", async (t) => {
    const sandbox = await startSandbox(t);
    const secret = sandbox.cramSecrets["@alice"] ?? "";
    const cram = async () => {
      const raw = await guest(t, sandbox, "@alice");
      const digest = hexDigest(secret + (await challengeOf(raw, "@alice")), "sha512");
      assert.equal(await raw.ask(`cram:${digest}`), "data:success\n@alice@");
      return raw;
    };
    const install = `update:privatekey:at_pkam_publickey ${aliceKeys.pkamPublicKey}`;
    const first = await cram();
    assert.match(await first.ask(line("fetch", "primary")), /^error:AT0028:/, "no key yet");
    assert.equal(await first.ask(install), "data:-1\n@alice@");
    const legacy = await owner(t, sandbox, "@alice");
    const made = dataOf(await first.ask(requestLine({})));
    assert.equal(made["status"], "approved");
    assert.deepEqual(dataOf(await first.ask(line("fetch", String(made["enrollmentId"]))))["namespace"], {
      buzz: "rw",
      __manage: "rw",
      "*": "rw",
    });
    const rooted = await guest(t, sandbox, "@alice");
    assert.equal(await login(rooted, String(made["enrollmentId"])), "data:success\n@alice@");
    assert.match(await rooted.ask(line("revoke", "primary")), /^data:/);
    assert.equal(await legacy.read(), "<closed>");
    const refused = await guest(t, sandbox, "@alice");
    const key = { publicKey: "", privateKey: aliceKeys.pkamPrivateKey };
    assert.equal(await login(refused, "primary", key), "error:AT0027:enrollment_id: primary is revoked\n@");
    assert.match(
      await rooted.ask(line("revoke:force", String(made["enrollmentId"]))),
      /AT0031-.*would leave/,
    );
    assert.equal(await (await cram()).ask(install), "data:-1\n@alice@");
    await owner(t, sandbox, "@alice");
  });
});
