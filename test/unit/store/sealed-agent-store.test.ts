import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { noBooks } from "../../../adapters/store/books-database.ts";
import { openSealedAgentStore } from "../../../adapters/store/sealed-agent-store.ts";
import type { InboxKey, OutboxRow } from "../../../src/record-types.ts";
import { sqliteTestBooks, type TestBooks } from "../../fakes/test-books.ts";

/** The gateway's store: what models answered is stored as the record stores it, sealed for its place. */

const answer = { output: { value: { customer: "Quillfeather Ombrelle Works" }, model: "rules" } };
let world: TestBooks;
let folder: string;
before(async () => {
  world = await sqliteTestBooks();
  folder = mkdtempSync(path.join(tmpdir(), "cs-keys-"));
});
after(async () => {
  await world.close();
  rmSync(folder, { recursive: true });
});

const open = (keyFile = "record.key") =>
  openSealedAgentStore({
    database: world.database,
    books: noBooks,
    agent: "gateway",
    clock: { now: () => 1_000 },
    writer: "gateway-1",
    keyFile: path.join(folder, keyFile),
  });
const subject = (run: string) => ({ run, revision: 1, step: "route", attempt: 1 });
const inbox = (run: string): InboxKey => ({
  sender: "@cs-router",
  kind: "request",
  subject: subject(run),
});
const row = (run: string): OutboxRow => ({
  id: `result-${run}`,
  to: "@cs-router",
  kind: "result",
  subject: subject(run),
  body: answer,
  dueAt: 100,
  expiresAt: 10_000,
  tries: 0,
});
const answerTo = async (run: string) => {
  const store = await open();
  const lease = await store.acquireLease("main");
  await store.perform({
    inbox: inbox(run),
    lease,
    token: 1,
    work: async () => ({ reply: row(run), journal: [] }),
  });
  return store;
};
const bodies = () =>
  world.database.read((db) => db.selectFrom("agent_outbox").select(["id", "body"]).execute());

test("replies are stored sealed and given back as they were, also after a restart", async () => {
  await answerTo("run1");
  const [stored] = await bodies();
  const raw = Buffer.from(stored?.body ?? "", "base64").toString("latin1");
  assert.doesNotMatch(`${stored?.body} ${raw}`, /Quillfeather|customer|rules/);
  const restarted = await open();
  assert.deepEqual(await restarted.replyAgain(inbox("run1"), { now: 2_000, instance: "main", token: 1 }), {
    ...row("run1"),
    instance: "main",
    fencing: 1,
    dueAt: 2_000,
  });
  assert.deepEqual((await restarted.claimOutbox(2_000, 50, 10))[0]?.body, answer);
  await restarted.closeOutbox(["result-run1"]);
});

test("the key lies in a file of its own, for its owner alone; another one is refused at start", async () => {
  await open();
  assert.equal(statSync(path.join(folder, "record.key")).mode & 0o777, 0o600);
  await assert.rejects(open("other.key"), { code: "sealed-broken", message: /agent_values/ });
});

test("a reply moved to another request, or altered, is not sent", async () => {
  const store = await answerTo("run2");
  const [first] = await bodies();
  const put = (body: string) =>
    world.database.unit((tx) =>
      tx.updateTable("agent_outbox").set({ body }).where("id", "=", "result-run2").execute(),
    );
  await put(first?.body ?? "");
  await assert.rejects(store.replyAgain(inbox("run2"), { now: 2_000, instance: "main", token: 1 }), {
    code: "sealed-broken",
    message: /gateway\/result-run2/,
  });
  await put(JSON.stringify(answer));
  await assert.rejects(store.replyAgain(inbox("run2"), { now: 2_000, instance: "main", token: 1 }), {
    code: "sealed-broken",
  });
});
