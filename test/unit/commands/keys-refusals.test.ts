import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { approve, enroll, invite, type KeysCommand, list } from "../../../src/commands/keys.ts";
import { revoke, rotate } from "../../../src/commands/keys-changes.ts";
import { newCompanyKey, pull, sign, signRequest } from "../../../src/commands/trust.ts";
import { atKeysPath, instanceAtKeysPath, keyFolderOf } from "../../../src/keys.ts";
import { openKeyHolder } from "../../../src/processes/key-holder.ts";
import { formatToken, readToken } from "../../../src/trust/invitation.ts";
import { enrollmentConfig as config } from "../../fakes/enrollment-home.ts";
import { type Invited, jsonOf, KeyCommands } from "../../fakes/key-commands.ts";

/** What the commands refuse, and what they say to whoever typed it. */

const agent = "inventory";
const atSign = "@cs-inventory";
let it: KeyCommands;
let here: KeysCommand;

before(async () => {
  it = await KeyCommands.open();
  ({ here } = it);
});
after(() => it.close());

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
  await it.enrolled(t, "away");
  const message =
    /keys invite inventory --instance away --wait" here and "countersign keys enroll TOKEN" there/;
  await assert.rejects(rotate(here, agent, { instance: "away" }), { code: "keys-elsewhere", message });
});

test("tokens that are cut off, ended, used, or of another company are refused by name", async (t) => {
  const machine = it.newMachine();
  const o = { instances: 1, minutes: 5, json: true };
  const { token } = await jsonOf<Invited>(t, () => invite(here, agent, o));
  const invitation = readToken(token, Date.now());
  await assert.rejects(enroll(machine, token.slice(0, -1), {}), { code: "token-malformed" });
  await assert.rejects(enroll(machine, "nonsense", {}), { code: "token-malformed" });
  const past = formatToken({ ...invitation, expiresAt: new Date(Date.now() - 1_000).toISOString() });
  await assert.rejects(enroll(machine, past, {}), { code: "token-expired", message: /ask the key-holder/ });
  await it.enrollThere(token, () => it.world.holder.approve());
  await assert.rejects(enroll(machine, token, {}), { code: "token-refused", message: /was used/ });
  // The machine belongs to the company whose key it was given first.
  const foreign = formatToken({ ...invitation, companyKey: Buffer.alloc(32, 9).toString("base64url") });
  await assert.rejects(enroll(machine, foreign, {}), { code: "company-key-differs" });
  await it.world.holder.approve();
});

test("where the key-holder is not, nobody is let in or out, and the answer says where to go", async () => {
  const away = it.newMachine();
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
  const away = it.newMachine().settings;
  const made = await jsonOf<{ company: string }>(t, () => newCompanyKey(away, { json: true }));
  assert.match(made.company, /^[\w-]{43}$/);

  const request = path.join(it.world.root, "nothing.json");
  await assert.rejects(signRequest(settings, config, { request }), {
    code: "usage",
    message: /cannot be read/,
  });
  await writeFile(request, "{}");
  await assert.rejects(signRequest(settings, config, { request }), { code: "request-malformed" });
  const another = { code: "no-company-key" };
  await assert.rejects(signRequest(it.newMachine().settings, config, { request }), another);
  const grant = path.join(it.world.root, "missing.json");
  await assert.rejects(rotate(here, agent, { grant }), { code: "usage", message: /cannot be read/ });
  await writeFile(grant, "not a paper");
  await assert.rejects(rotate(here, agent, { grant }), { code: "grant-refused" });
});

test("private keys that others may read are used by no command, and the answer names file, mode and remedy", async (t) => {
  const { data } = here.settings;
  const holderFile = atKeysPath(keyFolderOf(data, agent), atSign);
  const companyFile = atKeysPath(keyFolderOf(data, "company"), "@cs-company");
  const companyKeyFile = path.join(keyFolderOf(data, "company"), "company-key.json");
  const machine = await it.enrolled(t, "open");
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
