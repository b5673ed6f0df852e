import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { noChromium as skip, type Scene, scenes } from "./console-browser.ts";
import { bringApproval, write } from "./console-states.ts";

const scene = scenes();
async function withApproval(...given: Parameters<typeof scene>): Promise<Scene> {
  const opened = await scene(...given);
  await bringApproval(opened);
  return opened;
}
const outcome = (page: Page, text: string) => page.locator(".outcome", { hasText: text });
const focused = (page: Page) => page.evaluate<string>("document.activeElement?.textContent ?? ''");
/** The page moves it when it has drawn itself. Asked from here: the page's own rules forbid it to run texts as code. */
async function focusOn(page: Page, selector: string): Promise<void> {
  await page.locator(`${selector}:focus`).waitFor();
}

/** Tab until what has the focus is called this; fails when the keyboard does not reach it. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press("Tab");
    if ((await focused(page)).trim() === name) {
      return;
    }
  }
  assert.fail(`the keyboard does not reach "${name}"`);
}

for (const width of [1280, 360]) {
  test(
    `at ${width} px approving takes one click; at once the buttons are dead, and nothing jumps`,
    { skip },
    async (context) => {
      const { office, signIn } = await withApproval(context, { width });
      const page = await signIn("manager");
      const card = page.getByRole("article");
      // A click brings the button into sight, on a narrow page by scrolling.
      await page.getByRole("button", { name: "Approve" }).scrollIntoViewIfNeeded();
      const before = await card.boundingBox();
      let release: () => void = () => undefined;
      office.hold = new Promise((resolve) => {
        release = resolve;
      });
      await page.getByRole("button", { name: "Approve" }).click();
      await page.getByRole("button", { name: "Processing…" }).waitFor();
      assert.equal(await page.getByRole("button", { name: "Processing…" }).isDisabled(), true);
      assert.equal(await page.getByRole("button", { name: "Reject" }).isDisabled(), true);
      release();
      await outcome(page, "Approved by manager in console").waitFor();
      assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
      assert.deepEqual(await card.boundingBox(), before);
      assert.deepEqual(office.decisions, [
        {
          approval: "a-run1",
          person: "manager",
          verdict: "approved",
          adapter: "console",
          assurance: "clicked",
        },
      ]);
    },
  );
}

test("the keyboard alone approves, and goes on at the outcome", { skip }, async (context) => {
  const { office, signIn } = await withApproval(context);
  const page = await signIn("manager");
  await page.getByRole("button", { name: "Approve" }).waitFor();
  await tabTo(page, "Details");
  await page.keyboard.press("Enter");
  await page.getByRole("columnheader", { name: "Unit price" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("columnheader", { name: "Unit price" }).waitFor({ state: "detached" });
  await focusOn(page, ".details-button");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Shift+Tab");
  await focusOn(page, ".approve");
  await page.keyboard.press("Enter");
  await outcome(page, "Approved by manager").waitFor();
  await focusOn(page, ".outcome");
  assert.equal(office.decisions.length, 1);
});

test(
  "details show every line, supplier, price, account, place, hash and what silence means",
  { skip },
  async (context) => {
    const { signIn } = await withApproval(context);
    const page = await signIn("manager");
    await page.getByRole("button", { name: "Details" }).click();
    const shown = (await page.getByRole("article").textContent()) ?? "";
    const facts = [
      "motor Motor",
      "5 pcs",
      "90.00 USD",
      "94.50 USD",
      "Alpha Parts",
      "XX00ALPHA",
      "Sampletown",
    ];
    for (const fact of [...facts, "3f".repeat(32), "If nobody decides by", "Cannot be undone"]) {
      assert.ok(shown.includes(fact), `${fact} is missing`);
    }
  },
);

test("the keyboard asks and hands on, and goes on where it began", { skip }, async (context) => {
  const { office, signIn } = await withApproval(context);
  const asked: string[] = [];
  Object.assign(office.inbox, {
    askBack: async (_act: unknown, approval: string, text: string) => {
      asked.push(text);
      return { outcome: "accepted", run: approval };
    },
    delegate: async () => ({ outcome: "delegated", id: "d1", until: Date.parse("2026-01-06T09:00:00Z") }),
  });
  const page = await signIn("manager");
  await page.getByRole("button", { name: "Hand on" }).click();
  await focusOn(page, "input[name=to]");
  await page.keyboard.press("Escape");
  await focusOn(page, ".hand-on");
  await page.getByRole("button", { name: "Ask the requester" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Back" }).click();
  await focusOn(page, ".ask");
  await page.keyboard.press("Enter");
  await write(page, "Is it urgent?");
  await page.keyboard.press("Enter");
  await page.getByRole("status").getByText("Asked. The approval stays open").waitFor();
  await focusOn(page, ".ask");
  assert.deepEqual(asked, ["Is it urgent?"]);
  await page.getByRole("button", { name: "Hand on" }).click();
  await page.locator("input[name=to]").fill("manager-2");
  await page.keyboard.press("Enter");
  await page.getByRole("status").getByText("manager-2 may decide until 2026-01-06 09:00 UTC.").waitFor();
});

test("a rejection needs a reason, given in place; Escape takes it back", { skip }, async (context) => {
  const { office, signIn } = await withApproval(context);
  const page = await signIn("manager");
  await page.getByRole("button", { name: "Reject" }).click();
  assert.equal(await page.getByRole("button", { name: "Reject with this reason" }).isDisabled(), true);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Reject", exact: true }).waitFor();
  await focusOn(page, ".reject");
  assert.equal(office.decisions.length, 0);
  await page.keyboard.press("Enter");
  await page.getByRole("textbox").waitFor();
  await write(page, "too expensive");
  await page.getByRole("button", { name: "Reject with this reason" }).click();
  await outcome(page, "Reason: too expensive").waitFor();
  assert.deepEqual(
    office.decisions.map(({ verdict, reason }) => ({ verdict, reason })),
    [{ verdict: "rejected", reason: "too expensive" }],
  );
});

test(
  "lessons 9 and 12: of two managers one decides; the other is told, and both cards end",
  { skip },
  async (context) => {
    const { office, signIn } = await withApproval(context);
    const [first, second] = [await signIn("manager"), await signIn("manager-2")];
    let release: () => void = () => undefined;
    office.hold = new Promise((resolve) => {
      release = resolve;
    });
    await first.getByRole("button", { name: "Approve" }).click();
    await first.getByRole("button", { name: "Processing…" }).waitFor();
    await second.getByRole("button", { name: "Approve" }).click();
    await second.getByRole("button", { name: "Processing…" }).waitFor();
    release();
    for (const page of [first, second]) {
      await outcome(page, "Approved by manager in console").waitFor();
      assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
    }
    await second.getByText("this was already decided, and your click changed nothing").waitFor();
    assert.equal(await first.getByText("already decided").count(), 0);
    assert.equal(office.decisions.length, 1);
  },
);

test("a new approval comes to an open page below the one that is being read", { skip }, async (context) => {
  const opened = await withApproval(context);
  const page = await opened.signIn("manager");
  const first = page.locator('[data-approval="a-run1"]');
  const before = await first.boundingBox();
  await bringApproval(opened, "run2");
  await page.locator('[data-approval="a-run2"]').waitFor();
  await page.getByRole("link", { name: /My approvals\s*2/ }).waitFor();
  assert.match(await page.title(), /^\(2\) /);
  assert.deepEqual(await first.boundingBox(), before);
});

test(
  "where no click counts there are no buttons to decide with: the card says how to sign",
  { skip },
  async (context) => {
    const { office, signIn } = await withApproval(context, { width: 800 });
    await office.openApproval("run1", { signedOnly: true });
    const page = await signIn("manager");
    await outcome(page, "No click counts: sign it on a machine of your own").waitFor();
    await outcome(page, '"countersign inbox --keys FILE"').waitFor();
    assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
    assert.equal(await page.getByRole("button", { name: "Reject" }).count(), 0);
    await page.getByRole("button", { name: "Details" }).click();
  },
);
