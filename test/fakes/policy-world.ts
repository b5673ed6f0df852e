import type { Person } from "../../src/domain.ts";
import type { Policy } from "../../src/policy-types.ts";
import { policy as base } from "./trust-world.ts";

/** A company with two tiers: a manager below 500 USD, two of managers and directors from there on. */

export const usd = (amount: string) => ({ amount, currency: "USD" });
const who = (id: string, ...roles: Person["roles"][number][]): Person => ({
  id,
  name: id,
  roles,
  active: true,
  accounts: [],
});
export const people = [
  who("employee", "employee"),
  who("manager", "employee", "manager"),
  who("manager-2", "manager"),
  who("director", "director"),
  who("helper", "employee"),
];
export const tiers = [
  { name: "small", from: usd("0"), below: usd("500") },
  { name: "large", from: usd("500"), roles: ["manager", "director"], quorum: 2 },
] as const;
export const policy: Policy = {
  ...base,
  approve: { ...base.approve, tiers },
  delegation: { longestHours: 48 },
};
export const at = Date.parse("2026-01-05T10:00:00.000Z");
export const time = (hours: number) => new Date(at + hours * 3_600_000).toISOString();
