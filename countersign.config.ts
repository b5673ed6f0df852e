import { defineConfig } from "./src/config.ts";

const usd = (amount: string) => ({ amount, currency: "USD" });

/** The company's own declaration. The policy below is signed into the trust document; see README, "Policy". */
export default defineConfig({
  company: { name: "Example Widgets Inc. (fictional)", atSign: "@cs-company" },
  atSignOf: (id) => `@cs-${id}`,
  policy: {
    companyCurrency: "USD",
    ask: ["employee", "manager", "admin"],
    cancel: ["manager", "admin"],
    approve: {
      roles: ["manager"],
      quorum: 1,
      assurances: ["local", "clicked", "countersigned"],
      expiresHours: 72,
      remindAfterHours: [4, 24],
      tiers: [
        { name: "normal", from: usd("0"), below: usd("100000") },
        {
          name: "large",
          from: usd("100000"),
          below: usd("500000"),
          roles: ["manager", "director"],
          quorum: 2,
          escalate: { afterHours: 48, roles: ["admin"] },
        },
        // No click, and so nobody who claims clicks, orders above this: two people sign on machines of their own.
        {
          name: "countersigned",
          from: usd("500000"),
          roles: ["manager", "director"],
          quorum: 2,
          assurances: ["countersigned"],
          escalate: { afterHours: 48, roles: ["admin"] },
        },
      ],
    },
    separationOfDuties: true,
    delegation: { longestHours: 14 * 24 },
    // Of what is decided without a signature of one's own: many small orders must not add up to a large one.
    ceilings: {
      perApproverPerDay: usd("2000000.00"),
      perVendorPerDay: usd("2000000.00"),
    },
    priceTolerancePercent: "2",
    marginPercent: "18",
    dataMaxAgeDays: 30,
  },
});
