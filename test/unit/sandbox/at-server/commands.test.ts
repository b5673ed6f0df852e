import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { hexDigest, rsaPrivateKey, signRsa } from "../../../../src/atsdk/rsa.ts";
import { aliceKeys, bobKeys, vectors } from "../../atsdk/vectors.ts";
import { challengeOf, guest, owner, startActivated, startSandbox } from "./with-sandbox.ts";

suite("framing", () => {
  test("every reply is one write, prompts tell the state, errors have the form of the state", async (t) => {
    const { sandbox } = await startActivated(t);
    const raw = await guest(t, sandbox, "@alice");
    const unknown = "error:AT0003-Exception: invalid command\n@";
    for (const line of ["", "nosuchverb", "updatex:y", "update", "lookup", "info:all", "x".repeat(64)])
      assert.equal(await raw.ask(line), unknown, line);
    for (const line of [
      "scan@",
      "lookup:x",
      "lookup:",
      "cram:",
      "pkam:",
      "noop:x",
      "noop:",
      "from:",
      "enroll:x",
    ])
      assert.match(await raw.ask(line), /^error:AT0003-Exception: Invalid syntax\. .+\n@$/, line);
    assert.equal(await raw.ask("noop:0\r"), "data:ok\n@");
    assert.match(
      await raw.ask("noop:5001"),
      /^error:AT0022-Exception: noop:.* where the duration maximum is 5000 milliseconds\n@$/,
    );
    for (const line of ["update:x@alice v", "notify:list", "notify:status:x", "monitor", "sync:x", "batch:"])
      assert.equal(
        await raw.ask(line),
        "error:AT0401-Exception: Command cannot be executed without auth\n@",
        line,
      );
    for (const line of ["notify:@bob:x@alice:v", "notify:all:@bob:x@alice:v", "notify:"])
      assert.equal(
        await raw.ask(line),
        "error:AT0401-Exception: Notify command cannot be executed without authentication\n@",
        line,
      );
    const alice = await owner(t, sandbox, "@alice");
    assert.equal(await alice.ask("nosuchverb"), "error:AT0003-Invalid syntax : invalid command\n@alice@");
    assert.equal(
      await alice.ask("llookup:x@alice"),
      "error:AT0015-key not found : x@alice does not exist in keystore\n@alice@",
    );
    await alice.ask('from:@alice:clientConfig:{"version":"3.0.57"}');
    assert.equal(
      await alice.ask("nosuchverb"),
      'error:{"errorCode":"AT0003","errorDescription":"Invalid syntax : invalid command"}\n@alice@',
    );
    alice.write("@exit\n");
    assert.equal(await alice.read(), "<closed>");
  });

  test("commands in one chunk are answered in order, and blank lines after them are not", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await owner(t, sandbox, "@alice");
    alice.write("update:a@alice one\n\nnoop:20\nllookup:a@alice\n\nnoop:");
    alice.write("0\n");
    let text = "";
    while (!text.endsWith("data:ok\n@alice@data:one\n@alice@data:ok\n@alice@")) text += await alice.read();
    assert.match(text, /^data:\d+\n@alice@data:ok/);
  });

  test("a guest cannot fill the memory", async (t) => {
    const { sandbox } = await startActivated(t);
    const raw = await guest(t, sandbox, "@alice");
    raw.write("x".repeat(8_193));
    assert.match(await raw.read(), /^error:AT0005-/);
    assert.equal(await raw.read(), "<closed>");
  });

  test("an owner may send a megabyte", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await owner(t, sandbox, "@alice");
    const value = "v".repeat(1_000_000);
    assert.match(await alice.ask(`update:big@alice ${value}`), /^data:\d+\n/);
    alice.write("llookup:big@alice\n");
    let text = "";
    while (!text.endsWith("@alice@")) text += await alice.read();
    assert.equal(text, `data:${value}\n@alice@`);
  });
});

