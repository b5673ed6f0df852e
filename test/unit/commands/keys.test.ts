import assert from "node:assert/strict";
import { readFile, rename } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { AtClient, readAtKeysFile } from "@atsign/atsdk";
import { invite, type KeysCommand, list } from "../../../src/commands/keys.ts";
import { revoke, rotate } from "../../../src/commands/keys-changes.ts";
import { pull, show, sign, signRequest } from "../../../src/commands/trust.ts";
import { atKeysPath, keyFolderOf } from "../../../src/keys.ts";
import { readTrust } from "../../../src/processes/read-trust.ts";
import { readToken } from "../../../src/trust/invitation.ts";
import { enrollmentConfig as config } from "../../fakes/enrollment-home.ts";
import { collectLines, type Invited, jsonOf, KeyCommands, printed, turn } from "../../fakes/key-commands.ts";

/** The commands, between the machine of company and key-holder and others that enroll. */

const agent = "inventory";
const atSign = "@cs-inventory";
let it: KeyCommands;
let here: KeysCommand;

before(async () => {
  it = await KeyCommands.open();
  ({ here } = it);
});
after(() => it.close());

test("keys invite --wait answers those who enroll, and ends when nobody is waited for", async (t) => {
  const lines = collectLines(t);
  const waiting = invite(here, agent, { instances: 2, minutes: 5, wait: true, json: true });
  while (lines.length < 2) {
    await turn();
  }
  const tokens = lines.map((line) => (JSON.parse(line) as Invited).token);
  await Promise.all(tokens.map((token) => it.enrollThere(token)));
  await waiting;
  t.mock.restoreAll();
  const steps = lines.slice(2).map((line) => JSON.parse(line) as { instance: string; did: string });
  const names = tokens.map((token) => readToken(token, Date.now()).instance);
  assert.equal(new Set(names).size, 2);
  for (const name of names) {
    const did = steps.flatMap((step) => (step.instance === name ? [step.did] : []));
    assert.deepEqual(did, ["approved", "granted", "enrolled"]);
  }
});

test("an enrolled instance may use the names of its own, and none of another instance", async (t) => {
  const b = await it.openAs(await it.enrolled(t, "b"), "b");
  t.after(() => b.close());
  const put = (namespace: string) => b.put({ kind: "self", name: "x", namespace }, "x");
  await put("b.countersign");
  await put("b.main.countersign");
  for (const namespace of [
    "main.countersign",
    "c.countersign",
    "c.main.countersign",
    "countersign",
    "other",
  ]) {
    await assert.rejects(put(namespace), { code: "AT0009" }, namespace);
    await assert.rejects(b.get({ kind: "self", name: "x", namespace }), { code: "AT0009" }, namespace);
  }
  const main = await it.openAs(here, "main");
  t.after(() => main.close());
  for (const namespace of ["b.countersign", "countersign", "other"]) {
    await assert.rejects(main.put({ kind: "self", name: "x", namespace }, "x"), { code: "AT0009" });
  }
});

test("trust pull fetches what the company published since, once", async (t) => {
  const machine = await it.enrolled(t, "puller");
  const { settings } = machine;
  assert.deepEqual(await jsonOf(t, () => pull(settings, config, { json: true })), { adopted: 0 });
  await printed(t, () => sign(here.settings, config, {}));
  const serial = async () => (await readTrust(settings, it.world.companyKey)).trust.serial;
  const before = await serial();
  const { adopted } = await jsonOf<{ adopted: number }>(t, () => pull(settings, config, { json: true }));
  assert.ok(adopted > 0);
  assert.ok((await serial()) > before);
  assert.deepEqual(await printed(t, () => pull(settings, config, {})), [
    "nothing is newer than what is here",
  ]);
  const shown = await jsonOf<{ serial: number; problems: unknown[] }>(t, () =>
    show(settings, config, { json: true }),
  );
  assert.deepEqual([shown.serial, shown.problems], [await serial(), []]);
  await assert.rejects(pull(it.newMachine().settings, config, {}), { code: "keys-missing" });
  await assert.rejects(show(it.newMachine().settings, config, {}), { code: "keys-missing" });
});

