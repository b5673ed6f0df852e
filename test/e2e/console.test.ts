import assert from "node:assert/strict";
import { test } from "node:test";
import { noChromium as skip, scenes } from "./console-browser.ts";
import { bringApproval, say, sentence } from "./console-states.ts";

const scene = scenes();

test(
  "typing and Enter is all it takes: progress is live, and the card is there",
  { skip },
  async (context) => {
    const { office, signIn, complaints, strangers } = await scene(context);
    const page = await signIn("employee");
    await say(page, sentence);
    await page.keyboard.press("Enter");
    await page.getByText("router · @cs-router").waitFor();
    assert.deepEqual(
      office.requests.map((each) => each.text),
      [sentence],
    );
    await office.proceed("run1", "reserve");
    const reserve = page.locator(".step", { hasText: "inventory · @cs-inventory" });
    await reserve.getByText("working").waitFor();
    const before = await reserve.boundingBox();
    await office.proceed("run1", "offers");
    await reserve.getByText("59 ms").waitFor();
    assert.deepEqual(await reserve.boundingBox(), before, "an update moves nothing");

    await office.openApproval("run1");
    const card = page.getByRole("article", { name: /^Approve:/ });
    await card.getByText("you asked for this plan").waitFor();
    assert.equal(await card.getByRole("button", { name: "Approve" }).count(), 0);
    await office.end("run1", "completed");
    await page.getByRole("article", { name: /^Done:/ }).waitFor();
    assert.deepEqual(complaints, []);
    assert.deepEqual(strangers, []);
  },
);

test("a question is answered in its thread, by a button or in one's own words", { skip }, async (context) => {
  const { office, signIn } = await scene(context);
  const page = await signIn("employee");
  await say(page, "Order parts for 50 widgets");
  await page.getByText("router · @cs-router").waitFor();
  await office.ask("run1", "For which customer?", ["Customer XYZ", "Customer XYZ Export"]);
  await page.getByRole("button", { name: "Customer XYZ", exact: true }).click();
  await page.locator(".said", { hasText: /^Customer XYZ$/ }).waitFor();
  await office.ask("run1", "How many?", []);
  // The box may still be labelled for the question before.
  await page.getByText("How many?", { exact: true }).waitFor();
  await page.getByRole("textbox", { name: "Your answer" }).waitFor();
  await page.getByRole("textbox").fill("fifty");
  await page.keyboard.press("Enter");
  await page.locator(".said", { hasText: /^fifty$/ }).waitFor();
  assert.deepEqual(
    office.requests.map((each) => each.text),
    ["Order parts for 50 widgets", "Customer XYZ", "fifty"],
  );
  assert.equal(new Set(office.requests.map((each) => each.thread)).size, 1);
  assert.equal(await page.locator(".talk").count(), 1);
  await page.getByRole("article", { name: "One question" }).waitFor({ state: "detached" });
});

test("what could not be sent is kept, said so, and can be sent again", { skip }, async (context) => {
  const { office, signIn } = await scene(context);
  const page = await signIn("employee");
  office.refusal = { code: "busy", message: "try later", retryable: true };
  await say(page, sentence);
  await page.getByText("Not sent: try later").waitFor();
  office.refusal = null;
  await page.getByRole("button", { name: "Send again" }).click();
  await page.getByText("router · @cs-router").waitFor();
  assert.equal(await page.getByText("Not sent").count(), 0);
  assert.equal(await page.locator(".said").count(), 1);
});

