import assert from "node:assert/strict";
import { before } from "node:test";
import { loadRulesModel } from "../../adapters/rules-model/rules-model.ts";
import router from "../../agents/router.ts";
import type { RouteOutput } from "../../agents/router/route-schema.ts";
import type { Customer, Item } from "../../src/book-rows.ts";
import type { LanguageModel } from "../../src/ports.ts";
import { MemoryBooks } from "./memory-books.ts";
import { skillContext } from "./skill-context.ts";

const customer = (id: string, name: string, aliases = ""): Customer => ({
  id,
  name,
  aliases,
  creditLimit: "1000.00",
  balance: "0.00",
  currency: "USD",
  creditAsOf: "2026-03-01",
  defaultProject: "",
  street: "1 Sample Street",
  city: "Sampletown",
  postcode: "12345",
  country: "US",
});
const item = (id: string, name: string, o: Partial<Item> = {}): Item => ({
  id,
  name,
  aliases: "",
  kind: "product",
  unit: "pcs",
  revision: "A",
  listPrice: "10.00",
  currency: "USD",
  weightKg: "1",
  active: "yes",
  ...o,
});
export const customers: readonly Customer[] = [
  customer("XYZ", "Customer XYZ", "XYZ Corporation"),
  customer("XYZ-EXPORT", "Customer XYZ Export", "XYZ Overseas"),
  customer("C-003", "Acme Robotics Ltd", "Acme;AcmeBot"),
  customer("C-004", "Smith & Sons"),
  customer("C-005", "Müller Pumpen GmbH"),
  customer("C-006", "Twin Company"),
  customer("C-007", "Twin Company"),
  customer("C-008", "Northwind"),
];
const items: readonly Item[] = [
  item("widget", "Widget"),
  item("widget-pro", "Widget Pro"),
  item("gadget", "Gadget"),
  item("drive-unit", "Drive Unit"),
  item("knife", "Knife"),
  item("asm-frame", "Frame Assembly", { kind: "assembly" }),
  item("old-widget", "Classic Widget", { active: "no" }),
  item("bolt-m4", "Bolt M4", { kind: "part" }),
];
const workflows = [
  {
    id: "order-parts",
    version: 1,
    description: "Orders parts.",
    examples: ["Order the parts for 5 widgets for X"],
  },
];
export const books = new MemoryBooks({ customers, items });

/** What the router makes of a request and its answers, in a company of a few customers and products. */
export async function routeWith(
  model: LanguageModel,
  text: string,
  answers: readonly string[] = [],
): Promise<RouteOutput> {
  const skill = router.skills.route;
  const dialogue = answers.map((answer) => ({ question: "Which one?", answer }));
  const input = skill.input.parse({ text, dialogue, workflows });
  return skill.output.parse(await skill.run(skillContext({ agent: "router", books, model }), input, null));
}

/** The order a text is expected to give. */
export function orderOf(customerId: string, itemId: string, quantity: string): RouteOutput {
  return {
    outcome: "workflow",
    workflow: "order-parts",
    version: 1,
    input: { customer: customerId, item: itemId, quantity },
    model: "rules",
  };
}

/** The router on the rules model, for the suite that is being declared: its whole answer, or its question. */
export function routerOnRules() {
  let rules: LanguageModel;
  before(async () => {
    rules = await loadRulesModel();
  });
  const route = (text: string, answers: readonly string[] = []) => routeWith(rules, text, answers);
  const asked = async (text: string, ...answers: readonly string[]) => {
    const output = await route(text, answers);
    assert.equal(output.outcome, "question", JSON.stringify(output));
    return output.outcome === "question" ? output : assert.fail();
  };
  return { route, asked, model: () => rules };
}
