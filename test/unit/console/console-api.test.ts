import assert from "node:assert/strict";
import { test } from "node:test";
import { ownerOf, threadOf } from "../../../adapters/console/console-thread.ts";
import { codeOf, consoleWorld } from "../../fakes/console-client.ts";
import { recordedEdits } from "../../fakes/recorded-edits.ts";

const key = "6f1f6c1e-7a55-4b7e-9d0e-2f6c2a7d9a10";
const text = "Order the parts needed for 50 widgets for Customer XYZ";
const thread = "console:employee-6f1f6c1e7a554b7e9d0e2f6c2a7d9a10";
const planHash = "3f".repeat(32);
const office = { person: "employee", text, thread } as const;

test("a message sent twice under its key is one request, in a thread of its own", async () => {
  const world = consoleWorld();
  const browser = await world.signIn("employee");
  const answers = await Promise.all(
    [1, 2].map(() => browser.post("/p/employee/api/requests", { key, text })),
  );
  for (const answer of answers) {
    assert.deepEqual(await answer.json(), { outcome: "accepted", run: "run1", thread });
  }
  assert.deepEqual(world.office.requests, [
    { key: `console:employee:${key}`, thread, person: "employee", text },
  ]);
});
test("nobody writes into somebody else's thread, whatever the names look like", async () => {
  const world = consoleWorld();
  const browser = await world.signIn("manager");
  for (const other of ["console:employee-1", "console:manager-2-1", "console:manager", "console:-1"]) {
    const answer = await browser.post("/p/manager/api/requests", { key, text, thread: other });
    assert.equal(await codeOf(answer), "not-allowed", other);
  }
  assert.deepEqual(world.office.requests, []);
});
test("a thread names its person, whatever is in the name", () => {
  for (const person of ["manager", "manager-2", "a b", "x|y-z", "ünal", "a%2Db", "-"]) {
    assert.equal(ownerOf(threadOf(person, key)), person);
  }
  assert.equal(ownerOf("console:%E0%A4%A-1"), undefined);
  assert.equal(ownerOf("terminal:employee-1"), undefined);
});
test("what is refused is answered with its reason", async () => {
  const world = consoleWorld();
  world.office.refusal = { code: "request-empty", message: "the request is empty", retryable: false };
  const browser = await world.signIn("employee");
  const answer = await browser.post("/p/employee/api/requests", { key, text: " " });
  assert.deepEqual(await answer.json(), { outcome: "refused", error: world.office.refusal, thread });
});
test("a decision is a click of the session's person, for the plan that was shown", async () => {
  const world = consoleWorld();
  await world.office.begin("run1", office);
  await world.office.openApproval("run1");
  const manager = await world.signIn("manager");
  const decide = (body: object) => manager.post("/p/manager/api/approvals/a-run1", body);

  assert.equal(await codeOf(await decide({ verdict: "approved", planHash: "00" })), "plan-changed");
  assert.equal(await codeOf(await decide({ verdict: "rejected", planHash })), "reason-missing");
  assert.equal(await codeOf(await decide({ verdict: "maybe", planHash })), "bad-request");
  assert.deepEqual(world.office.decisions, []);

  const answer = await decide({ verdict: "approved", planHash });
  const body = (await answer.json()) as { outcome: string; card: { approval: unknown; tone: string } };
  assert.deepEqual([body.outcome, body.card.approval, body.card.tone], ["accepted", null, "good"]);
  assert.deepEqual(world.office.decisions, [
    { approval: "a-run1", person: "manager", verdict: "approved", adapter: "console", assurance: "clicked" },
  ]);
});
test("lesson 9: the second decision changes nothing and learns of the first", async () => {
  const world = consoleWorld();
  await world.office.begin("run1", office);
  await world.office.openApproval("run1");
  const [first, second] = await Promise.all(["manager", "manager-2"].map((each) => world.signIn(each)));
  const yes = { verdict: "approved", planHash };
  await first?.post("/p/manager/api/approvals/a-run1", yes);
  const no = { verdict: "rejected", reason: "too late", planHash };
  const late = await second?.post("/p/manager-2/api/approvals/a-run1", no);
  const body = (await late?.json()) as { outcome: string; card: { text: string } };
  assert.equal(body.outcome, "already-decided");
  assert.match(body.card.text, /Approved by manager/);
  assert.equal(world.office.decisions.length, 1);
});
test("people see and decide only what the desk shows them", async () => {
  const world = consoleWorld();
  await world.office.begin("run1", office);
  await world.office.openApproval("run1");
  const other = await world.signIn("employee-2");
  for (const path of ["runs/run1", "chat/run1"]) {
    assert.equal((await other.get(`/p/employee-2/api/${path}`)).status, 404);
  }
  assert.deepEqual(await (await other.get("/p/employee-2/api/approvals")).json(), []);
  const decision = await other.post("/p/employee-2/api/approvals/a-run1", { verdict: "approved", planHash });
  assert.equal(decision.status, 404);
  assert.deepEqual(world.office.decisions, []);
});
test("an internal error shows a reference, not its text", async () => {
  const world = consoleWorld();
  const browser = await world.signIn("employee");
  Object.assign(world.office.desk, { approvals: () => Promise.reject(new Error("secret detail")) });
  const answer = await browser.get("/p/employee/api/approvals");
  assert.equal(answer.status, 500);
  const shown = await answer.text();
  assert.ok(!shown.includes("secret detail"));
  assert.match(shown, /in the log under E\d/);
});
test("a plan is changed by the session's person, for the plan that the form showed", async () => {
  const world = consoleWorld();
  const { inbox, edits, previews } = recordedEdits();
  Object.assign(world.office.inbox, inbox);
  const address = "/p/manager/api/approvals/a-run1/edit";
  const manager = await world.signIn("manager");
  const form = (await (await manager.get(address)).json()) as { fields: { field: string }[] };
  assert.deepEqual(
    form.fields.map(({ field }) => field),
    ["quantity", "shipping"],
  );
  const body = { key, planHash, changes: { quantity: "60" } };
  const preview = await manager.post(`${address}/preview`, body);
  assert.equal(((await preview.json()) as { outcome: string }).outcome, "preview");
  assert.deepEqual(await (await manager.post(address, body)).json(), { outcome: "accepted", run: "run1" });
  const editing = {
    approval: "a-run1",
    person: "manager",
    adapter: "console",
    key: `console:manager:${key}`,
    planHash,
    changes: { quantity: "60" },
  };
  assert.deepEqual([previews, edits], [[editing], [editing]]);
  assert.equal(await codeOf(await manager.post(address, { ...body, person: "employee" })), "bad-request");
  const employee = await world.signIn("employee");
  const refused = await employee.post(address.replace("manager", "employee"), body);
  assert.equal(((await refused.json()) as { outcome: string }).outcome, "refused");
});