test("employee and manager side by side in one browser, each with a session", { skip }, async (context) => {
  const opened = await scene(context);
  await bringApproval(opened);
  const { context: profile, signIn } = opened;
  const [employee, manager] = [await signIn("employee"), await signIn("manager")];
  for (const [page, name] of [
    [employee, "Erin Employee"],
    [manager, "Mara Manager"],
  ] as const) {
    await page.reload();
    await page.locator(".account", { hasText: name }).waitFor();
    await page.locator(".account", { hasText: "demo" }).waitFor();
  }
  const cookies = await profile.cookies([employee.url(), manager.url()]);
  assert.deepEqual(cookies.map((each) => each.path).sort(), ["/p/employee", "/p/manager"]);
  assert.ok(cookies.every((each) => each.httpOnly && each.sameSite === "Strict"));
  await employee.getByRole("button", { name: "Sign out" }).click();
  await employee.getByRole("heading", { name: "You are not signed in" }).waitFor();
  await manager.reload();
  await manager.getByRole("button", { name: "Approve" }).waitFor();
});

test(
  "after a restart the page says so, comes back by itself, and shows nothing twice",
  { skip },
  async (context) => {
    const opened = await scene(context);
    const page = await opened.signIn("employee");
    await say(page, sentence);
    await page.getByText("router · @cs-router").waitFor();
    await opened.stopConsole();
    await page.getByText("Connection lost, retrying").waitFor();
    await opened.office.proceed("run1", "reserve");
    await opened.office.openApproval("run1");
    await opened.startAgain();
    await page.getByText("Connection lost, retrying").waitFor({ state: "detached" });
    await page.getByRole("article", { name: /^Approve:/ }).waitFor();
    assert.equal(await page.locator(".talk").count(), 1);
    assert.equal(await page.getByRole("article").count(), 2);
    await opened.office.end("run1", "completed");
    await page.getByRole("article", { name: /^Done:/ }).waitFor();
  },
);

test(
  "run detail shows what went in and came out, and cancels when one is sure",
  { skip },
  async (context) => {
    const opened = await scene(context);
    await bringApproval(opened);
    const { office, signIn } = opened;
    const page = await signIn("employee", "My requests");
    await page.getByRole("link", { name: sentence }).click();
    await page.locator("summary", { hasText: "Credit" }).click();
    await page.getByText('"step": "credit"').first().waitFor();
    await page.getByRole("button", { name: "Cancel this request" }).click();
    await page.getByRole("button", { name: "Yes, cancel it" }).click();
    await page.getByText("what was reserved is released").waitFor();
    assert.deepEqual(office.cancelled, ["run1"]);
  },
);

test(
  "many tabs of one browser stay usable, and one that is seen again is up to date",
  { skip },
  async (context) => {
    const { office, signIn } = await scene(context);
    const hide = (hidden: boolean) =>
      `Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
     document.dispatchEvent(new Event("visibilitychange"))`;
    const first = await signIn("employee");
    await say(first, sentence);
    await first.getByText("router · @cs-router").waitFor();
    await first.evaluate(hide(true));
    for (let tab = 0; tab < 7; tab += 1) {
      const page = await signIn("employee");
      await page.getByText("router · @cs-router").waitFor();
      await page.evaluate(hide(true));
    }
    await office.openApproval("run1");
    await first.evaluate(hide(false));
    await first.getByRole("article", { name: /^Approve:/ }).waitFor();
  },
);

test("markup from anybody is shown as text", { skip }, async (context) => {
  const hostile = `<img src=x onerror="document.title='owned'"><b>bold</b> javascript:alert(1)`;
  const { office, signIn, complaints, strangers } = await scene(context);
  const page = await signIn("employee");
  await say(page, hostile);
  await page.getByText("router · @cs-router").waitFor();
  await office.ask("run1", hostile, [hostile]);
  await page.getByRole("button", { name: hostile }).waitFor();
  assert.equal(await page.locator(".said").first().textContent(), hostile);
  assert.equal(await page.locator("main img, main b").count(), 0);
  await page.getByRole("link", { name: "Run detail" }).click();
  await page.getByRole("heading", { name: hostile }).waitFor();
  assert.doesNotMatch(await page.title(), /owned/);
  assert.deepEqual(complaints, []);
  assert.deepEqual(strangers, []);
});
