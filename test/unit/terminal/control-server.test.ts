import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { afterEach, beforeEach, test } from "node:test";
import { startControlServer } from "../../../adapters/terminal/control-server.ts";
import { createTerminalAdapter } from "../../../adapters/terminal/terminal-adapter.ts";
import { recordedEdits } from "../../fakes/recorded-edits.ts";
import { ControlBench, text, uuid } from "./control-bench.ts";

let bench: ControlBench;
beforeEach(async () => {
  bench = await ControlBench.open();
});
afterEach(() => bench.close());

test("threads are the server's: a client names a run of its own, no thread", async () => {
  const { run } = await bench.ask(1);
  assert.equal(bench.office.requests[0]?.thread, `terminal:${uuid(1)}`);
  await assert.rejects(bench.ask(2, { thread: `terminal:${uuid(1)}` }), { code: "bad-request" });
  await bench.office.ask(run, "For which customer?", []);
  await bench.ask(3, { run });
  assert.equal(bench.office.requests[1]?.thread, `terminal:${uuid(1)}`);
  await assert.rejects(bench.ask(4, { run, as: "employee-2" }), { code: "not-found" });
  await assert.rejects(bench.ask(5, { run, as: "manager" }), { code: "not-allowed" });
  await assert.rejects(bench.ask(6, { run: "run99" }), { code: "not-found" });
  await bench.office.begin("elsewhere", { person: "employee", text, thread: "console:employee-1" });
  await assert.rejects(bench.ask(7, { run: "elsewhere" }), { code: "not-allowed" });
});

test("an answer to a run that asks nothing is refused, and begins no other run", async () => {
  const { run } = await bench.ask(1);
  const answered = (last: number) =>
    bench.client.post("/requests", { key: uuid(last), text: "yes", as: "employee", run });
  const refused = (await answered(2)) as {
    readonly outcome: string;
    readonly error: { readonly code: string };
  };
  assert.deepEqual([refused.outcome, refused.error.code], ["refused", "no-question"]);
  await bench.office.ask(run, "For which customer?", []);
  assert.deepEqual(await answered(3), { outcome: "accepted", run });
  assert.deepEqual([...bench.office.runs.keys()], [run]);
});

test("an address that is not there is said as such: an empty id, an older bot", async () => {
  await assert.rejects(bench.client.post("/runs//cancel", {}), {
    code: "not-found",
    message: /an id is empty/,
  });
});

test("a sign-in link is for oneself, and for others from an admin; the demo's terminal may choose", async () => {
  bench.office.people = [
    ...bench.office.people,
    { id: "admin", name: "Ada Admin", roles: ["admin"], active: true, accounts: [] },
  ];
  assert.deepEqual(await bench.client.post("/links", { person: "manager" }), {
    person: "manager",
    link: "http://127.0.0.1/sign-in?token=manager",
  });
  bench.office.demo = false;
  await assert.rejects(bench.client.post("/links", { person: "manager" }), { code: "unknown-person" });
  await assert.rejects(bench.client.post("/links", { person: "manager", as: "admin" }), {
    code: "not-allowed",
  });
  bench.osPerson = "employee";
  await bench.client.post("/links", { person: "employee" });
  await assert.rejects(bench.client.post("/links", { person: "manager" }), { code: "not-allowed" });
  bench.osPerson = "former";
  await assert.rejects(bench.client.post("/links", { person: "former" }), { code: "not-allowed" });
  bench.osPerson = "admin";
  await bench.client.post("/links", { person: "manager" });
  assert.deepEqual(
    bench.links.map(({ person, by }) => `${person} by ${by}`),
    ["manager by admin", "employee by employee", "manager by admin"],
  );
});

test("a wrong body names its field; what fails inside is logged by place, without its text", async () => {
  await assert.rejects(bench.client.post("/approvals/a1", { verdict: "perhaps" }), {
    code: "bad-request",
    message: /verdict/,
  });
  assert.deepEqual(bench.logged, []);
  const { run } = await bench.ask(1);
  await assert.rejects(bench.client.get(`/runs/${run}/result?as=employee`), {
    code: "internal",
    message: "internal error",
  });
  assert.equal(bench.logged.length, 1);
  assert.doesNotMatch(JSON.stringify(bench.logged), /widgets/);
  assert.match(JSON.stringify(bench.logged), /control-bench.ts/);
});

