import assert from "node:assert/strict";
import { chmod, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { AtClient, readAtKeysFile } from "@atsign/atsdk";
import { approve, enroll, invite, type KeysCommand, list } from "../../../src/commands/keys.ts";
import { revoke, rotate } from "../../../src/commands/keys-changes.ts";
import { newCompanyKey, pull, show, sign, signRequest } from "../../../src/commands/trust.ts";
import { atKeysPath, instanceAtKeysPath, keyFolderOf } from "../../../src/keys.ts";
import { enrollHere } from "../../../src/processes/enroll-here.ts";
import { enrollInstance } from "../../../src/processes/enroll-instance.ts";
import { readTrust } from "../../../src/processes/read-trust.ts";
import { openKeyHolder } from "../../../src/processes/key-holder.ts";
import { formatToken, readToken } from "../../../src/trust/invitation.ts";
import {
  type EnrollmentHome,
  enrollmentConfig as config,
  machineSettings,
  openEnrollmentHome,
} from "../../fakes/enrollment-home.ts";

/** The commands, between the machine of company and key-holder and others that enroll. */

const agent = "inventory";
const atSign = "@cs-inventory";
let world: EnrollmentHome;
let here: KeysCommand;
let machines = 0;

before(async () => {
  world = await openEnrollmentHome(agent);
  here = { settings: world.home, config };
  await enrollHere(world.holder, "main", { data: world.home.data, ca: world.sandbox.ca });
});
after(async () => {
  await world.holder.close();
  await world.sandbox.close();
  await rm(world.root, { recursive: true, force: true });
});

/** A machine that has nothing yet. */
function newMachine(): KeysCommand {
  const data = path.join(world.root, `machine-${(machines += 1)}`);
  return { settings: machineSettings(world.sandbox, data), config };
}
/** What is printed while `run` runs; the test runner's own messages are no text. */
async function printed(t: TestContext, run: () => Promise<void>): Promise<readonly string[]> {
  const lines: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  const out = t.mock.method(process.stdout, "write", (chunk: string | Uint8Array) =>
    typeof chunk === "string" ? lines.push(...chunk.split("\n").filter(Boolean)) > 0 : write(chunk),
  );
  const told = t.mock.method(process.stderr, "write", () => true);
  try {
    await run();
  } finally {
    out.mock.restore();
    told.mock.restore();
    process.exitCode = 0;
  }
  return lines;
}
async function jsonOf<T>(t: TestContext, run: () => Promise<void>): Promise<T> {
  const lines = await printed(t, run);
  return JSON.parse(lines.at(-1) ?? "") as T;
}
interface Invited {
  readonly token: string;
  readonly instance: string;
}
/** Enrolls with a token on a machine of its own, looking without a pause. */
async function enrollThere(token: string, onLook: () => Promise<unknown> = pass): Promise<KeysCommand> {
  const machine = newMachine();
  await enrollInstance({
    data: machine.settings.data,
    invitation: readToken(token, Date.now()),
    ca: world.sandbox.ca,
    wait: async () => void (await onLook()),
    now: () => Date.now(),
  });
  return machine;
}
const pass = () => new Promise((resolve) => setImmediate(resolve));
async function enrolled(t: TestContext, instance: string): Promise<KeysCommand> {
  const o = { instances: 1, instance, minutes: 5, json: true };
  const { token } = await jsonOf<Invited>(t, () => invite(here, agent, o));
  const machine = await enrollThere(token, () => world.holder.approve());
  await world.holder.approve();
  return machine;
}
const openAs = async ({ settings }: KeysCommand, instance: string): Promise<AtClient> =>
  AtClient.open({
    ...world.sandbox,
    atSign,
    keys: await readAtKeysFile(instanceAtKeysPath(keyFolderOf(settings.data, agent), instance)),
  });

test("keys invite --wait answers those who enroll, and ends when nobody is waited for", async (t) => {
  const lines: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  t.mock.method(process.stdout, "write", (chunk: string | Uint8Array) =>
    typeof chunk === "string" ? lines.push(...chunk.split("\n").filter(Boolean)) > 0 : write(chunk),
  );
  const waiting = invite(here, agent, { instances: 2, minutes: 5, wait: true, json: true });
  while (lines.length < 2) {
    await pass();
  }
  const tokens = lines.map((line) => (JSON.parse(line) as Invited).token);
  await Promise.all(tokens.map((token) => enrollThere(token)));
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
  const b = await openAs(await enrolled(t, "b"), "b");
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
  const main = await openAs(here, "main");
  t.after(() => main.close());
  for (const namespace of ["b.countersign", "countersign", "other"]) {
    await assert.rejects(main.put({ kind: "self", name: "x", namespace }, "x"), { code: "AT0009" });
  }
});

test("trust pull fetches what the company published since, once", async (t) => {
  const machine = await enrolled(t, "puller");
  const { settings } = machine;
  assert.deepEqual(await jsonOf(t, () => pull(settings, config, { json: true })), { adopted: 0 });
  await printed(t, () => sign(here.settings, config, {}));
  const serial = async () => (await readTrust(settings, world.companyKey)).trust.serial;
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
  await assert.rejects(pull(newMachine().settings, config, {}), { code: "keys-missing" });
  await assert.rejects(show(newMachine().settings, config, {}), { code: "keys-missing" });
});

test("wrong input of keys invite, approve and list is refused, and says what was expected", async () => {
  const usage = { instances: 1, minutes: 5 };
  const refusals: readonly (readonly [() => Promise<void>, RegExp])[] = [
    [() => invite(here, "nobody", usage), /there is no agent "nobody"; there are: .*inventory.*bot/],
    [() => invite(here, agent, { ...usage, instances: 0 }), /--instances: expected 1 to 100/],
    [() => invite(here, agent, { ...usage, instances: Number.NaN }), /--instances/],
    [() => invite(here, agent, { ...usage, instances: 2, instance: "x" }), /--instance names one/],
    [() => invite(here, agent, { ...usage, minutes: 0.5 }), /--minutes: expected 1 to 10080/],
    [
      () => invite(here, agent, { ...usage, instance: "../../x" }),
      /--instance ..\/..\/x: expected small letters/,
    ],
    [() => approve(here, "nobody", {}), /there is no agent "nobody"/],
    [() => list(here, "nobody", {}), /there is no agent "nobody"/],
    [() => rotate(here, "nobody", {}), /there is no agent "nobody"/],
    [() => rotate(here, agent, { instance: "A B" }), /--instance A B: expected/],
    [() => rotate(here, agent, { instance: "b", grant: "x" }), /--grant is for a whole agent/],
    [() => revoke(here, "nobody", {}), /there is no agent "nobody"/],
    [() => revoke(here, agent, { instance: "" }), /--instance : expected/],
  ];
  for (const [refused, message] of refusals) {
    await assert.rejects(refused(), { code: "usage", message });
  }
  await assert.rejects(revoke(here, agent, { instance: "unheard" }), { code: "unknown-instance" });
  await assert.rejects(rotate(here, agent, { instance: "unheard" }), { code: "unknown-instance" });
});

test("an instance elsewhere has its new keys made there, and the answer says how", async (t) => {
  await enrolled(t, "away");
  const message =
    /keys invite inventory --instance away --wait" here and "countersign keys enroll TOKEN" there/;
  await assert.rejects(rotate(here, agent, { instance: "away" }), { code: "keys-elsewhere", message });
});

test("tokens that are cut off, ended, used, or of another company are refused by name", async (t) => {
  const machine = newMachine();
  const o = { instances: 1, minutes: 5, json: true };
  const { token } = await jsonOf<Invited>(t, () => invite(here, agent, o));
  const invitation = readToken(token, Date.now());
  await assert.rejects(enroll(machine, token.slice(0, -1), {}), { code: "token-malformed" });
  await assert.rejects(enroll(machine, "nonsense", {}), { code: "token-malformed" });
  const past = formatToken({ ...invitation, expiresAt: new Date(Date.now() - 1_000).toISOString() });
  await assert.rejects(enroll(machine, past, {}), { code: "token-expired", message: /ask the key-holder/ });
  await enrollThere(token, () => world.holder.approve());
  await assert.rejects(enroll(machine, token, {}), { code: "token-refused", message: /was used/ });
  // The machine belongs to the company whose key it was given first.
  const foreign = formatToken({ ...invitation, companyKey: Buffer.alloc(32, 9).toString("base64url") });
  await assert.rejects(enroll(machine, foreign, {}), { code: "company-key-differs" });
  await world.holder.approve();
});

test("where the key-holder is not, nobody is let in or out, and the answer says where to go", async () => {
  const away = newMachine();
  const refused = { code: /keys-missing|no-company-key/ };
  await assert.rejects(invite(away, agent, { instances: 1, minutes: 5 }), refused);
  await assert.rejects(approve(away, agent, {}), refused);
  await assert.rejects(rotate(away, agent, {}), refused);
  await assert.rejects(revoke(away, agent, { instance: "b" }), refused);
  await assert.rejects(revoke(away, agent, {}), { code: "no-company-key", message: /do it where that is/ });
  const unset: KeysCommand = { config, settings: { ...away.settings, atDirectory: undefined } };
  await assert.rejects(invite(unset, agent, { instances: 1, minutes: 5 }), {
    code: "bad-setting",
    message: /COUNTERSIGN_AT_DIRECTORY/,
  });
});

test("keys new refuses to replace the company's key; requests and grants must be what they claim", async (t) => {
  const { settings } = here;
  await assert.rejects(newCompanyKey(settings, {}), { code: "key-exists" });
  const away = newMachine().settings;
  const made = await jsonOf<{ company: string }>(t, () => newCompanyKey(away, { json: true }));
  assert.match(made.company, /^[\w-]{43}$/);

  const request = path.join(world.root, "nothing.json");
  await assert.rejects(signRequest(settings, config, { request }), {
    code: "usage",
    message: /cannot be read/,
  });
  await writeFile(request, "{}");
  await assert.rejects(signRequest(settings, config, { request }), { code: "request-malformed" });
  const another = { code: "no-company-key" };
  await assert.rejects(signRequest(newMachine().settings, config, { request }), another);
  const grant = path.join(world.root, "missing.json");
  await assert.rejects(rotate(here, agent, { grant }), { code: "usage", message: /cannot be read/ });
  await writeFile(grant, "not a paper");
  await assert.rejects(rotate(here, agent, { grant }), { code: "grant-refused" });
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

test("private keys that others may read are used by no command, and the answer names file, mode and remedy", async (t) => {
  const { data } = here.settings;
  const holderFile = atKeysPath(keyFolderOf(data, agent), atSign);
  const companyFile = atKeysPath(keyFolderOf(data, "company"), "@cs-company");
  const companyKeyFile = path.join(keyFolderOf(data, "company"), "company-key.json");
  const machine = await enrolled(t, "open");
  const instanceFile = instanceAtKeysPath(keyFolderOf(machine.settings.data, agent), "open");
  const commands: readonly (readonly [string, () => Promise<unknown>])[] = [
    [holderFile, () => invite(here, agent, { instances: 1, minutes: 5 })],
    [holderFile, () => approve(here, agent, {})],
    [holderFile, () => revoke(here, agent, { instance: "main" })],
    [
      path.join(keyFolderOf(data, agent), "holder.inventory.json"),
      () => openKeyHolder(here.settings, config, agent),
    ],
    [companyKeyFile, () => sign(here.settings, config, {})],
    [companyKeyFile, () => revoke(here, agent, {})],
    [instanceFile, () => pull(machine.settings, config, {})],
  ];
  for (const [file, command] of commands) {
    for (const mode of [0o640, 0o604]) {
      await chmod(file, mode);
      await assert.rejects(command(), (error: Error & { code?: string }) => {
        assert.equal(error.code, "key-file-open");
        assert.ok(error.message.includes(`${file} has mode 0${mode.toString(8)}`), error.message);
        assert.ok(error.message.includes(`chmod 600 '${file}'`), error.message);
        return true;
      });
    }
    await chmod(file, 0o600);
  }
  // Signing needs nobody's atProtocol keys; publishing with open ones is what is refused.
  await chmod(companyFile, 0o644);
  const { published } = await jsonOf<{ published: boolean }>(t, () =>
    sign(here.settings, config, { json: true }),
  );
  assert.equal(published, false);
  await chmod(companyFile, 0o600);
});

test("keys revoke AGENT ends all its instances and enrollments, and nobody else's", async (t) => {
  const gone = await enrolled(t, "gone");
  const client = await openAs(gone, "gone");
  t.after(() => client.close());
  const { token } = await jsonOf<Invited>(t, () =>
    invite(here, agent, { instances: 1, minutes: 5, json: true }),
  );
  const bot = await AtClient.open({
    ...world.sandbox,
    atSign: "@cs-bot",
    keys: await readAtKeysFile(atKeysPath(keyFolderOf(here.settings.data, "bot"), "@cs-bot")),
  });
  t.after(() => bot.close());
  const { trust } = await readTrust(here.settings, world.companyKey);
  trust.instanceKeys(atSign, "main");

  const said = await jsonOf(t, () => revoke(here, agent, { json: true }));
  assert.deepEqual(said, { type: "revoked", agent, instance: null });
  await assert.rejects(client.scan());
  await assert.rejects(openAs(gone, "gone"), { code: "AT0027" });
  await assert.rejects(openAs(here, "main"), { code: "AT0027" });
  await assert.rejects(
    enrollThere(token, () => world.holder.approve()),
    {
      code: /enrollment-denied|token-refused/,
    },
  );
  const owner = await AtClient.open({
    ...world.sandbox,
    atSign,
    keys: await readAtKeysFile(atKeysPath(keyFolderOf(here.settings.data, agent), atSign)),
  });
  t.after(() => owner.close());
  const left = await owner.enrollments.list({ statuses: ["approved", "pending"] });
  assert.deepEqual(
    left.map(({ id }) => id),
    ["primary"],
  );
  const { instances, invitations } = await world.holder.register();
  assert.deepEqual([...new Set(Object.values(instances).map(({ state }) => state))], ["revoked"]);
  assert.deepEqual(invitations, []);

  const after = (await readTrust(here.settings, world.companyKey)).trust;
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
  const whole = { code: "grant-revoked", message: /run "countersign keys rotate inventory"/ };
  await assert.rejects(rotate(here, agent, { instance: "main" }), whole);
  await assert.rejects(invite(here, agent, { instances: 1, minutes: 5 }), whole);
  // Again, it is no error; signed again, it stays out.
  await printed(t, () => revoke(here, agent, {}));
  await printed(t, () => sign(here.settings, config, {}));
  const still = (await readTrust(here.settings, world.companyKey)).trust;
  assert.throws(() => still.instanceKeys(atSign, "main"), { code: /grant-(revoked|expired)/ });
});
