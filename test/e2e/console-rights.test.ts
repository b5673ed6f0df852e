import assert from "node:assert/strict";
import { test } from "node:test";
import type { Approval } from "../../src/domain.ts";
import { noRights } from "../fakes/no-rights.ts";
import { sampleApproval } from "../fakes/sample-run.ts";
import { noChromium as skip, scenes } from "./console-browser.ts";

const open = scenes();
const at = Date.parse("2026-01-05T09:00:00.000Z");
const usd = (amount: string) => ({ amount, currency: "USD" });
/** A grant that waits, and whether whoever looks may act on it. */
const waiting = (requester: string, may: boolean) => ({
  terms: {
    id: `for-${requester}`,
    requester,
    workflow: null,
    customers: null,
    suppliers: null,
    currencies: ["USD"],
    tier: "normal",
    each: usd("10.00"),
    inAll: usd("20.00"),
    uses: 2,
    notAfter: "2026-03-01T00:00:00.000Z",
  },
  status: "waiting",
  refused: null,
  approvedBy: [],
  quorum: 1,
  left: { uses: 2, amount: usd("20.00") },
  may: { approve: may, revoke: may },
});
const refused = (message: string) =>
  ({ outcome: "refused", error: { code: "standing-refused", message, retryable: false } }) as const;

test(
  "an approval in advance is proposed in a form; what is refused stays in it",
  { skip },
  async (context) => {
    const scene = await open(context);
    const proposed: { person: string; adapter: string; terms: { readonly until?: string } }[] = [];
    Object.assign(scene.office.inbox, {
      ...noRights,
      proposeStanding: async (
        { person, adapter }: { person: string; adapter: string },
        terms: { readonly until?: string },
      ) => {
        proposed.push({ person, adapter, terms });
        return proposed.length === 1
          ? refused("uses 900: expected at most 100")
          : { outcome: "done", id: "s1", text: "Proposed as s1." };
      },
      standing: async () => [waiting("employee-2", true), waiting("manager", false)],
    });
    const page = await scene.signIn("manager", "My approvals");
    const grants = page.locator(".standing li");
    await grants
      .filter({ hasText: /for employee-2 · orders in USD · tier normal/ })
      .getByRole("button", { name: "Approve" })
      .waitFor();
    assert.equal(await grants.filter({ hasText: "for manager" }).getByRole("button").count(), 0);
    await page.getByRole("button", { name: "Propose one" }).click();
    const form = page.getByRole("form", { name: "Propose an approval in advance" });
    await form.getByRole("button", { name: "Back" }).click();
    await page.locator("button:focus", { hasText: "Propose one" }).waitFor();
    await page.keyboard.press("Enter");
    const frame = (await form.boundingBox()) ?? { x: 0, width: 0 };
    const last = (await form.getByLabel("Until").boundingBox()) ?? { x: 0, width: 0 };
    assert.ok(last.x + last.width <= frame.x + frame.width, "no field sticks out of the form");
    await form.getByLabel("For requests of").fill("employee");
    await form.getByLabel("From suppliers").fill("borealis, cobalt");
    await form.getByLabel("At most for one plan").fill("1500.00");
    await form.getByLabel("At most in all").fill("5000.00");
    await form.getByLabel("Currency").fill("USD");
    await form.getByLabel("For how many plans").fill("900");
    await form.getByLabel("Until").fill("2026-02-01T12:00");
    await form.getByRole("button", { name: "Propose" }).click();
    await form.getByRole("alert").getByText("uses 900: expected at most 100").waitFor();
    await form.getByLabel("For how many plans").fill("9");
    await form.getByRole("button", { name: "Propose" }).click();
    await page.getByRole("status").getByText("Proposed as s1.").waitFor();
    const { until = "", ...terms } = proposed[1]?.terms ?? {};
    assert.equal(until, "2026-02-01T12:00:00.000Z");
    assert.deepEqual(
      { ...proposed[1], terms },
      {
        person: "manager",
        adapter: "console",
        terms: {
          requester: "employee",
          workflow: null,
          customers: null,
          suppliers: ["borealis", "cobalt"],
          each: { amount: "1500.00", currency: "USD" },
          inAll: { amount: "5000.00", currency: "USD" },
          uses: 9,
        },
      },
    );
    assert.deepEqual(scene.complaints, []);
  },
);

test("what somebody decided alone is reviewed on a page of its own", { skip }, async (context) => {
  const scene = await open(context);
  const alone: Approval = sampleApproval("run1", {
    status: "decided",
    decision: {
      by: "manager",
      verdict: "approved",
      at,
      adapter: "slack",
      assurance: "clicked",
      brokeGlass: true,
    },
  });
  const reviewed: string[] = [];
  Object.assign(scene.office.inbox, {
    ...noRights,
    unreviewed: async (person: string) => (person === "manager-2" && reviewed.length === 0 ? [alone] : []),
    review: async ({ person }: { person: string }, approval: string, note: string) => {
      reviewed.push(`${person} ${approval} ${note}`);
      return { outcome: "done", id: approval, text: "Noted." };
    },
  });
  const other = await scene.signIn("employee", "Chat");
  assert.equal(await other.getByRole("link", { name: /^Review / }).count(), 0);
  const page = await scene.signIn("manager-2", "My approvals");
  await page.getByRole("link", { name: /^Review 1 decision that was taken alone/ }).click();
  const card = page.getByRole("article", { name: "Decision of manager" });
  await card.getByText(/^On 2026-01-05 09:00 UTC, in slack/).waitFor();
  await card.getByRole("button", { name: "Review" }).click();
  await card.getByRole("button", { name: "Back" }).click();
  await card.locator("button:focus", { hasText: "Review" }).waitFor();
  await page.keyboard.press("Enter");
  await card.getByRole("textbox").fill("the pump had failed");
  await card.getByRole("button", { name: "Note the review" }).click();
  await page.getByText("Nothing waits for a review.").waitFor();
  assert.deepEqual(reviewed, [`manager-2 ${alone.id} the pump had failed`]);
  assert.deepEqual(scene.complaints, []);
});

test(
  "a run's page says what it waits for, and an address that was cut off shows a page",
  { skip },
  async (context) => {
    const scene = await open(context);
    await scene.office.begin("run1", {
      person: "employee",
      text: "Order parts for 5 flurbs",
      thread: "terminal:1",
    });
    await scene.office.ask("run1", "Which product do you mean?", []);
    const page = await scene.signIn("employee", "My requests");
    await page.getByRole("link", { name: "Order parts for 5 flurbs" }).click();
    await page.getByRole("term").getByText("Which product do you mean?").waitFor();
    await page.getByText("Not answered yet.").waitFor();
    await page.getByRole("button", { name: "Cancel this request" }).focus();
    await page.keyboard.press("Enter");
    await page.locator("button:focus", { hasText: "Keep it" }).waitFor();
    await page.keyboard.press("Enter");
    await page.locator("button:focus", { hasText: "Cancel this request" }).waitFor();
    assert.deepEqual(scene.office.cancelled, []);
    await page.evaluate('location.hash = "#/nowhere/100%"');
    await page.getByRole("heading", { name: "There is no such page" }).waitFor();
    assert.deepEqual(scene.complaints, []);
  },
);
