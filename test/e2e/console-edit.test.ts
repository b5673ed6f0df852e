import assert from "node:assert/strict";
import { test } from "node:test";
import { recordedEdits } from "../fakes/recorded-edits.ts";
import { noChromium as skip, scenes } from "./console-browser.ts";

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
