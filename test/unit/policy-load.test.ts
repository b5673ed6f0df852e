import assert from "node:assert/strict";
import { test } from "node:test";
import type { Person } from "../../src/domain.ts";
import { assertApprovable, assertPolicy } from "../../src/policy/assert-policy.ts";
import type { Policy } from "../../src/policy-types.ts";
import { people, policy, tiers, time, usd } from "../fakes/policy-world.ts";

test("refused at load: what cannot be meant, each naming field, value and expectation", () => {
  const [small, large] = tiers;
  const approve = (change: object): Policy => ({ ...policy, approve: { ...policy.approve, ...change } });
  const cases: [Policy, RegExp][] = [
    [
      approve({ tiers: [small, { ...large, from: usd("600") }] }),
      /tiers\.1\.from: 600 USD leaves a gap: expected 500 USD/,
    ],
    [
      approve({ tiers: [small, { ...large, from: usd("400") }] }),
      /tiers\.1\.from: 400 USD overlaps: expected 500 USD/,
    ],
    [
      approve({ tiers: [{ ...small, from: usd("1") }, large] }),
      /tiers\.0\.from: .*begins at 1 USD, expected 0/,
    ],
    [
      approve({ tiers: [small, { ...large, below: usd("900") }] }),
      /tiers\.1\.below: the last tier ends at 900 USD/,
    ],
    [approve({ tiers: [{ name: "small", from: usd("0") }, large] }), /tiers\.0\.below: .*has no end/],
    [approve({ tiers: [small, { ...large, name: "small" }] }), /tiers\.1\.name: "small" is the name of two/],
    [
      approve({ tiers: [{ ...small, below: { amount: "500", currency: "EUR" } }, large] }),
      /expected the company's currency, USD/,
    ],
    [
      approve({ expiresHours: 4, remindAfterHours: [2, 5] }),
      /remindAfterHours: .*expires after 4 hours, before its reminder after 5/,
    ],
    [approve({ remindAfterHours: [5, 2] }), /5, 2: expected ascending/],
    [
      approve({ escalate: { afterHours: 99, roles: ["director"] } }),
      /passed on after 99 hours, expected less/,
    ],
    [approve({ roles: [] }), /approve\.roles/],
    [approve({ quorum: 0 }), /approve\.quorum/],
    [
      {
        ...policy,
        absences: [{ person: "manager", from: time(1), to: time(0), fallback: { roles: ["director"] } }],
      },
      /absences\.0\.to: .*expected a time after/,
    ],
    [
      { ...policy, absences: [{ person: "manager", from: time(0), to: time(1), fallback: {} }] },
      /absences\.0\.fallback: nobody decides for "manager"/,
    ],
    [
      {
        ...policy,
        absences: [{ person: "manager", from: time(0), to: time(1), fallback: { people: ["manager"] } }],
      },
      /stands in for themselves/,
    ],
  ];
  for (const [rules, message] of cases) {
    assert.throws(() => assertPolicy(rules), { code: "bad-policy", message });
  }
  assertPolicy(policy);
});

test("refused at load: what nobody, or too few, could approve", () => {
  const demo = { demo: false };
  const approve = (change: object): Policy => ({ ...policy, approve: { ...policy.approve, ...change } });
  const away = (person: string, fallback: object) => ({ person, from: time(0), to: time(9), fallback });
  const breakGlass = {
    roles: ["admin" as const],
    upTo: usd("1"),
    most: { count: 1, days: 1 },
    announceTo: ["nobody"],
  };
  const few = people.filter(({ id }) => id !== "manager-2" && id !== "director");
  const cases: [Policy, readonly Person[], RegExp][] = [
    [policy, few, /tiers\.0\.quorum: tier "small" asks for 1 .* there are 0 for a request by "manager"/],
    [
      approve({ quorum: 3, tiers: undefined }),
      people,
      /approve\.quorum: .*asks for 3 of the people with role manager, there is 1/,
    ],
    [approve({ escalate: { afterHours: 1, roles: ["admin"] } }), people, /nobody active has role admin/],
    [approve({ assurances: ["local"] }), people, /accepts "local" decisions alone/],
    [
      {
        ...policy,
        absences: [away("manager", { people: ["manager-2"] }), away("manager-2", { people: ["manager"] })],
      },
      people,
      /absences\.0\.fallback: of manager-2 nobody is active and there/,
    ],
    [
      { ...policy, absences: [away("stranger", { roles: ["director"] })] },
      people,
      /"stranger" is not a person/,
    ],
    [
      { ...policy, breakGlass },
      people,
      /nobody active has role admin, expected somebody who may decide alone.*"nobody" is not an active person/,
    ],
  ];
  for (const [rules, staff, message] of cases) {
    assert.throws(() => assertApprovable(rules, staff, demo), { code: "bad-policy", message });
  }
  assertApprovable(policy, people, demo);
  assertApprovable(policy, [], demo);
});
