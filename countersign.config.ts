import { defineConfig } from "./src/config.ts";

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
    },
    separationOfDuties: true,
    ceilings: {
      perApproverPerDay: { amount: "10000000.00", currency: "USD" },
      perVendorPerDay: { amount: "5000000.00", currency: "USD" },
    },
    priceTolerancePercent: "2",
    marginPercent: "18",
    dataMaxAgeDays: 30,
  },
});
