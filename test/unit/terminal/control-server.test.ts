import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { Hono } from "hono";
import { startControlServer } from "../../../adapters/terminal/control-server.ts";
import { createTerminalAdapter, type TerminalAdapter } from "../../../adapters/terminal/terminal-adapter.ts";
import { controlClient, type ControlClient } from "../../../src/commands/control-client.ts";
import type { PersonId } from "../../../src/domain.ts";
import { AppError } from "../../../src/errors.ts";
import { ChatOffice } from "../../fakes/chat-office.ts";
import { until } from "../../fakes/manual-time.ts";
import { recordedEdits } from "../../fakes/recorded-edits.ts";

const uuid = (last: number) => `00000000-0000-4000-8000-00000000000${last}`;
const text = "Order the parts needed for 5 widgets for Customer XYZ";

let folder: string;
let office: ChatOffice;
let client: ControlClient;
let server: { close(): Promise<void> };
let logged: object[];
let osPerson: PersonId | undefined;
/** What is to be called when the time has come to look again. */
const looksAgain = new Set<() => void>();
const links: { person: PersonId; by: PersonId }[] = [];
let adapter: TerminalAdapter;
const services = () => {
  adapter = createTerminalAdapter();
  office.adapter = adapter;
  const note = (facts: object) => void logged.push(facts);
  const log = { debug() {}, info() {}, warn: note, error: note };
  return {
    desk: office.desk,
    inbox: office.inbox,
    adapter,
    log,
    osPerson: () => osPerson,
    others: () => false,
    after(_ms: number, call: () => void) {
      looksAgain.add(call);
      return () => looksAgain.delete(call);
    },
    result: () => Promise.reject(new Error(text)),
    refusal: () => null,
    status: () => Promise.resolve({}),
    signInLink(person: PersonId, by: PersonId) {
      links.push({ person, by });
      return Promise.resolve(`http://127.0.0.1/sign-in?token=${person}`);
    },
    journal: new Hono(),
    undo: { undo: (run: string, person: PersonId) => Promise.resolve({ outcome: "accepted", run, person }) },
    erase: () => Promise.resolve({}),
    textsExported: () => Promise.resolve(),
  };
};
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "cs-ctl-"));
  office = new ChatOffice({ now: () => 0 });
  logged = [];
  links.length = 0;
  osPerson = undefined;
  client = controlClient(folder, "bot");
  server = await startControlServer(path.join(folder, "bot.sock"), services());
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});
const ask = (last: number, more: object = {}) =>
  client.post("/requests", { key: uuid(last), text, as: "employee", ...more }) as Promise<{ run: string }>;

test("threads are the server's: a client names a run of its own, no thread", async () => {
  const { run } = await ask(1);
  assert.equal(office.requests[0]?.thread, `terminal:${uuid(1)}`);
  await assert.rejects(ask(2, { thread: `terminal:${uuid(1)}` }), { code: "bad-request" });
  await office.ask(run, "For which customer?", []);
  await ask(3, { run });
  assert.equal(office.requests[1]?.thread, `terminal:${uuid(1)}`);
  await assert.rejects(ask(4, { run, as: "employee-2" }), { code: "not-found" });
  await assert.rejects(ask(5, { run, as: "manager" }), { code: "not-allowed" });
  await assert.rejects(ask(6, { run: "run99" }), { code: "not-found" });
  await office.begin("elsewhere", { person: "employee", text, thread: "console:employee-1" });
  await assert.rejects(ask(7, { run: "elsewhere" }), { code: "not-allowed" });
});

test("an answer to a run that asks nothing is refused, and begins no other run", async () => {
  const { run } = await ask(1);
  const answered = (last: number) =>
    client.post("/requests", { key: uuid(last), text: "yes", as: "employee", run });
  const refused = (await answered(2)) as {
    readonly outcome: string;
    readonly error: { readonly code: string };
  };
  assert.deepEqual([refused.outcome, refused.error.code], ["refused", "no-question"]);
  await office.ask(run, "For which customer?", []);
  assert.deepEqual(await answered(3), { outcome: "accepted", run });
  assert.deepEqual([...office.runs.keys()], [run]);
});