test("a second server on a socket that answers is refused; a file left by a killed one is replaced", async () => {
  const file = bench.socket;
  await assert.rejects(startControlServer(file, bench.services()), { code: "runtime-in-use" });
  await bench.client.get("/status");
  await bench.server?.close();
  writeFileSync(file, "");
  bench.server = await startControlServer(file, bench.services());
  await bench.client.get("/status");
});

test("a body without a length is counted while it is read", async () => {
  const call = request({
    socketPath: bench.socket,
    method: "POST",
    path: "/requests",
    headers: { "content-type": "application/json", "transfer-encoding": "chunked" },
  });
  call.on("error", () => undefined); // the server may close before all is sent
  const answered = once(call, "response") as Promise<[IncomingMessage]>;
  const piece = Buffer.alloc(1_000_000, " ");
  for (let sent = 0; sent < 17; sent += 1) {
    call.write(piece);
  }
  call.end();
  const [response] = await answered;
  assert.equal(response.statusCode, 413);
  call.destroy();
});

test("a card of a thread whose name holds the separator reaches its listeners", async () => {
  const adapter = createTerminalAdapter();
  const seen: string[] = [];
  adapter.subscribe("terminal:a|b", (key) => seen.push(key));
  await bench.office.begin("r1", { person: "employee", text, thread: "terminal:a|b" });
  const card = (await bench.office.desk.cards("r1", "employee"))[0]?.card;
  assert.ok(card);
  const message = await adapter.post("terminal:a|b", card, { key: "progress-r1" });
  await adapter.update(message, card);
  assert.deepEqual(seen, ["progress-r1", "progress-r1"]);
});

test("a plan is changed by who is named in the demo, else by the operating-system user alone", async () => {
  const { inbox, edits } = recordedEdits();
  Object.assign(bench.office.inbox, inbox);
  const body = { key: uuid(1), planHash: "3f".repeat(32), changes: { quantity: "60" } };
  assert.deepEqual(await bench.client.post("/approvals/run1/edit", body), {
    outcome: "accepted",
    run: "run1",
  });
  const form = (await bench.client.get("/approvals/run1/edit?as=employee")) as { outcome: string };
  assert.equal(form.outcome, "refused");
  const preview = await bench.client.post("/approvals/run1/edit/preview", { ...body, as: "manager" });
  assert.equal((preview as { outcome: string }).outcome, "preview");
  assert.deepEqual(
    edits.map(({ person, key, adapter }) => [person, key, adapter]),
    [["manager", `terminal:manager:${uuid(1)}`, "terminal"]],
  );
});

test("undos that need a person are listed, shown and settled over the socket", async () => {
  await bench.office.begin("run1", { person: "employee", text, thread: "terminal:1" });
  await bench.office.stick("run1");
  const list = (await bench.client.get("/undos")) as { id: string; run: string; step: string }[];
  assert.deepEqual(
    list.map(({ id, run, step }) => [id, run, step]),
    [["run1-1-budget", "run1", "budget"]],
  );
  const card = (await bench.client.get("/undos/run1-1-budget")) as { undo: { attempt: number } };
  assert.equal(card.undo.attempt, 1);
  await assert.rejects(async () => bench.client.get("/undos/run1-1-reserve"), { code: "not-found" });
  await assert.rejects(async () => bench.client.post("/undos/run1-1-budget", { act: "vanish" }));
  const note = "in the ledger";
  const done = await bench.client.post("/undos/run1-1-budget", { as: "manager-2", act: "by-hand", note });
  assert.deepEqual(done, { outcome: "accepted", run: "run1" });
  assert.deepEqual(
    bench.office.undos.map(({ person, adapter, note: said }) => [person, adapter, said]),
    [["manager-2", "terminal", note]],
  );
});