suite("login", () => {
  test("a challenge is good once, for 60 s, and for its own atSign", async (t) => {
    const { sandbox, time } = await startActivated(t);
    const raw = await guest(t, sandbox, "@alice");
    const refused = "error:AT0401-Exception: pkam authentication failed\n@";
    const key = rsaPrivateKey(aliceKeys.pkamPrivateKey);
    const first = signRsa(await challengeOf(raw, "@alice"), key);
    assert.equal(await raw.ask("pkam:AAAA"), refused);
    assert.equal(await raw.ask(`pkam:${first}`), refused, "used up by the failed attempt");
    const late = signRsa(await challengeOf(raw, "alice"), key);
    time.now += 60_000;
    assert.equal(await raw.ask(`pkam:${late}`), refused, "too late");
    assert.match(
      await raw.ask("from:@Al.Ice"),
      /^data:_[0-9a-f-]{36}@alice:/,
      "an atSign's dots say nothing",
    );
    assert.match(await raw.ask("from:@bob"), /^error:AT0401-Exception: Certificate Verification Failed\n@$/);
    const challenge = await challengeOf(raw, "@alice");
    assert.match(challenge, /^_[0-9a-f-]{36}@alice:[0-9a-f-]{36}$/);
    assert.equal(
      await raw.ask(`pkam:enrollmentId:nope:${signRsa(challenge, key)}`),
      "error:AT0028:enrollment_id: nope is expired or invalid\n@",
    );
    const good = signRsa(await challengeOf(raw, "@alice"), key);
    assert.equal(
      await raw.ask(`pkam:signingAlgo:rsa2048:hashingAlgo:sha256:${good}`),
      "data:success\n@alice@",
    );
    assert.equal(
      await raw.ask(`pkam:${good}`),
      "error:AT0401-Client authentication failed : pkam authentication failed\n@alice@",
    );
  });

  test("the login key can be set with the activation secret only, which works until it is deleted", async (t) => {
    const sandbox = await startSandbox(t);
    const secret = sandbox.cramSecrets["@alice"] ?? "";
    const install = `update:privatekey:at_pkam_publickey ${aliceKeys.pkamPublicKey}`;
    const raw = await guest(t, sandbox, "@alice");
    const cram = async () => `cram:${hexDigest(secret + (await challengeOf(raw, "@alice")), "sha512")}`;
    assert.equal(await raw.ask(await cram()), "data:success\n@alice@");
    assert.match(await raw.ask("update:privatekey:at_pkam_publickey rubbish"), /^error:AT0022-/);
    assert.equal(await raw.ask(install), "data:-1\n@alice@");
    const alice = await owner(t, sandbox, "@alice");
    assert.equal(await alice.ask(install), "data:-1\n@alice@", "as it is");
    const other = `update:privatekey:at_pkam_publickey ${bobKeys.pkamPublicKey}`;
    assert.match(await alice.ask(other), /^error:AT0009-/);
    assert.match(await alice.ask("update:privatekey:at_secret x"), /^error:AT0003-/);
    assert.match(await alice.ask("delete:privatekey:at_pkam_publickey"), /^error:AT0003-/);
    assert.match(await alice.ask("delete:public:publickey@alice"), /^error:AT0009-/);
    assert.equal(await alice.ask("delete:privatekey:at_secret"), "data:-1\n@alice@");
    assert.match(await raw.ask(await cram()), /^error:AT0401-/);
  });
});

