import assert from "node:assert/strict";
import path from "node:path";
import { rmSync } from "node:fs";
import { afterEach, beforeEach, mock, test } from "node:test";
import { readJournal } from "../../../adapters/store/journal-store.ts";
import type { ListedMember } from "../../../src/accounts.ts";
import { changeAccount, importAccounts, people } from "../../../src/commands/people.ts";
import { sign } from "../../../src/commands/trust.ts";
import { createCompanyKey } from "../../../src/keys.ts";
import { serveBooks } from "../../../src/processes/books-server.ts";
import { openCompanyBooks } from "../../../src/processes/company-books.ts";
import { readTrust } from "../../../src/processes/read-trust.ts";
import { makeRuntimeFolder } from "../../../src/processes/runtime-folder.ts";
import { JournalWorld } from "../../fakes/journal-world.ts";

let world: JournalWorld;
beforeEach(async () => {
  world = new JournalWorld();
  await createCompanyKey(keyFolder());
  const { database, books } = await openCompanyBooks(world.settings, false);
  await books.unit(async (unit) => {
    for (const id of ["ann", "bob", "left"]) {
      await unit.insert("people", {
        id,
        name: id,
        email: `${id}@example.com`,
        roles: "employee;manager",
        osUser: "",
        active: id === "left" ? "no" : "yes",
        accounts: "",
      });
    }
  });
  await database.close();
});
afterEach(() => world.close());

const keyFolder = () => path.join(world.folder, "keys", "company");
const place = () => ({ settings: world.settings, config: world.config });
const link = (person: string, account: string) => changeAccount(place(), "link", { person, account }, {});
const unlink = (person: string, account: string) => changeAccount(place(), "unlink", { person, account }, {});

/** What a command prints: the answer, and what it tells beside it. */
async function printed(run: () => Promise<void>): Promise<{ readonly out: string; readonly err: string }> {
  let out = "";
  let err = "";
  const stdout = mock.method(process.stdout, "write", (text: string) => ((out += text), true));
  const stderr = mock.method(process.stderr, "write", (text: string) => ((err += text), true));
  try {
    await run();
  } finally {
    stdout.mock.restore();
    stderr.mock.restore();
  }
  return { out, err };
}
async function shown(): Promise<readonly { id: string; signed: boolean; accounts: string[] }[]> {
  return JSON.parse((await printed(() => people(world.settings, { json: true }))).out) as [];
}
const inBooks = async () =>
  Object.fromEntries(
    (await shown()).filter((each) => each.accounts.length > 0).map((each) => [each.id, each.accounts]),
  );
const inTrust = async () => {
  const { trust } = await readTrust(world.settings);
  return Object.fromEntries(
    trust.people.filter((each) => each.accounts.length > 0).map((each) => [each.id, each.accounts]),
  );
};

test("link and unlink: the books, the journal and the trust document say it", async () => {
  const { out } = await printed(() => link("ann", "slack:T1/U1"));
  assert.equal(out, 'linked: slack:T1/U1 and "ann"; signed, in force within 30 seconds\n');
  assert.deepEqual(await inTrust(), { ann: ["slack:T1/U1"] });
  await printed(() => link("ann", "slack:T2/U1"));
  await printed(() => link("bob", "slack:T1/U2"));
  await printed(() => unlink("ann", "slack:T1/U1"));
  assert.deepEqual(await inBooks(), { ann: ["slack:T2/U1"], bob: ["slack:T1/U2"] });
  assert.deepEqual(await inTrust(), await inBooks());
  assert.ok((await shown()).every((each) => each.signed));

  const { database } = await openCompanyBooks(world.settings, false);
  const told: unknown[] = [];
  for await (const { kind, facts } of readJournal(database)) {
    assert.equal(kind, "account");
    assert.equal(typeof facts["osUser"], "string");
    told.push([facts["change"], facts["person"], facts["account"]]);
  }
  await database.close();
  assert.deepEqual(told.toSorted(), [
    ["link", "ann", "slack:T1/U1"],
    ["link", "ann", "slack:T2/U1"],
    ["link", "bob", "slack:T1/U2"],
    ["unlink", "ann", "slack:T1/U1"],
  ]);
});

test("what cannot be linked is refused in words, and nothing changes", async () => {
  await printed(() => link("ann", "slack:T1/U1"));
  for (const [person, account, code, message] of [
    ["nobody", "slack:T1/U2", "unknown-person", /no person "nobody"/],
    ["bob", "U2", "bad-account", /"U2" is not an account such as "slack:T0123\/U0456"/],
    ["bob", "slack:T1/U2 slack:T1/U3", "bad-account", /is not an account/],
    ["bob", "slack:T1/U1", "already-linked", /already linked to "ann"/],
    ["ann", "slack:T1/U1", "already-linked", /already linked to "ann"/],
  ] as const) {
    await assert.rejects(link(person, account), { code, message });
  }
  await assert.rejects(unlink("bob", "slack:T1/U1"), { code: "not-linked", message: /linked: none/ });
  await assert.rejects(unlink("ann", "slack:T1/U2"), { code: "not-linked", message: /linked: slack:T1\/U1/ });
  assert.deepEqual(await inTrust(), { ann: ["slack:T1/U1"] });
});

