import type { Person, StepId } from "../../src/domain.ts";

/** Who works in the chat office, and what its runs do. */

export const officePeople: readonly Person[] = [
  { id: "employee", name: "Erin Employee", roles: ["employee"], active: true, accounts: [] },
  { id: "employee-2", name: "Eli Employee", roles: ["employee"], active: true, accounts: [] },
  { id: "manager", name: "Mara Manager", roles: ["manager"], active: true, accounts: [] },
  { id: "manager-2", name: "Milo Manager", roles: ["manager"], active: true, accounts: [] },
  { id: "former", name: "Fran Former", roles: ["manager"], active: false, accounts: [] },
];
/** Steps of a believable run, with the agent of each. */
export const officeSteps: readonly (readonly [StepId, string | null])[] = [
  ["route", "router"],
  ["credit", "financial"],
  ["orderCompliance", "compliance"],
  ["parts", "blueprint"],
  ["reserve", "inventory"],
  ["offers", "supply"],
  ["vendors", "compliance"],
  ["budget", "financial"],
  ["logistics", "logistics"],
  ["quote", "quoting"],
  ["fallbacks", "exception"],
  ["plan", null],
  ["financialAttests", "financial"],
  ["complianceAttests", "compliance"],
  ["gate", "hitl"],
  ["financialRenews", "financial"],
  ["complianceRenews", "compliance"],
  ["orders", "supply"],
  ["validation", "validation"],
  ["crm", "crm"],
];
