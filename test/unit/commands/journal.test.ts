import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { AgentStoreTables } from "../../../adapters/store/agent-store-tables.ts";
import { openCompanyBooks } from "../../../src/processes/company-books.ts";
import { databasePlace, openPlace } from "../../../src/processes/databases.ts";
import { serveGateway } from "../../../src/processes/gateway-server.ts";
import { lockFolder } from "../../../src/processes/folder-lock.ts";
import { makeRuntimeFolder } from "../../../src/processes/runtime-folder.ts";
import { serveBooks } from "../../../src/processes/books-server.ts";
import { verifyJournals } from "../../../src/commands/journal-report.ts";
import { JournalWorld } from "../../fakes/journal-world.ts";

const bot = "bot-A";
const supply = "supply-A";
const request = "11".repeat(32);
const reply = "22".repeat(32);
let world: JournalWorld;

/** A bot's chain of six records, two of them envelopes, and supply's chain with the other side of both. */
beforeEach(async () => {
  world = new JournalWorld();
  await world.setUp();
  const [first, ...others] = world.steps(4);
  assert.ok(first);
  await world.append("record", bot, [
    first,
    world.envelope("out", "@cs-supply", request),
    // The engine names the sender "from".
    { kind: "envelope", run: "run1", facts: { direction: "in", from: "@cs-supply", hash: reply } },
    ...others,
  ]);
  await world.append("books", supply, [
    world.envelope("in", "@cs-bot", request),
    world.envelope("out", "@cs-bot", reply),
  ]);
});
afterEach(() => world.close());

const check = () => verifyJournals(world.settings, world.config);
async function firstBad() {
  const report = await check();
  assert.equal(report.ok, false);
  return report.databases.find(({ name }) => name === "record")?.firstBad;
}

test("sound journals are good, and say what no checkpoint covers yet", async () => {
  const before = await check();
  assert.equal(before.ok, true);
  assert.deepEqual(
    before.databases.map(({ name, records, unwitnessed }) => [name, records, unwitnessed]),
    [
      ["record", 6, 6],
      ["books", 2, 2],
      ["gateway", 0, 0],
    ],
  );
  assert.deepEqual(
    before.databases.map(({ witness }) => [witness.by, witness.at]),
    [
      ["compliance", null],
      ["gateway", null],
      ["compliance", null],
    ],
  );
  await world.witness(await world.heads("record"));
  await world.append("record", "bot-B", world.steps(2));
  const after = await check();
  assert.equal(after.ok, true);
  assert.deepEqual([after.databases[0]?.witness.problem, after.notes], [null, []]);
  assert.equal(after.databases[0]?.unwitnessed, 2);
});

test("a byte changed in any column of a record is named", async () => {
  for (const [column, value] of [
    ["body", Buffer.from('{"text":"step X"}')],
    ["facts", '{"index":7}'],
    ["facts", "{broken"],
    ["run", "run2"],
    ["at", 1_001],
    ["kind", "stop"],
    ["body_hash", "00".repeat(32)],
  ] as const) {
    const copy = new JournalWorld();
    await copy.setUp();
    await copy.append("record", bot, copy.steps(5));
    copy.tamper("record", `update journal set ${column} = ? where seq = 3`, value);
    const report = await verifyJournals(copy.settings, copy.config);
    copy.close();
    assert.deepEqual(report.databases[0]?.firstBad, { writer: bot, seq: 3, problem: "altered" }, column);
    assert.deepEqual([report.ok, report.databases[0]?.records], [false, 2]);
  }
});

test("a middle record deleted is named, and one of the books", async () => {
  world.tamper("record", "delete from journal where seq = 4");
  assert.deepEqual(await firstBad(), { writer: bot, seq: 4, problem: "missing" });
  world.tamper("books", "update journal set run = 'run2' where seq = 1");
  const report = await check();
  assert.deepEqual(report.databases[1]?.firstBad, { writer: supply, seq: 1, problem: "altered" });
});

test("a tail deleted is named, by the database's own head or by the checkpoint", async () => {
  await world.witness(await world.heads("record"));
  world.tamper("record", "delete from journal where seq > 4");
  assert.deepEqual(await firstBad(), { writer: bot, seq: 5, problem: "tail-missing" });
  world.tamper(
    "record",
    "update chains set seq = 4, hash = (select hash from journal where writer = ? and seq = 4)",
    bot,
  );
  assert.deepEqual(await firstBad(), { writer: bot, seq: 5, problem: "tail-missing" });
});

test("a chain, or the whole database, that is gone is missed by the checkpoint", async () => {
  await world.witness(await world.heads("record"));
  world.tamper("record", "delete from journal");
  world.tamper("record", "delete from chains");
  assert.deepEqual(await firstBad(), { writer: bot, seq: 1, problem: "tail-missing" });
  await rm(path.join(world.folder, "bot"), { recursive: true });
  assert.deepEqual(await firstBad(), { writer: bot, seq: 1, problem: "tail-missing" });
});

test("a chain rewritten from the start, sound in itself, is caught by the checkpoint", async () => {
  await world.witness(await world.heads("record"));
  world.tamper("record", "delete from journal");
  world.tamper("record", "delete from chains");
  await world.append("record", bot, world.steps(9, "run2"));
  assert.deepEqual(await firstBad(), { writer: bot, seq: 6, problem: "rewritten" });
});

