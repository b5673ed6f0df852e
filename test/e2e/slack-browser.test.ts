import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launch, noChromium } from "./console-browser.ts";
import { slackSystem } from "./slack-system.ts";

/** The whole product, and people with real browsers at the stand-in's page. */

const patience = { timeout: 60_000 };

async function openAs(browser: Browser, pageUrl: string, name: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${pageUrl}?as=${name}`);
  await page.getByRole("button", { name: "#orders" }).click();
  return page;
}

test(
  "in a browser: request, progress, details, two managers at once, final card, status",
  { skip: noChromium },
  async () => {
    const it = await slackSystem({ COUNTERSIGN_SLACK_APPROVALS: "C0ORDERS01" });
    const browser = await launch();
    try {
      await it.start();
      const { pageUrl } = it.slack;
      const employee = await openAs(browser, pageUrl, "employee");
      await employee
        .getByLabel("Message #orders")
        .fill("@countersign Order the parts needed for 5 widgets for Customer XYZ");
      await employee.getByRole("button", { name: "Send" }).first().click();
      await employee.getByRole("button", { name: /\d+ repl(y|ies)/ }).click(patience);
      const progress = employee.getByRole("complementary", { name: "Thread" });
      await progress.getByText("Waiting for a manager's decision").waitFor(patience);

      const [manager, other] = await Promise.all([
        openAs(browser, pageUrl, "manager"),
        openAs(browser, pageUrl, "manager-2"),
      ]);
      await manager.getByRole("button", { name: "Details" }).first().click(patience);
      const details = manager.getByRole("dialog", { name: "Details" });
      await details.getByText(/Plan hash [0-9a-f]{64}/).waitFor(patience);
      await details.getByRole("button", { name: "Close" }).first().click();
      // It covers the card until Slack has closed it.
      await details.waitFor({ state: "hidden" });

      // Who comes second may find the buttons gone.
      const approve = (page: Page) =>
        page.getByRole("button", { name: "Approve" }).first().click({ timeout: 10_000 });
      const clicks = await Promise.allSettled([approve(manager), approve(other)]);
      assert.ok(clicks.some(({ status }) => status === "fulfilled"));
      for (const page of [manager, other]) {
        await page
          .getByText(/Approved by manager(-2)? in slack/)
          .first()
          .waitFor(patience);
        assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
      }
      await progress.getByText(/^✓ Done/).waitFor(patience);

      await employee.getByLabel("Message #orders").fill("/countersign runs");
      await employee.getByRole("button", { name: "Send" }).first().click();
      await employee.getByText(/ · done · Order the parts/).waitFor(patience);
      const orders = await it.system.books<{ run: string }>("orders");
      assert.equal(new Set(orders.map(({ run }) => run)).size, 1);
      assert.deepEqual(it.slack.failures, []);
    } finally {
      await browser.close();
      await it.stop();
    }
  },
);
