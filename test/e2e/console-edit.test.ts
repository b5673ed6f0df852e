import assert from "node:assert/strict";
import { test } from "node:test";
import { recordedEdits } from "../fakes/recorded-edits.ts";
import { noChromium as skip, scenes } from "./console-browser.ts";
import { editedWrong } from "./console-states.ts";

const open = scenes();
const request = {
  person: "employee",
  text: "Order the parts needed for 50 widgets for Customer XYZ",
  thread: "console:employee-1",
} as const;

test(
  "a plan is changed on its card: fields, what would change, then the change",
  { skip },
  async (context) => {
    const scene = await open(context);
    const { inbox, edits, previews } = recordedEdits();
    Object.assign(scene.office.inbox, inbox);
    await scene.office.begin("run1", request);
    await scene.office.openApproval("run1");
    const page = await scene.signIn("manager", "My approvals");
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await page.getByLabel("Quantity 1 to 100").fill("60");
    await page.getByLabel("Shipping").selectOption("fastest");
    await page.getByRole("button", { name: "Show what would change" }).click();
    await page.getByText("50 → 60").waitFor();
    await page.getByText("Prices are known only after the checks.").waitFor();
    assert.equal(edits.length, 0);
    // Another value, and what was shown does not count any more.
    await page.getByLabel("Quantity 1 to 100").fill("70");
    await page.getByRole("button", { name: "Show what would change" }).click();
    await page.getByRole("button", { name: "Change the plan" }).click();
    await page.getByRole("button", { name: "Approve" }).waitFor();
    assert.equal(previews.length, 2);
    assert.deepEqual(
      edits.map(({ person, changes }) => [person, changes]),
      [["manager", { quantity: "70", shipping: "fastest" }]],
    );
    const other = await scene.signIn("manager-2", "My approvals");
    await other.getByRole("button", { name: "Change", exact: true }).click();
    await other.getByRole("alert").getByText("changing plans needs manager").waitFor();
    await other.keyboard.press("Escape");
    await other.getByRole("button", { name: "Change", exact: true }).waitFor();
    assert.deepEqual(scene.complaints, []);
  },
);

test(
  "wrong values are said at their fields, the first one has the focus; all else is below",
  { skip },
  async (context) => {
    const page = await editedWrong(await open(context));
    const quantity = page.getByLabel("Quantity 1 to 100");
    const margin = page.getByLabel("Margin in percent 10 to 40");
    const alpha = page.getByLabel("alpha");
    const show = page.getByRole("button", { name: "Show what would change" });
    const alert = page.locator(".edit-form > [role=alert]");
    /** Each wrong field with what is said of it to those who do not see it. */
    const wrong = async () => {
      const fields = await page.locator('[aria-invalid="true"]').all();
      const said = fields.map(async (field) => {
        const why = page.locator(`[id="${await field.getAttribute("aria-describedby")}"]`);
        return [await field.getAttribute("name"), await why.textContent()];
      });
      return Object.fromEntries(await Promise.all(said)) as Record<string, string>;
    };
    const focused = async (name: string) => {
      await page.locator(`[name="${name}"]:focus`).waitFor();
    };

    const nobody = "nobody is left to buy from, expected at least one supplier";
    assert.deepEqual(await wrong(), {
      quantity: "101, expected 1 to 100",
      "suppliers-alpha": nobody,
      "suppliers-beta": nobody,
      marginPercent: "9, expected 10 to 40",
    });
    await focused("quantity");
    assert.equal(await alert.textContent(), "");

    // What is changed is not called wrong any more, and keeps the focus.
    await quantity.fill("60");
    await focused("quantity");
    assert.deepEqual(Object.keys(await wrong()), ["suppliers-alpha", "suppliers-beta", "marginPercent"]);
    await margin.fill("8");
    await show.click();
    await page.getByText("8, expected 10 to 40").waitFor();
    await focused("suppliers-alpha");
    assert.deepEqual(Object.keys(await wrong()), ["suppliers-alpha", "suppliers-beta", "marginPercent"]);

    // As the plan is: that is in no field.
    await alpha.check();
    await page.getByLabel("beta").check();
    await margin.fill("18");
    await quantity.fill("50");
    await show.click();
    await alert.getByText("nothing is changed").waitFor();
    assert.deepEqual(await wrong(), {});
    await quantity.fill("60");
    await show.click();
    await page.getByText("50 → 60").waitFor();
    assert.equal(await alert.textContent(), "");
  },
);
