import assert from "node:assert/strict";
import { test } from "node:test";
import { noChromium as skip, scenes } from "./console-browser.ts";
import { freezing } from "./console-states.ts";

const scene = scenes();

test(
  "a manager freezes with a reason that everybody reads; two people lift it; nobody else is offered to",
  { skip },
  async (context) => {
    const opened = await scene(context);
    const page = await freezing(opened);
    await page.keyboard.press("Enter");
    const bar = page.getByRole("alert").filter({ hasText: "Frozen by manager" });
    await bar.getByText("Reason: An invoice came from an account that nobody knows.").waitFor();
    await page.getByRole("button", { name: "Freeze", exact: true }).waitFor({ state: "detached" });

    const employee = await opened.signIn("employee");
    const told = employee.getByRole("alert").filter({ hasText: "Frozen by manager" });
    await told.waitFor();
    // In the chat what is read is at its end: there it is said where requests are written.
    await employee.getByText("Frozen by manager: requests wait").waitFor();
    assert.equal(await told.getByRole("button").count(), 0);

    await bar.getByRole("button", { name: "Ask for it to be lifted" }).click();
    await bar.getByText("manager wants it lifted").waitFor();
    // Their second word would not count.
    await bar.getByRole("button").waitFor({ state: "detached" });
    const second = await opened.signIn("manager-2");
    await second.getByRole("button", { name: "Lift the freeze" }).click();
    await second.getByText("The freeze is lifted.").waitFor();
    await second.getByText("Frozen by manager").waitFor({ state: "detached" });
    assert.deepEqual(opened.complaints, []);
  },
);

test(
  "a freeze that was not meant is left with Escape, and the keyboard goes on at its button",
  { skip },
  async (context) => {
    const opened = await scene(context);
    const page = await freezing(opened);
    await page.keyboard.press("Escape");
    assert.equal(await page.getByRole("textbox", { name: /Everybody reads this/ }).count(), 0);

    assert.equal(await page.evaluate("document.activeElement?.textContent.trim()"), "Freeze");
    assert.equal(opened.office.inbox.safety().freeze, null);
  },
);
