import assert from "node:assert/strict";
import { test } from "node:test";
import companyConfig from "../../countersign.config.ts";
import type { Person } from "../../src/domain.ts";
import { mayAct } from "../../src/safety-policy.ts";

const person = (roles: Person["roles"]): Person => ({
  id: "sam",
  name: "Sam Sample",
  roles,
  active: true,
  accounts: [],
});
const act = { person: "sam", adapter: "terminal", assurance: "local" } as const;

test("who may not have a workflow rehearse is told so, not that they may not freeze the company", () => {
  const o = { policy: companyConfig.policy, demo: false };
  const refused = mayAct("beginShadow", act, { ...o, person: person(["employee"]) });
  assert.match(refused?.message ?? "", /shadow mode needs manager or admin$/);
  assert.doesNotMatch(refused?.message ?? "", /freez/);
  // It stops effects: like a freeze, any way to say it will do.
  assert.equal(mayAct("beginShadow", act, { ...o, person: person(["manager"]) }), null);
  assert.equal(mayAct("endShadow", act, { ...o, person: person(["admin"]) })?.code, "assurance-too-low");
});
