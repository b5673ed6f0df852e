import assert from "node:assert/strict";
import { test } from "node:test";
import { noChromium as skip, scenes } from "./console-browser.ts";
import { bringApproval, write } from "./console-states.ts";

const scene = scenes();
const request = { person: "employee", text: "5 widgets", thread: "console:employee-1" } as const;

for (const width of [1280, 360]) {
  test(
    `at ${width} px a manager reads what could not be undone and settles it, with a note`,
    { skip },
    async (context) => {
      const { office, signIn, complaints } = await scene(context, { width });
      await office.begin("run1", request);
      await office.stick("run1");
      const page = await signIn("manager", "approvals");
      const card = page.locator('[data-undo="run1-1-budget"]');
      await card.getByRole("heading", { name: "Could not be undone" }).waitFor();
      const shown = (await card.textContent()) ?? "";
      for (const words of [
        "closed",
        "Undone already",
        "Reserve",
        "Have finance release",
        "refused for good",
      ]) {
        assert.ok(shown.includes(words), words);
      }
      assert.match(await page.title(), /^\(1\)/);
      await card.getByRole("button", { name: "Settled by hand" }).click();
      const save = card.getByRole("button", { name: "Save: settled by hand" });
      assert.equal(await save.isDisabled(), true, "not without a note");
      await write(page, "booked back in the ledger");
      await save.click();
      await card.getByText("Settled by hand by manager in console").waitFor();
      assert.match((await card.textContent()) ?? "", /booked back in the ledger/);
      assert.equal(await card.getByRole("button").count(), 0);
      assert.deepEqual(
        office.undos.map(({ person, act, attempt }) => [person, act, attempt]),
        [["manager", "by-hand", 1]],
      );
      assert.equal(
        await page.evaluate<boolean>("document.documentElement.scrollWidth <= innerWidth"),
        true,
        "nothing is wider than the page",
      );
      assert.deepEqual(complaints, []);
    },
  );
}

test("what can be undone stands on the card before anybody opens its details", { skip }, async (context) => {
  const opened = await scene(context);
  await bringApproval(opened);
  const page = await opened.signIn("manager");
  const card = page.getByRole("article");
  await card.getByRole("button", { name: "Approve" }).waitFor();
  assert.match((await card.textContent()) ?? "", /Cannot be undone1 order is placed/);
});
