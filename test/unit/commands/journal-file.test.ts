import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { parse } from "csv-parse/sync";
import { verifyFile } from "../../../src/commands/journal-file.ts";
import { type ExportOptions, writeExport } from "../../../src/commands/write-export.ts";
import { emptyChain, nextRecord } from "../../../src/journal.ts";
import type { JournalKind } from "../../../src/record-types.ts";
import { JournalWorld } from "../../fakes/journal-world.ts";

let world: JournalWorld;
let file: string;
beforeEach(async () => {
  world = new JournalWorld();
  await world.setUp();
  file = path.join(world.folder, "journal.jsonl");
  await world.append("record", "bot-A", world.steps(5));
  await world.append("record", "bot-B", world.steps(2, "run2"));
  await world.append("books", "supply-A", world.steps(3));
  await world.witness(await world.heads("record"));
});
afterEach(() => world.close());

function write(change: Partial<ExportOptions> = {}) {
  const all = { run: undefined, since: undefined, until: undefined, as: undefined };
  return writeExport(world.settings, world.config, {
    ...all,
    format: "jsonl",
    out: file,
    withText: false,
    ...change,
  });
}
const verify = () => verifyFile(world.settings, world.config, file);
const lines = async () => (await readFile(file, "utf8")).trimEnd().split("\n");
async function edit(change: (all: string[]) => readonly string[]): Promise<void> {
  await writeFile(file, `${change(await lines()).join("\n")}\n`);
}
const isRecord = (writer: string, seq: number) => (line: string) =>
  line.includes(`"writer":"${writer}"`) && line.includes(`"seq":${seq},`) && line.includes('"type":"record"');
const firstBad = async () => (await verify()).databases.find(({ ok }) => !ok)?.firstBad;

test("a whole journal is written and verified without any database", async () => {
  assert.deepEqual(await write(), { records: 10 });
  const report = await verify();
  assert.equal(report.ok, true);
  assert.deepEqual(
    report.databases.map(({ name, records, unwitnessed, witness }) => [
      name,
      records,
      unwitnessed,
      witness.at !== null,
    ]),
    [
      ["record", 7, 0, true],
      ["books", 3, 3, false],
      ["gateway", 0, 0, false],
    ],
  );
  const record: unknown = JSON.parse((await lines()).find(isRecord("bot-A", 1)) ?? "");
  const fields = "type database writer seq at kind run facts bodyHash prev hash";
  assert.deepEqual(Object.keys(record as object), fields.split(" "));
});

test("one character changed in any line of a record is found there", async () => {
  await write();
  const all = await lines();
  const place = all.findIndex(isRecord("bot-A", 3));
  const line = all[place] ?? "";
  for (const [from, to] of [
    ['"index":2', '"index":3'],
    ['"kind":"step"', '"kind":"stop"'],
    ["1970-01-01T00:00:01.000Z", "1970-01-01T00:00:02.000Z"],
    ['"run":"run1"', '"run":"run3"'],
  ] as const) {
    assert.ok(line.includes(from), from);
    await writeFile(file, `${all.with(place, line.replace(from, to)).join("\n")}\n`);
    assert.deepEqual(await firstBad(), { writer: "bot-A", seq: 3, problem: "altered" }, from);
  }
});

test("records taken away, from the middle or the end, and ones put in another order are named", async () => {
  const end = (all: readonly string[], records: number) =>
    all.with(all.length - 1, JSON.stringify({ type: "end", records }));
  await write();
  await edit((all) =>
    end(
      all.filter((line) => !isRecord("bot-A", 3)(line)),
      9,
    ),
  );
  assert.deepEqual(await firstBad(), { writer: "bot-A", seq: 3, problem: "missing" });
  await write();
  await edit((all) =>
    end(
      all.filter((line) => !isRecord("bot-A", 5)(line)),
      9,
    ),
  );
  assert.deepEqual(await firstBad(), { writer: "bot-A", seq: 5, problem: "tail-missing" });
  await write();
  await edit((all) => {
    const place = all.findIndex(isRecord("bot-A", 2));
    return all.with(place, all[place + 1] ?? "").with(place + 1, all[place] ?? "");
  });
  assert.deepEqual(await firstBad(), { writer: "bot-A", seq: 2, problem: "missing" });
});