test("an undo that needs a person: shown to who may act, settled by the session's person, for the try that was shown", async () => {
  const world = consoleWorld();
  await world.office.begin("run1", office);
  await world.office.stick("run1");
  const manager = await world.signIn("manager");
  const undos = async () => (await (await manager.get("/p/manager/api/undos")).json()) as { id: string }[];
  assert.deepEqual(
    (await undos()).map(({ id }) => id),
    ["run1-1-budget"],
  );
  const act = (body: object) => manager.post("/p/manager/api/undos/run1-1-budget", body);
  assert.equal(await codeOf(await act({ act: "vanish", attempt: 1 })), "bad-request");
  assert.equal(await codeOf(await act({ act: "by-hand", note: " ", attempt: 1 })), "bad-request");
  assert.deepEqual(world.office.undos, []);
  const early = (await (await act({ act: "retry", attempt: 7 })).json()) as { outcome: string };
  assert.equal(early.outcome, "refused", "another try than the card showed");
  const answer = (await (await act({ act: "by-hand", note: "in the ledger", attempt: 1 })).json()) as {
    outcome: string;
    card: { undo: unknown; text: string };
  };
  assert.deepEqual([answer.outcome, answer.card.undo], ["accepted", null]);
  assert.match(answer.card.text, /^Settled by hand by manager in console at .* in the ledger$/);
  assert.deepEqual(
    world.office.undos.map(({ person, adapter, act: what }) => [person, adapter, what]),
    [["manager", "console", "by-hand"]],
  );
  assert.deepEqual(await undos(), []);
});