test("while the agents process has the books, it is asked, and errors keep their words", async () => {
  makeRuntimeFolder(world.settings.runtime);
  const company = await openCompanyBooks(world.settings, false);
  const server = await serveBooks(world.settings.runtime, company);
  await printed(() => link("ann", "slack:T1/U1"));
  await assert.rejects(link("bob", "slack:T1/U1"), { code: "already-linked", message: /to "ann"/ });
  assert.deepEqual(await inTrust(), { ann: ["slack:T1/U1"] });
  await printed(() => unlink("ann", "slack:T1/U1"));
  assert.deepEqual(await inBooks(), {});
  await server.close();
  await company.database.close();
});

test("without the company key the books are changed, and it is said what to do where", async () => {
  await printed(() => sign(world.settings, world.config, {}));
  rmSync(keyFolder(), { recursive: true });
  const { out, err } = await printed(() => link("ann", "slack:T1/U1"));
  assert.equal(out, 'linked: slack:T1/U1 and "ann"\n');
  assert.match(err, /not in force yet: .*keys\/company holds no company key\. Run `countersign trust sign`/);
  assert.deepEqual([await inBooks(), await inTrust()], [{ ann: ["slack:T1/U1"] }, {}]);
  const list = await shown();
  assert.deepEqual(
    list.filter((each) => !each.signed).map(({ id }) => id),
    ["ann"],
  );
  const table = await printed(() => people(world.settings, {}));
  assert.match(
    table.out,
    /^person +name +roles +active +signed +accounts\nann +ann +employee, manager +yes +no +slack:T1\/U1\n/,
  );
  assert.match(table.err, /trust sign/);
});

const members: readonly ListedMember[] = [
  { account: "slack:T1/U1", email: "ANN@example.com", name: "Ann\n\u202eevil", kind: "member" },
  { account: "slack:T1/U2", email: "bob@example.com", name: "Bob", kind: "member" },
  { account: "slack:T1/U3", email: "left@example.com", name: "Left", kind: "member" },
  { account: "slack:T1/U4", email: "ann@example.com", name: "Guest", kind: "guest" },
];
const slack = () => ({ ...place(), listMembers: () => Promise.resolve(members) });

test("an import only proposes; nothing is written without a confirmation", async () => {
  const silent = { ask: () => Promise.resolve(null) };
  const { out, err } = await printed(() => importAccounts(slack(), {}, silent));
  assert.match(out, /ann +ann@example\.com +slack:T1\/U1 +Ann evil\nbob /);
  assert.match(out, /members of nobody's e-mail address:\n.*\nslack:T1\/U3 +Left\n/);
  assert.match(out, /never proposed: 1 guest, 0 bot, 0 deactivated, 0 external\n$/);
  assert.match(err, /nothing was written; --confirm/);
  const asJson = JSON.parse((await printed(() => importAccounts(slack(), { json: true }))).out) as {
    proposals: readonly { person: string }[];
    written: readonly unknown[];
  };
  assert.deepEqual([asJson.proposals.map((each) => each.person), asJson.written], [["ann", "bob"], []]);
  assert.deepEqual(await inBooks(), {});
});

test("an import confirmed links all; a terminal's y links each", async () => {
  const questions: string[] = [];
  const replies = ["n", " Y "];
  const prompter = {
    ask: (question: string) => {
      questions.push(question);
      return Promise.resolve(replies.shift() ?? null);
    },
  };
  await printed(() => importAccounts(slack(), {}, prompter));
  assert.deepEqual(await inTrust(), { bob: ["slack:T1/U2"] });
  assert.equal(questions[0], 'link "ann" (ann@example.com) to slack:T1/U1 (Ann evil)? [y/N]');
  const { out } = await printed(() => importAccounts(slack(), { confirm: true, json: true }));
  const { written, signed, linked } = JSON.parse(out) as Record<string, unknown>;
  assert.deepEqual(written, [{ person: "ann", account: "slack:T1/U1" }]);
  assert.deepEqual([signed, linked], [true, [{ person: "bob", account: "slack:T1/U2" }]]);
  assert.deepEqual(await inTrust(), { ann: ["slack:T1/U1"], bob: ["slack:T1/U2"] });
});
