import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../fakes/fast-check.ts";
import { proposeAccounts } from "../../src/account-proposals.ts";
import type { ListedMember } from "../../src/accounts.ts";
import type { PersonRow } from "../../src/book-rows.ts";

const person = (id: string, change: Partial<PersonRow> = {}): PersonRow => ({
  id,
  name: id,
  email: `${id}@example.com`,
  roles: "employee",
  osUser: "",
  active: "yes",
  accounts: "",
  ...change,
});
const member = (user: string, email: string | null, change: Partial<ListedMember> = {}): ListedMember => ({
  account: `slack:T1/${user}`,
  email,
  name: user,
  kind: "member",
  ...change,
});
const pairs = (links: readonly { readonly person: string; readonly account: string }[]) =>
  links.map((each) => `${each.person} ${each.account}`);

test("proposed is who has the same e-mail address, whatever its case, and nobody else", () => {
  const found = proposeAccounts(
    [person("ann", { email: "Ann@Example.com" }), person("bob"), person("cid"), person("dan")],
    [
      member("U1", "aNN@eXAMPLE.COM"),
      member("U2", "bob@example.org"),
      member("U3", null, { name: "cid@example.com" }),
      member("U4", "dan@example.com.evil.example"),
    ],
  );
  assert.deepEqual(found.proposals, [
    { person: "ann", account: "slack:T1/U1", email: "Ann@Example.com", name: "U1" },
  ]);
  assert.deepEqual(found.unmatchedPeople, ["bob", "cid", "dan"]);
  assert.deepEqual(
    found.unmatchedMembers.map(({ account }) => account),
    ["slack:T1/U2", "slack:T1/U3", "slack:T1/U4"],
  );
  assert.deepEqual(found.conflicts, []);
});

test("letters that only Unicode folds into others are others", () => {
  const found = proposeAccounts([person("kim")], [member("U1", "\u212Aim@example.com")]);
  assert.deepEqual([found.proposals, found.unmatchedPeople], [[], ["kim"]]);
});

test("who left is no person here, and their account nobody's", () => {
  const found = proposeAccounts([person("ann", { active: "no" })], [member("U1", "ann@example.com")]);
  assert.deepEqual([found.proposals, found.conflicts, found.unmatchedPeople], [[], [], []]);
  assert.equal(found.unmatchedMembers.length, 1);
});

test("what is not certain is a conflict with its reason, and never proposed", () => {
  const found = proposeAccounts(
    [
      person("ann", { accounts: "slack:T1/U9" }),
      person("bob", { email: "same@example.com" }),
      person("bea", { email: "same@example.com" }),
      person("cid"),
      person("dan"),
      person("eve", { active: "no", accounts: "slack:T1/U5" }),
      person("fay", { accounts: "slack:T1/U6 teams:T1/U1" }),
      person("gus", { accounts: "slack:T2/U7" }),
    ],
    [
      member("U1", "ann@example.com"),
      member("U2", "same@example.com"),
      member("U3", "cid@example.com"),
      member("U4", "CID@example.com"),
      member("U5", "dan@example.com"),
      member("U6", "fay@example.com"),
      member("U7", "gus@example.com"),
    ],
  );
  assert.deepEqual(
    found.conflicts.map((each) => `${each.person} ${each.account}: ${each.reason}`),
    [
      "ann slack:T1/U1: the person has slack:T1/U9 already",
      "bob slack:T1/U2: several people have this e-mail address",
      "bea slack:T1/U2: several people have this e-mail address",
      "cid slack:T1/U3: several members have this e-mail address",
      "cid slack:T1/U4: several members have this e-mail address",
      'dan slack:T1/U5: the account is linked to "eve"',
    ],
  );
  assert.deepEqual(pairs(found.linked), ["fay slack:T1/U6"]);
  assert.deepEqual(
    pairs(found.proposals),
    ["gus slack:T1/U7"],
    "an account in another team is another account",
  );
});

test("guests, bots, deactivated and external members are never proposed, whatever they have", () => {
  const kinds = ["guest", "bot", "deactivated", "external"] as const;
  const email = fc.constantFrom("a@example.com", "A@EXAMPLE.COM", "b@example.com", null);
  const account = fc.constantFrom("slack:T1/U1", "slack:T1/U2", "slack:T2/U1");
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ email, account, name: fc.string(), kind: fc.constantFrom(...kinds, "member" as const) }),
      ),
      (listed) => {
        const people = [person("a"), person("b"), person("c", { active: "no", email: "b@example.com" })];
        const { proposals, conflicts, linked, skipped } = proposeAccounts(people, listed);
        const members = listed.filter(({ kind }) => kind === "member");
        for (const each of [...proposals, ...conflicts, ...linked]) {
          assert.ok(members.some((one) => one.account === each.account));
          assert.notEqual(each.person, "c");
        }
        assert.equal(new Set(proposals.map((each) => each.person)).size, proposals.length);
        for (const kind of kinds) {
          assert.equal(skipped[kind], listed.filter((each) => each.kind === kind).length);
        }
      },
    ),
  );
});