test("a chain rewritten and hashed anew, heads included, contradicts the witness", async () => {
  await write();
  await edit((all) => {
    let head = emptyChain("bot-A");
    const forged = all.map((line) => {
      if (!line.includes('"writer":"bot-A"') || !line.includes('"type":"record"')) {
        return line;
      }
      const { type, database, ...old } = JSON.parse(line) as Record<string, unknown>;
      const record = nextRecord(head, 1_000, { kind: "forged", run: null, facts: {} }, null);
      head = { writer: "bot-A", seq: record.seq, hash: record.hash };
      return JSON.stringify({ type, database, ...old, ...record, at: old["at"] });
    });
    return forged.map((line) => {
      const part = JSON.parse(line) as { type: string; heads?: readonly { writer: string }[] };
      const heads = part.heads?.map((each) => (each.writer === "bot-A" ? head : each));
      return heads === undefined ? line : JSON.stringify({ ...part, heads });
    });
  });
  assert.deepEqual(await firstBad(), { writer: "bot-A", seq: 5, problem: "rewritten" });
});

test("a forged checkpoint is not believed", async () => {
  await write();
  await edit((all) => all.map((line) => line.replace(String.raw`\"seq\":5`, String.raw`\"seq\":4`)));
  const report = await verify();
  assert.equal(report.ok, false);
  assert.match(report.databases[0]?.witness.problem ?? "", /does not bear compliance's granted signature/);
});

test("a file that was cut off, or is none, is refused with the line", async () => {
  await write();
  await edit((all) => all.slice(0, -1));
  await assert.rejects(verify(), { code: "journal-cut" });
  await write();
  await edit((all) => all.filter((line) => !isRecord("bot-A", 5)(line)));
  await assert.rejects(verify(), { code: "not-an-export", message: /another number of records/ });
  await edit((all) => all.with(2, "{"));
  await assert.rejects(verify(), { code: "not-an-export", message: /^line 3 / });
});

test("a part is verified as a part, by run and by time", async () => {
  assert.deepEqual(await write({ run: "run2" }), { records: 2 });
  const part = await verify();
  assert.equal(part.ok, true);
  assert.match(part.notes.join(), /a part of the journal/);
  await edit((all) => all.map((line) => line.replace('"index":1', '"index":7')));
  assert.deepEqual(await firstBad(), { writer: "bot-B", seq: 2, problem: "altered" });
  assert.deepEqual(await write({ since: 1_001 }), { records: 0 });
  assert.deepEqual(await write({ since: 1_000, until: 1_001 }), { records: 10 });
});

test("CSV carries the same fields; what a spreadsheet would run as a formula is text there", async () => {
  await world.append("books", "=cmd()", [{ kind: "@sum" as JournalKind, run: "+1", facts: {} }]);
  await world.append("books", "tab", [{ kind: "\tx" as JournalKind, run: "-1", facts: {} }]);
  await write({ format: "csv" });
  const rows: readonly Record<string, string>[] = parse(await readFile(file, "utf8"), { columns: true });
  assert.equal(rows.length, 12);
  const odd = rows.filter(({ kind }) => kind !== "step");
  assert.deepEqual(
    odd.map(({ writer, kind, run }) => [writer, kind, run]),
    [
      ["'=cmd()", "'@sum", "'+1"],
      ["tab", "'\tx", "'-1"],
    ],
  );
  assert.match(rows[0]?.["hash"] ?? "", /^[0-9a-f]{64}$/);
});

test("an export that fails leaves the older file as it was, and no draft", async () => {
  await write();
  const before = await readFile(file, "utf8");
  // Texts are opened by the running bot only.
  await assert.rejects(write({ withText: true }), { code: "not-running" });
  assert.equal(await readFile(file, "utf8"), before);
  assert.deepEqual(
    (await readdir(world.folder)).filter((name) => name.includes("journal.jsonl")),
    ["journal.jsonl"],
  );
});

test("a file that is not there, is no file or was cut in a line is said as such, as is a place that takes none", async () => {
  await assert.rejects(verify(), { code: "usage", message: /journal\.jsonl: is not there$/ });
  await assert.rejects(verifyFile(world.settings, world.config, world.folder), {
    code: "usage",
    message: /is a folder$/,
  });
  await write();
  await writeFile(file, (await readFile(file, "utf8")).slice(0, -30));
  await assert.rejects(verify(), { code: "not-an-export", message: /not JSON: the file was cut off/ });
  for (const [out, code] of [
    [world.folder, "EISDIR"],
    [path.join(world.folder, "nowhere", "journal"), "ENOENT"],
  ] as const) {
    await assert.rejects(write({ out }), { code: "cannot-write", message: new RegExp(`\\(${code}\\)$`) });
  }
});
