import type { Page } from "playwright-core";
import { recordedEdits } from "../fakes/recorded-edits.ts";
import type { Scene } from "./console-browser.ts";

export const sentence = "Order the parts needed for 50 widgets for Customer XYZ";

/** Types as a person does who sees the cursor: into the field that has the focus. */
export async function write(page: Page, text: string): Promise<void> {
  await page.locator("textarea:focus, input:focus").waitFor();
  await page.keyboard.type(text);
}
/** Enter sends. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: /Your (request|answer)/ }).waitFor();
  await write(page, text);
  await page.keyboard.press("Enter");
}
async function ordered(scene: Scene): Promise<Page> {
  const page = await scene.signIn("employee");
  await say(page, sentence);
  await page.getByRole("article").first().waitFor();
  return page;
}
async function decided(scene: Scene, verdict: "approved" | "rejected"): Promise<Page> {
  await ordered(scene);
  await scene.office.openApproval("run1");
  const page = await scene.signIn("manager");
  if (verdict === "approved") {
    await page.getByRole("button", { name: "Approve" }).click();
    await page.locator(".outcome", { hasText: "Approved by manager" }).waitFor();
  } else {
    await page.getByRole("button", { name: "Reject" }).click();
    await write(page, "The customer has asked us to wait.");
    await page.keyboard.press("Enter");
    await page.locator(".outcome", { hasText: "Rejected by manager" }).waitFor();
  }
  return page;
}

/** A plan of the employee's waits for a manager. */
export async function bringApproval({ office }: Scene, run = "run1"): Promise<void> {
  await office.begin(run, { person: "employee", text: sentence, thread: `console:employee-${run}` });
  await office.openApproval(run);
}

/** The manager stops everything: as far as the reason. */
export async function freezing(scene: Scene): Promise<Page> {
  await ordered(scene);
  await scene.office.openApproval("run1");
  const page = await scene.signIn("manager");
  await page.getByRole("button", { name: "Freeze" }).click();
  await write(page, "An invoice came from an account that nobody knows.");
  return page;
}
async function frozen(scene: Scene): Promise<Page> {
  const page = await freezing(scene);
  await page.keyboard.press("Enter");
  await page.getByText("12 of 12 agents know").waitFor();
  await page.getByRole("button", { name: "Ask for it to be lifted" }).waitFor();
  return page;
}

/** The manager wants a plan changed to what it cannot be: in a number, another one, and a choice of several. */
export async function editedWrong(scene: Scene): Promise<Page> {
  Object.assign(scene.office.inbox, recordedEdits({ allFields: true }).inbox);
  await bringApproval(scene);
  const page = await scene.signIn("manager", "My approvals");
  await page.getByRole("button", { name: "Change", exact: true }).click();
  await page.getByLabel("Quantity 1 to 100").fill("101");
  await page.getByLabel("alpha").uncheck();
  await page.getByLabel("beta").uncheck();
  await page.getByLabel("Margin in percent 10 to 40").fill("9");
  await page.getByRole("button", { name: "Show what would change" }).click();
  await page.getByText("9, expected 10 to 40").waitFor();
  return page;
}

/** The states that people see most, each brought about through the page. */
export const states: Readonly<Record<string, (scene: Scene) => Promise<Page>>> = {
  async "signed-out"(scene) {
    const page = await scene.context.newPage();
    await page.goto(scene.console.signInLink("employee"));
    await page.getByText("Erin Employee").waitFor();
    return page;
  },
  async "empty-chat"(scene) {
    const page = await scene.signIn("employee");
    await page.getByText("What do you need?").waitFor();
    return page;
  },
  async progress(scene) {
    const page = await ordered(scene);
    await scene.office.proceed("run1", "logistics");
    await page.getByText("Fallbacks").waitFor();
    return page;
  },
  async "clarifying-question"(scene) {
    const page = await ordered(scene);
    await scene.office.ask("run1", "Which customer do you mean: Customer XYZ or Customer XYZ Export?", [
      "Customer XYZ",
      "Customer XYZ Export",
    ]);
    await page.getByRole("button", { name: "Customer XYZ Export" }).waitFor();
    return page;
  },
  async "open-card"(scene) {
    await ordered(scene);
    await scene.office.openApproval("run1");
    const page = await scene.signIn("manager");
    await page.getByRole("button", { name: "Details" }).click();
    await page.getByText("If something goes wrong").or(page.getByText("Cannot be undone")).first().waitFor();
    return page;
  },
  approved: (scene) => decided(scene, "approved"),
  rejected: (scene) => decided(scene, "rejected"),
  "edited-wrong": editedWrong,
  freezing,
  frozen,
  async "run-detail"(scene) {
    await ordered(scene);
    await scene.office.openApproval("run1");
    const page = await scene.signIn("employee", "My requests");
    await page.getByRole("link", { name: sentence }).click();
    await page.getByRole("heading", { name: "Steps" }).waitFor();
    await page.locator("summary").nth(1).click();
    return page;
  },
};