test("a checkpoint that compliance did not sign is not believed", async () => {
  await world.witness(await world.heads("record"), { signer: "supply" });
  const report = await check();
  assert.equal(report.ok, false);
  assert.match(report.databases[0]?.witness.problem ?? "", /does not bear compliance's granted signature/);
});

test("a checkpoint altered afterwards, or trust signed by another company, is not believed", async () => {
  await world.witness(await world.heads("record"));
  world.tamper("books", "update checkpoints set document = replace(document, '\"seq\":6', '\"seq\":5')");
  assert.match((await check()).databases[0]?.witness.problem ?? "", /granted signature/);
  const file = path.join(world.folder, "keys", "bot", "company.pub");
  const text = await readFile(file, "utf8");
  await writeFile(file, `${text.slice(1, 43)}${text[0] === "A" ? "B" : "A"}\n`);
  assert.match((await check()).databases[0]?.witness.problem ?? "", /cannot be verified/);
});

test("books and gateway rewritten from the start, sound in themselves, are caught by their witnesses", async () => {
  await world.append("gateway", "gateway-A", world.steps(3));
  for (const [name, writer, seq] of [
    ["books", supply, 2],
    ["gateway", "gateway-A", 3],
  ] as const) {
    await world.witness(await world.heads(name), { of: name });
    assert.deepEqual((await check()).databases.find((each) => each.name === name)?.unwitnessed, 0);
    world.tamper(name, "delete from journal");
    world.tamper(name, "delete from chains");
    await world.append(name, writer, world.steps(9, "run2"));
    const bad = (await check()).databases.find((each) => each.name === name);
    assert.deepEqual(bad?.firstBad, { writer, seq, problem: "rewritten" }, name);
  }
});

test("a witness whose own database was set back is named; the owner's copy still counts", async () => {
  const early = await world.heads("books");
  await world.witness(early, { of: "books", at: "2026-01-05T09:00:00.000Z" });
  await world.append("books", supply, world.steps(3));
  await world.own("books", await world.heads("books"), "2026-01-05T09:00:10.000Z");
  const report = await check();
  assert.equal(report.ok, false);
  assert.match(
    report.databases[1]?.witness.problem ?? "",
    /gateway signed .*10.000Z and keeps only .*00.000Z/,
  );
  world.tamper("books", "delete from journal where seq > 2");
  world.tamper("books", "update chains set seq = 2, hash = (select hash from journal where seq = 2)");
  const cut = (await check()).databases[1];
  assert.deepEqual(cut?.firstBad, { writer: supply, seq: 3, problem: "tail-missing" });
});

test("an envelope that only one side knows is named, in both directions", async () => {
  await world.append("record", bot, [world.envelope("in", "@cs-supply", "33".repeat(32))]);
  await world.append("books", supply, [world.envelope("in", "@cs-bot", "44".repeat(32))]);
  // Sent by another agent than it says.
  await world.append("books", "crm-A", [world.envelope("out", "@cs-bot", "55".repeat(32))]);
  await world.append("record", bot, [world.envelope("in", "@cs-supply", "55".repeat(32))]);
  const report = await check();
  assert.equal(report.ok, false);
  assert.deepEqual(
    report.mismatches.map(({ database, writer, seq, sender, hash }) => [
      database,
      writer,
      seq,
      sender,
      hash.slice(0, 2),
    ]),
    [
      ["record", bot, 7, "@cs-supply", "33"],
      ["record", bot, 8, "@cs-supply", "55"],
      ["books", supply, 3, "@cs-bot", "44"],
    ],
  );
  assert.ok(report.databases.every(({ ok }) => ok));
});

test("a re-sent envelope that never arrived is no mismatch; the gateway's are compared too", async () => {
  await world.append("record", bot, [world.envelope("out", "@cs-supply", "66".repeat(32))]);
  await world.append("books", supply, [world.envelope("out", "@cs-gateway", "77".repeat(32))]);
  await world.append("gateway", "gateway-A", [world.envelope("in", "@cs-supply", "77".repeat(32))]);
  assert.equal((await check()).ok, true);
  await world.append("gateway", "gateway-A", [world.envelope("in", "@cs-supply", "88".repeat(32))]);
  assert.deepEqual(
    (await check()).mismatches.map(({ database, sender }) => [database, sender]),
    [["gateway", "@cs-supply"]],
  );
});

test("while agents and gateway run, their processes are asked", async () => {
  await world.witness(await world.heads("record"));
  await world.append("gateway", "gateway-A", world.steps(1));
  const { runtime } = world.settings;
  makeRuntimeFolder(runtime);
  const company = await openCompanyBooks(world.settings, false);
  const gateway = await openPlace<AgentStoreTables>(databasePlace(world.settings, "gateway"));
  const servers = [await serveBooks(runtime, company), await serveGateway(runtime, gateway)];
  try {
    const report = await check();
    assert.equal(report.ok, true);
    assert.deepEqual(
      report.databases.map(({ name, records }) => [name, records]),
      [
        ["record", 6],
        ["books", 2],
        ["gateway", 1],
      ],
    );
    assert.equal(report.databases[0]?.witness.problem, null);
    assert.deepEqual(report.notes, []);
    world.tamper("gateway", "update journal set kind = 'other'");
    const found = (await check()).databases.find(({ name }) => name === "gateway");
    assert.deepEqual(found?.firstBad, { writer: "gateway-A", seq: 1, problem: "altered" });
  } finally {
    await Promise.all(servers.map((server) => server.close()));
    await Promise.all([company.database.close(), gateway.close()]);
  }
});

test("where the gateway's journal cannot be read, the answer says that it was not checked", async () => {
  await world.append("gateway", "gateway-A", world.steps(1));
  const held = lockFolder(path.join(world.folder, "gateway"), "the gateway");
  try {
    const report = await check();
    assert.ok(report.databases.every(({ name }) => name !== "gateway"));
    assert.match(report.notes.join(), /the gateway .* its journal was not checked/);
  } finally {
    held.release();
  }
});