test("with the company key elsewhere, keys rotate writes a request, and says what to do with it", async (t) => {
  const keyFile = path.join(keyFolderOf(here.settings.data, "company"), "company-key.json");
  await rename(keyFile, `${keyFile}.away`);
  const said = await printed(t, () => rotate(here, agent, {}));
  await rename(`${keyFile}.away`, keyFile);
  const request = path.join(keyFolderOf(here.settings.data, agent), "rotation-request.json");
  assert.ok(said.some((line) => line.includes(`trust sign --request rotation-request.json`)));
  assert.ok(said.some((line) => line.includes(request)));
  const privateKey = JSON.parse(
    await readFile(path.join(keyFolderOf(here.settings.data, agent), "holder.inventory.next.json"), "utf8"),
  ) as { ed25519: string };
  assert.ok(!(await readFile(request, "utf8")).includes(privateKey.ed25519));
  const { file } = await jsonOf<{ file: string }>(t, () =>
    signRequest(here.settings, config, { request, json: true }),
  );
  assert.equal(file, request.replace(/\.json$/, ".granted.json"));
  // It is granted once.
  await assert.rejects(signRequest(here.settings, config, { request }), { code: "request-refused" });
  // The grant lies here already: brought once more it is nothing new.
  await assert.rejects(rotate(here, agent, { grant: file }), { code: "grant-refused" });
});

test("keys revoke AGENT ends all its instances and enrollments, and nobody else's", async (t) => {
  const gone = await it.enrolled(t, "gone");
  const client = await it.openAs(gone, "gone");
  t.after(() => client.close());
  const { token } = await jsonOf<Invited>(t, () =>
    invite(here, agent, { instances: 1, minutes: 5, json: true }),
  );
  const bot = await AtClient.open({
    ...it.world.sandbox,
    atSign: "@cs-bot",
    keys: await readAtKeysFile(atKeysPath(keyFolderOf(here.settings.data, "bot"), "@cs-bot")),
  });
  t.after(() => bot.close());
  const { trust } = await readTrust(here.settings, it.world.companyKey);
  trust.instanceKeys(atSign, "main");

  const said = await jsonOf(t, () => revoke(here, agent, { json: true }));
  assert.deepEqual(said, { type: "revoked", agent, instance: null });
  await assert.rejects(client.scan());
  await assert.rejects(it.openAs(gone, "gone"), { code: "AT0027" });
  await assert.rejects(it.openAs(here, "main"), { code: "AT0027" });
  await assert.rejects(
    it.enrollThere(token, () => it.world.holder.approve()),
    {
      code: /enrollment-denied|token-refused/,
    },
  );
  const owner = await AtClient.open({
    ...it.world.sandbox,
    atSign,
    keys: await readAtKeysFile(atKeysPath(keyFolderOf(here.settings.data, agent), atSign)),
  });
  t.after(() => owner.close());
  const left = await owner.enrollments.list({ statuses: ["approved", "pending"] });
  assert.deepEqual(
    left.map(({ id }) => id),
    ["primary"],
  );
  const { instances, invitations } = await it.world.holder.register();
  assert.deepEqual([...new Set(Object.values(instances).map(({ state }) => state))], ["revoked"]);
  assert.deepEqual(invitations, []);

  const after = (await readTrust(here.settings, it.world.companyKey)).trust;
  for (const instance of ["main", "gone"]) {
    assert.throws(() => after.instanceKeys(atSign, instance), { code: /grant-(revoked|expired)/ });
  }
  assert.deepEqual(after.problems, []);
  assert.equal(after.agent("bot").atSign, "@cs-bot");
  await bot.scan();
  const rows = await jsonOf<readonly { instance: string; state: string }[]>(t, () =>
    list(here, agent, { json: true }),
  );
  assert.ok(rows.every(({ state }) => state === "revoked"));
  const told = (await printed(t, () => list(here, agent, {}))).join("\n");
  assert.match(told, /revoked +\d{4}-\d\d-\d\d \d\d:\d\d UTC/);
  assert.doesNotMatch(told, /\dT\d|\.\d{3}Z/);
  const whole = { code: "grant-revoked", message: /run "countersign keys rotate inventory"/ };
  await assert.rejects(rotate(here, agent, { instance: "main" }), whole);
  await assert.rejects(invite(here, agent, { instances: 1, minutes: 5 }), whole);
  // Again, it is no error; signed again, it stays out.
  await printed(t, () => revoke(here, agent, {}));
  await printed(t, () => sign(here.settings, config, {}));
  const still = (await readTrust(here.settings, it.world.companyKey)).trust;
  assert.throws(() => still.instanceKeys(atSign, "main"), { code: /grant-(revoked|expired)/ });
});
