import assert from "node:assert/strict";
import { test } from "node:test";
import { noChromium as skip, scenes, shoot } from "./console-browser.ts";
import { states } from "./console-states.ts";
import { overflow, poorContrasts } from "./page-checks.ts";

const scene = scenes();

test("the theme can be chosen, and stays", { skip }, async (context) => {
  const { signIn } = await scene(context, { theme: "light" });
  const page = await signIn("employee");
  const background = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  const light = await background();
  await page.getByRole("button", { name: "Use the dark theme" }).click();
  const dark = await background();
  assert.notEqual(dark, light);
  await page.reload();
  await page.getByRole("button", { name: "Use the light theme" }).waitFor();
  assert.equal(await background(), dark);
});

for (const theme of ["light", "dark"] as const) {
  for (const [state, bring] of Object.entries(states)) {
    test(`${state}, ${theme}: readable, whole at 360 px, and all from here`, { skip }, async (context) => {
      const opened = await scene(context, { theme });
      const page = await bring(opened);
      await shoot(page, `${state}-${theme}`);
      await page.setViewportSize({ width: 360, height: 740 });
      await shoot(page, `${state}-${theme}-360`);
      assert.deepEqual(await overflow(page), { tooWide: 0, clipped: [] });
      const { seen, poor } = await poorContrasts(page);
      assert.ok(seen >= 3, `only ${seen} texts were found`);
      assert.deepEqual(poor, []);
      assert.deepEqual(opened.complaints, []);
      assert.deepEqual(opened.strangers, []);
    });
  }
}