test("an address that is not there is said as such: an empty id, an older bot", async () => {
  await assert.rejects(client.post("/runs//cancel", {}), { code: "not-found", message: /an id is empty/ });
});

test("a stream carries the cards of its run only, and only for who may see it", async () => {
  const { run } = await ask(1);
  const thread = `terminal:${uuid(1)}` as const;
  const seen: string[] = [];
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const line of client.lines(`/runs/${run}/stream?as=employee`)) {
      seen.push((line as { key: string }).key);
      if (seen.length === 1) {
        resolve();
      }
      if (seen.includes(`result-${run}`)) {
        return;
      }
    }
  })();
  await over;
  await office.begin("other", { person: "employee-2", text, thread });
  await office.end(run, "completed");
  await reading;
  assert.deepEqual([...new Set(seen)].toSorted(), [`progress-${run}`, `result-${run}`]);
  await assert.rejects(client.lines(`/runs/${run}/stream?as=employee-2`)[Symbol.asyncIterator]().next(), {
    code: "not-found",
  });
});

test("what a bot drew that this one does not know of is told all the same", async () => {
  const { run } = await ask(1);
  const lines = client.lines(`/runs/${run}/stream?as=employee`)[Symbol.asyncIterator]();
  await lines.next();
  office.adapter = undefined;
  await office.end(run, "completed");
  const cards: string[] = [];
  const reading = (async () => {
    while (!cards.includes(`result-${run}`)) {
      const { value } = await lines.next();
      cards.push((value as { key: string }).key);
    }
  })();
  await until(() => {
    looksAgain.forEach((look) => look());
    return cards.includes(`result-${run}`);
  }, "the result");
  await reading;
});

test("a stream in which nothing happens says by empty lines that the bot works", async () => {
  const { run } = await ask(1);
  const call = request({
    socketPath: path.join(folder, "bot.sock"),
    path: `/runs/${run}/stream?as=employee`,
  }).end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  let received = "";
  response.setEncoding("utf8").on("data", (text: string) => (received += text));
  await until(() => {
    looksAgain.forEach((look) => look());
    return received.endsWith("\n\n\n");
  }, "two empty lines");
  assert.deepEqual([...received.matchAll(/"key"/g)].length, 1);
  response.destroy();
});

test("a stream that cannot look says why and ends, and nobody listens for it any more", async () => {
  const { run } = await ask(1);
  const lines = client.lines(`/runs/${run}/stream?as=employee`)[Symbol.asyncIterator]();
  await lines.next();
  assert.equal(adapter.clients(), 1);
  office.desk.cards = () => Promise.reject(new AppError("data-unavailable", "away", { retryable: true }));
  const ended = assert.rejects(lines.next(), { code: "data-unavailable", retryable: true });
  await until(() => {
    looksAgain.forEach((look) => look());
    return adapter.clients() === 0;
  }, "the end of the stream");
  await ended;
  assert.deepEqual(logged, [{ run, code: "data-unavailable" }]);
});

test("a viewer who is deactivated hears no more", async () => {
  const { run } = await ask(1);
  const lines = client.lines(`/runs/${run}/stream?as=employee`)[Symbol.asyncIterator]();
  await lines.next();
  office.people = office.people.map((each) => ({ ...each, active: false }));
  await office.end(run, "completed");
  assert.equal((await lines.next()).done, true);
});

test("a sign-in link is for oneself, and for others from an admin; the demo's terminal may choose", async () => {
  office.people = [
    ...office.people,
    { id: "admin", name: "Ada Admin", roles: ["admin"], active: true, accounts: [] },
  ];
  assert.deepEqual(await client.post("/links", { person: "manager" }), {
    person: "manager",
    link: "http://127.0.0.1/sign-in?token=manager",
  });
  office.demo = false;
  await assert.rejects(client.post("/links", { person: "manager" }), { code: "unknown-person" });
  await assert.rejects(client.post("/links", { person: "manager", as: "admin" }), { code: "not-allowed" });
  osPerson = "employee";
  await client.post("/links", { person: "employee" });
  await assert.rejects(client.post("/links", { person: "manager" }), { code: "not-allowed" });
  osPerson = "former";
  await assert.rejects(client.post("/links", { person: "former" }), { code: "not-allowed" });
  osPerson = "admin";
  await client.post("/links", { person: "manager" });
  assert.deepEqual(
    links.map(({ person, by }) => `${person} by ${by}`),
    ["manager by admin", "employee by employee", "manager by admin"],
  );
});