suite("values", () => {
  test("the fixtures' commands are understood", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await owner(t, sandbox, "@alice");
    for (const { id, wire } of vectors.wire.filter((w) => w.wire.startsWith("update:")))
      assert.match(await alice.ask(wire.trimEnd()), /^data:\d+\n@alice@$/, id);
    for (const { id, wire } of vectors.wire.filter((w) => w.wire.startsWith("notify:")))
      assert.equal(
        await alice.ask(wire.trimEnd()),
        `data:${/^notify:id:([^:]+):/.exec(wire)?.[1]}\n@alice@`,
        id,
      );
  });

  test("commit ids count up from 0, also over a restart", async (t) => {
    const { sandbox } = await startActivated(t);
    const alice = await owner(t, sandbox, "@alice");
    assert.equal(await alice.ask("update:a@alice 1"), "data:1\n@alice@", "0 was public:publickey");
    assert.equal(await alice.ask("update:nc:a@alice 1"), "data:-1\n@alice@");
    assert.equal(await alice.ask("update:public:_hidden@alice 1"), "data:-1\n@alice@");
    assert.equal(await alice.ask("delete:never@alice"), "data:2\n@alice@");
  });

  test("visibility follows ttb and ttl", async (t) => {
    const { sandbox, time } = await startActivated(t);
    const alice = await owner(t, sandbox, "@alice");
    await alice.ask("update:ttl:4000:ttb:1000:w@alice v");
    const states: string[] = [];
    for (const step of [0, 999, 1, 3_999, 1]) {
      time.now += step;
      states.push(await alice.ask("llookup:w@alice"), await alice.ask("scan w@"));
    }
    const none = ["data:null\n@alice@", "data:[]\n@alice@"];
    const some = ["data:v\n@alice@", 'data:["w@alice"]\n@alice@'];
    assert.deepEqual(states, [...none, ...none, ...some, ...some, ...none]);
  });

  test("shared values are cached at the receiver as long as their owner says", async (t) => {
    const { sandbox } = await startActivated(t);
    const [alice, bob] = [await owner(t, sandbox, "@alice"), await owner(t, sandbox, "@bob")];
    await alice.ask("update:ttr:1000:ccd:true:@bob:c@alice one");
    assert.equal(await bob.ask("llookup:cached:@bob:c@alice"), "data:one\n@bob@");
    await alice.ask("update:meta:@bob:c@alice:ttr:2000");
    assert.equal(await bob.ask("lookup:c@alice"), "data:one\n@bob@");
    await alice.ask("delete:@bob:c@alice");
    assert.match(await bob.ask("llookup:cached:@bob:c@alice"), /^error:AT0015-key not found/);
    assert.match(await bob.ask("lookup:c@alice"), /^error:AT0015-/);
    assert.match(await bob.ask("lookup:c@nobody"), /^error:AT0007-/);
  });

  test("a public copy is used until its time or bypassCache", async (t) => {
    const { sandbox, time } = await startActivated(t);
    const [alice, bob] = [await owner(t, sandbox, "@alice"), await owner(t, sandbox, "@bob")];
    await alice.ask("update:public:p@alice one");
    assert.equal(await bob.ask("plookup:p@alice"), "data:one\n@bob@");
    await alice.ask("update:public:p@alice two");
    assert.equal(await bob.ask("plookup:p@alice"), "data:one\n@bob@");
    assert.match(await bob.ask("plookup:all:p@alice"), /^data:\{"key":"cached:public:p@alice","data":"one"/);
    assert.equal(await bob.ask("plookup:bypassCache:true:p@alice"), "data:two\n@bob@");
    await alice.ask("update:public:p@alice three");
    time.now += 86_400_000;
    assert.equal(await bob.ask("plookup:p@alice"), "data:three\n@bob@");
    assert.equal(await bob.ask("scan:@alice"), "data:[]\n@bob@");
    await alice.ask("update:@bob:s@alice v");
    assert.equal(await bob.ask("scan:@alice"), 'data:["s@alice"]\n@bob@');
    const stranger = await guest(t, sandbox, "@alice");
    assert.equal(
      await stranger.ask("scan"),
      'data:["p@alice","publickey@alice","signing_publickey@alice"]\n@',
    );
    assert.equal(await stranger.ask("lookup:p@alice"), "data:three\n@");
    assert.match(await stranger.ask("lookup:s@alice"), /^error:AT0015-/);
    assert.match(await stranger.ask("lookup:p@bob"), /^error:AT0015-/);
  });
});
