import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { orderOf, routerOnRules } from "../../fakes/router-world.ts";

suite("router's questions", () => {
  const { route, asked } = routerOnRules();

  test("all that is missing is asked for in one question", async () => {
    const ask = async (text: string) => (await asked(text)).question;
    assert.equal(await ask("order the parts for widgets for Northwind"), "How many?");
    assert.equal(await ask("order the parts for 5 widgets"), "For which customer?");
    assert.equal(await ask("order the parts for widgets"), "How many and for which customer?");
    assert.equal(await ask("order parts"), "How many, of which product and for which customer?");
  });

  test("quantities that cannot be ordered are named as what they are", async () => {
    const ask = async (amount: string) =>
      (await asked(`order parts for ${amount} widgets for Customer XYZ`)).question;
    assert.match(await ask("0"), /at least 1/);
    assert.match(await ask("-4"), /at least 1/);
    assert.match(await ask("2.5"), /whole numbers/);
    assert.match(await ask("1e12"), /At most 1,000,000/);
    assert.match(await ask("some"), /as a number/);
    assert.match(await ask("1.000"), /more than one way/);
    assert.match(
      (await asked("order parts for 5 widgets and 3 gadgets for Customer XYZ")).question,
      /one product/,
    );
  });

  test("parts and products that are not made any more cannot be ordered for", async () => {
    const part = await asked("order parts for 5 Bolt M4 for Northwind");
    assert.match(part.question, /^Bolt M4 is a part or is not made any more/);
    const old = await asked("order parts for 5 classic widgets for Northwind");
    assert.match(old.question, /^Classic Widget is a part/);
    assert.ok(!old.options.includes("Classic Widget"));
    assert.deepEqual(
      await route("order parts for 5 classic widgets for Northwind", ["Widget"]),
      orderOf("C-008", "widget", "5"),
    );
  });

  test("answers are merged into the request", async () => {
    const cases: readonly (readonly [string, readonly string[], ReturnType<typeof orderOf>])[] = [
      ["order parts for 50 widgets for XYZ", ["Customer XYZ Export"], orderOf("XYZ-EXPORT", "widget", "50")],
      ["order parts for 50 widgets", ["it's for Northwind"], orderOf("C-008", "widget", "50")],
      ["order parts for 50 widgets", ["northwind please"], orderOf("C-008", "widget", "50")],
      ["order parts for widgets for Northwind", ["60"], orderOf("C-008", "widget", "60")],
      ["order parts for widgets for Northwind", ["sixty, please"], orderOf("C-008", "widget", "60")],
      ["order parts for widgets for Northwind", ["two dozen"], orderOf("C-008", "widget", "24")],
      ["order parts for 0 widgets for Northwind", ["7"], orderOf("C-008", "widget", "7")],
      ["order parts for 5 gizmos for Northwind", ["gadgets"], orderOf("C-008", "gadget", "5")],
      ["order parts", ["50 widgets", "Northwind"], orderOf("C-008", "widget", "50")],
      ["order parts", ["Northwind", "widgets", "fifty"], orderOf("C-008", "widget", "50")],
      ["order parts", ["50 widgets for Customer XYZ"], orderOf("XYZ", "widget", "50")],
      ["hello", ["Order parts for 50 widgets for Customer XYZ"], orderOf("XYZ", "widget", "50")],
      [
        "order parts for 5 gadgets for Foo",
        ["Order parts for 50 widgets for Customer XYZ"],
        orderOf("XYZ", "widget", "50"),
      ],
    ];
    for (const [text, answers, expected] of cases) {
      assert.deepEqual(await route(text, answers), expected, `${text} → ${answers.join(" → ")}`);
    }
  });

  test("an answer that contradicts the request is asked about, not preferred", async () => {
    const number = await asked("order parts for 50 widgets", "60 for Northwind");
    assert.deepEqual([number.question, number.options], ["Is it 50 or 60?", ["50", "60"]]);
    assert.deepEqual(
      await route("order parts for 50 widgets", ["60 for Northwind", "60"]),
      orderOf("C-008", "widget", "60"),
    );
    const name = await asked("order parts for widgets for Northwind", "50 for Customer XYZ");
    assert.deepEqual(name.options, ["Northwind", "Customer XYZ"]);
  });

  test("an answer that refuses or asks back fills nothing", async () => {
    for (const answer of ["don't order 50 for Northwind", "cancel that", "did you order 50 for Northwind?"]) {
      const { question } = await asked("order parts for widgets", answer);
      assert.equal(question, "How many and for which customer?", answer);
    }
  });
});