test("a wrong body names its field; what fails inside is logged by place, without its text", async () => {
  await assert.rejects(client.post("/approvals/a1", { verdict: "perhaps" }), {
    code: "bad-request",
    message: /verdict/,
  });
  assert.deepEqual(logged, []);
  const { run } = await ask(1);
  await assert.rejects(client.get(`/runs/${run}/result?as=employee`), {
    code: "internal",
    message: "internal error",
  });
  assert.equal(logged.length, 1);
  assert.doesNotMatch(JSON.stringify(logged), /widgets/);
  assert.match(JSON.stringify(logged), /control-server.test.ts/);
});

test("a second server on a socket that answers is refused; a file left by a killed one is replaced", async () => {
  const file = path.join(folder, "bot.sock");
  await assert.rejects(startControlServer(file, services()), { code: "runtime-in-use" });
  await client.get("/status");
  await server.close();
  writeFileSync(file, "");
  server = await startControlServer(file, services());
  await client.get("/status");
});

test("a body without a length is counted while it is read", async () => {
  const call = request({
    socketPath: path.join(folder, "bot.sock"),
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
  await office.begin("r1", { person: "employee", text, thread: "terminal:a|b" });
  const card = (await office.desk.cards("r1", "employee"))[0]?.card;
  assert.ok(card);
  const message = await adapter.post("terminal:a|b", card, { key: "progress-r1" });
  await adapter.update(message, card);
  assert.deepEqual(seen, ["progress-r1", "progress-r1"]);
});

test("a plan is changed by who is named in the demo, else by the operating-system user alone", async () => {
  const { inbox, edits } = recordedEdits();
  Object.assign(office.inbox, inbox);
  const body = { key: uuid(1), planHash: "3f".repeat(32), changes: { quantity: "60" } };
  assert.deepEqual(await client.post("/approvals/run1/edit", body), { outcome: "accepted", run: "run1" });
  const form = (await client.get("/approvals/run1/edit?as=employee")) as { outcome: string };
  assert.equal(form.outcome, "refused");
  const preview = await client.post("/approvals/run1/edit/preview", { ...body, as: "manager" });
  assert.equal((preview as { outcome: string }).outcome, "preview");
  assert.deepEqual(
    edits.map(({ person, key, adapter }) => [person, key, adapter]),
    [["manager", `terminal:manager:${uuid(1)}`, "terminal"]],
  );
});

test("undos that need a person are listed, shown and settled over the socket", async () => {
  await office.begin("run1", { person: "employee", text, thread: "terminal:1" });
  await office.stick("run1");
  const list = (await client.get("/undos")) as { id: string; run: string; step: string }[];
  assert.deepEqual(
    list.map(({ id, run, step }) => [id, run, step]),
    [["run1-1-budget", "run1", "budget"]],
  );
  const card = (await client.get("/undos/run1-1-budget")) as { undo: { attempt: number } };
  assert.equal(card.undo.attempt, 1);
  await assert.rejects(async () => client.get("/undos/run1-1-reserve"), { code: "not-found" });
  await assert.rejects(async () => client.post("/undos/run1-1-budget", { act: "vanish" }));
  const note = "in the ledger";
  const done = await client.post("/undos/run1-1-budget", { as: "manager-2", act: "by-hand", note });
  assert.deepEqual(done, { outcome: "accepted", run: "run1" });
  assert.deepEqual(
    office.undos.map(({ person, adapter, note: said }) => [person, adapter, said]),
    [["manager-2", "terminal", note]],
  );
});
