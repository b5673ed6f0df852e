import assert from "node:assert/strict";
import { suite, test } from "node:test";
import * as fc from "../../fakes/fast-check.ts";
import router from "../../../agents/router.ts";
import { numberInWords } from "../../fakes/number-words.ts";
import { books, customers, orderOf, routeWith, routerOnRules } from "../../fakes/router-world.ts";
import { ScriptedModel, skillContext } from "../../fakes/skill-context.ts";
import { orderRequests, otherMessages } from "../../fixtures/request-paraphrases.ts";

suite("router", () => {
  const { route, asked, model } = routerOnRules();

  test("routes the sentence the product is known by", async () => {
    const output = await route("Order the parts needed for 50 widgets for Customer XYZ");
    assert.deepEqual(output, orderOf("XYZ", "widget", "50"));
  });

  test("every paraphrase that names this customer, product and a number gives this order", async () => {
    const complete = orderRequests.filter(
      ([, quantity, product, name]) =>
        /^\d+$/.test(quantity) && /^widgets?$/i.test(product ?? "") && /^customer xyz$/i.test(name ?? ""),
    );
    assert.ok(complete.length >= 40);
    for (const [text, quantity] of complete) {
      assert.deepEqual(await route(text), orderOf("XYZ", "widget", quantity), text);
    }
  });

  test("nothing is started by a message that asks for no order", async () => {
    for (const text of otherMessages) {
      const output = await route(text);
      assert.equal(output.outcome, "unsupported", text);
      assert.match(
        output.outcome === "unsupported" ? output.message : "",
        /Order the parts for 5 widgets for X/,
      );
    }
  });

  test("names are taken whatever their case, spaces, punctuation and number", async () => {
    const cases: readonly (readonly [string, string, string])[] = [
      ["order parts for 3 WIDGETS for customer  xyz", "XYZ", "widget"],
      ["order parts for 3 widget-pros for CustomerXYZ", "XYZ", "widget-pro"],
      ["order parts for 3 gadgets for Acme Robotics, Ltd.", "C-003", "gadget"],
      ["order parts for 3 gadgets for AcmeBot", "C-003", "gadget"],
      ["order parts for 3 gadgets for smith and sons", "C-004", "gadget"],
      ["order parts for 3 gadgets for Muller Pumpen GmbH", "C-005", "gadget"],
      ["order parts for 3 gadgets for client Northwind", "C-008", "gadget"],
      ["order parts for 3 gadgets for customer number C-008", "C-008", "gadget"],
      ["order parts for 3 knives for Northwind", "C-008", "knife"],
      ["order parts for 3 drive units for Northwind", "C-008", "drive-unit"],
      ['order parts for 3 "Widget Pro" units for Northwind', "C-008", "widget-pro"],
      ["order parts for 3 frame assemblies for Northwind", "C-008", "asm-frame"],
      ["order parts for 3 gadgets for Northwind's order", "C-008", "gadget"],
    ];
    for (const [text, customerId, itemId] of cases) {
      assert.deepEqual(await route(text), orderOf(customerId, itemId, "3"), text);
    }
  });

  test("a full name is exact though a longer one begins with it; a part of several names is asked about", async () => {
    assert.deepEqual(
      await route("order parts for 2 gadgets for Customer XYZ"),
      orderOf("XYZ", "gadget", "2"),
    );
    assert.deepEqual(
      await route("order parts for 2 gadgets for Customer XYZ Export"),
      orderOf("XYZ-EXPORT", "gadget", "2"),
    );
    const question = await asked("order parts for 2 gadgets for XYZ");
    assert.equal(
      question.question,
      'Which customer do you mean by "XYZ": Customer XYZ or Customer XYZ Export?',
    );
    assert.deepEqual(question.options, ["Customer XYZ", "Customer XYZ Export"]);
  });

  test("a customer is never guessed: only the exact name, alias or id is taken", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...customers),
        fc.nat({ max: 30 }),
        fc.constantFrom("q", "x", "e", ""),
        async ({ name }, at, letter) => {
          const typed = `${name.slice(0, at)}${letter}${name.slice(at + 1)}`.trim();
          const output = await route("order parts for 2 gadgets", [`for customer "${typed}"`]);
          if (output.outcome === "workflow") {
            const letters = (text: string) =>
              text
                .normalize("NFKD")
                .toLowerCase()
                .replaceAll("&", "and")
                .replaceAll(/[^a-z0-9]/g, "");
            const taken = customers.find((each) => each.id === output.input.customer);
            const ways = new Set(
              [taken?.name, taken?.id, ...(taken?.aliases.split(";") ?? [])].map((way) => letters(way ?? "")),
            );
            assert.ok(ways.has(letters(typed)) || ways.has(letters(typed).replace(/^customer/, "")), typed);
          }
        },
      ),
      { numRuns: 100 },
    ));

  test("unknown names: one question with the nearest", async () => {
    const typo = await asked("order parts for 2 gadgets for Acme Robotic");
    assert.deepEqual(typo.options, ["Acme Robotics Ltd"]);
    const product = await asked("order parts for 2 gadgetos for Northwind");
    assert.equal(product.options[0], "Gadget");
    const both = await asked("order parts for 2 gadgets for Custmer XYZ");
    assert.deepEqual(both.options, ["Customer XYZ", "Customer XYZ Export"]);
    const nobody = await asked("order parts for 2 gadgets for Qqqq");
    assert.ok(nobody.options.length >= 1 && nobody.options.length <= 5);
  });

  test("customers of one name are told apart by their ids, and the answer is understood", async () => {
    const text = "order parts for 2 gadgets for Twin Company";
    const { options } = await asked(text);
    assert.deepEqual(options, ["Twin Company (C-006)", "Twin Company (C-007)"]);
    assert.deepEqual(await route(text, ["Twin Company (C-007)"]), orderOf("C-007", "gadget", "2"));
  });

  test("every quantity in words gives the order of that number", () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (n) => {
        const output = await route(`order parts for ${numberInWords(n, true)} widgets for Customer XYZ`);
        assert.deepEqual(output, orderOf("XYZ", "widget", String(n)));
      }),
      { numRuns: 40 },
    ));

  test("a request of 100 KB is answered with a question and never shown to the model", async () => {
    const long = `Order parts for 50 widgets for Customer XYZ ${"please ".repeat(15_000)}`;
    const output = await asked(long);
    assert.match(output.question, /2,000 characters/);
    assert.deepEqual(
      await route(long, ["Order parts for 50 widgets for Customer XYZ"]),
      orderOf("XYZ", "widget", "50"),
    );
  });

  test("repeated text is one short line of visible characters", async () => {
    const { question } = await asked(
      `order parts for 2 gadgets for customer "a\u202eb\u0007 ${"z".repeat(300)}"`,
    );
    assert.doesNotMatch(question, /\p{C}/u);
    assert.ok(question.length < 250);
  });

  const reading = { intent: "order-parts", quantity: { value: "50" }, itemPhrase: "widgets" };
  test("a model's phrase that is not in the text is dropped", async () => {
    const poisoned = new ScriptedModel({ messages: [{ ...reading, customerPhrase: "Northwind" }] });
    const output = await routeWith(poisoned, "Order the parts needed for 50 widgets for Customer XYZ");
    assert.deepEqual(output, {
      outcome: "question",
      question: "For which customer?",
      options: [],
      model: "scripted",
    });
  });

  test("a model that answers in another form, or for other messages, fails the step", async () => {
    const other = new ScriptedModel({ messages: [{ ...reading, quantity: { value: "-1" } }] });
    await assert.rejects(routeWith(other, "Order parts"));
    const surplus = new ScriptedModel({ messages: [reading, reading] });
    await assert.rejects(routeWith(surplus, "Order the parts needed for 50 widgets"), {
      code: "bad-model-output",
      retryable: true,
    });
  });

  test("without the workflow nothing is started", async () => {
    const skill = router.skills.route;
    const text = "Order the parts needed for 50 widgets for Customer XYZ";
    const input = {
      text,
      dialogue: [],
      workflows: [{ id: "ask", version: 1, description: "Asks.", examples: [] }],
    };
    const output = await skill.run(skillContext({ agent: "router", books, model: model() }), input, null);
    assert.equal(output.outcome, "unsupported");
  });
});
