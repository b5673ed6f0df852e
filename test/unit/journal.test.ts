import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assert as assertProperty,
  boolean,
  constant,
  constantFrom,
  dictionary,
  double,
  integer,
  nat,
  oneof,
  property,
  string,
  stringMatching,
} from "../fakes/fast-check.ts";
import { canonicalHash } from "../../src/canonical.ts";
import type { ChainHead, JournalRecord } from "../../src/journal.ts";
import { emptyChain, extendsHeads, genesis, nextRecord, verifyChain } from "../../src/journal.ts";
import { verifyJournal } from "../../src/verify-journal.ts";

const body = Buffer.from("body");
/** A chain of `length` records after `from`. */
function chain(length: number, from: ChainHead = emptyChain("bot")): JournalRecord[] {
  const records: JournalRecord[] = [];
  let head = from;
  for (let index = 0; index < length; index += 1) {
    const entry = { kind: "step", run: "run1", facts: { index } };
    const record = nextRecord(head, 1_000 + index, entry, index % 2 === 0 ? body : null);
    records.push(record);
    head = record;
  }
  return records;
}
const headOf = (records: readonly JournalRecord[], writer = "bot"): ChainHead => {
  const last = records.at(-1);
  return last === undefined ? emptyChain(writer) : { writer, seq: last.seq, hash: last.hash };
};
async function* stored(records: readonly JournalRecord[]) {
  for (const record of records) {
    yield await Promise.resolve([{ ...record, body: record.bodyHash === null ? null : body }]);
  }
}

test("a record's hash is SHA-256 over the canonical JSON of its other fields", () => {
  const record = nextRecord(
    emptyChain("bot"),
    5,
    { kind: "step", run: null, facts: { b: 1, a: true } },
    null,
  );
  // Computed with `printf '%s' … | sha256sum` over the text of RFC 8785:
  // {"at":5,"bodyHash":null,"facts":{"a":true,"b":1},"kind":"step","prev":"000…","run":null,"seq":1,"writer":"bot"}
  assert.equal(record.hash, "79aa2be697377b41f80db8130ee3e4a7c96337dadb68f78def974df1255ee202");
  assert.equal(record.prev, genesis);
});

test("every record's hash is that of its canonical JSON, which verifying computes in another way", () => {
  const fact = oneof(
    string({ unit: "binary" }),
    double(),
    boolean(),
    constant(null),
    constantFrom("\\ud800", "\ud800"),
  );
  const facts = dictionary(stringMatching(/^[A-Za-z_]\w{0,6}$/), fact);
  assertProperty(
    property(facts, string({ unit: "binary" }), (given, run) => {
      const record = (): JournalRecord =>
        nextRecord(emptyChain("bot"), 5, { kind: "step", run, facts: given }, null);
      const { hash: _hash, ...content } = {
        writer: "bot",
        seq: 1,
        at: 5,
        kind: "step",
        run,
        facts: given,
        bodyHash: null,
        prev: genesis,
        hash: "",
      };
      let expected: string;
      try {
        expected = canonicalHash(content);
      } catch {
        assert.throws(record);
        return;
      }
      assert.equal(record().hash, expected);
    }),
  );
});

test("a chain verifies from the start and from any head in it", () => {
  const records = chain(6);
  assert.deepEqual(verifyChain(records, emptyChain("bot")), { ok: true, head: headOf(records) });
  assert.deepEqual(verifyChain(records.slice(3), headOf(records.slice(0, 3))), {
    ok: true,
    head: headOf(records),
  });
  assert.deepEqual(verifyChain([], emptyChain("bot")), { ok: true, head: emptyChain("bot") });
});

test("any change of any field of any record is found at that record", () => {
  const changes: readonly ((record: JournalRecord) => Partial<JournalRecord>)[] = [
    (record) => ({ at: record.at + 1 }),
    () => ({ kind: "other" }),
    () => ({ run: null }),
    () => ({ facts: {} }),
    () => ({ bodyHash: genesis }),
    () => ({ prev: "f".repeat(64) }),
    () => ({ hash: "f".repeat(64) }),
    () => ({ writer: "other" }),
  ];
  assertProperty(
    property(integer({ min: 1, max: 12 }), nat(), constantFrom(...changes), (length, pick, change) => {
      const records = chain(length);
      const index = pick % length;
      const altered = records.map((record, at) => (at === index ? { ...record, ...change(record) } : record));
      const verdict = verifyChain(altered, emptyChain("bot"));
      assert.ok(!verdict.ok);
      assert.equal(verdict.firstBad.seq, index + 1);
    }),
  );
});

test("an altered record that was hashed anew is blamed, not the one after it", async () => {
  const records = chain(5);
  const [first, second] = records;
  assert.ok(first !== undefined && second !== undefined);
  const forged = nextRecord(headOf([first]), 1, { kind: "forged", run: null, facts: {} }, null);
  const altered = records.with(1, forged);
  const firstBad = { writer: "bot", seq: 2, problem: "altered" } as const;
  assert.deepEqual(verifyChain(altered, emptyChain("bot")), { ok: false, firstBad });
  const lastForged = [
    ...records.slice(0, 4),
    nextRecord(headOf(records.slice(0, 4)), 1, { kind: "x", run: null, facts: {} }, null),
  ];
  const report = await verifyJournal(stored(lastForged), [headOf(records)], []);
  assert.deepEqual(report.firstBad, { writer: "bot", seq: 5, problem: "altered" });
});

test("missing records are named: in the middle, at the start, at the end", async () => {
  const records = chain(5);
  const without = (...seqs: number[]) => records.filter((record) => !seqs.includes(record.seq));
  const first = async (left: readonly JournalRecord[]) =>
    (await verifyJournal(stored(left), [headOf(records)], [])).firstBad;
  assert.deepEqual(await first(without(3)), { writer: "bot", seq: 3, problem: "missing" });
  assert.deepEqual(await first(without(1, 2)), { writer: "bot", seq: 1, problem: "missing" });
  assert.deepEqual(await first(without(4, 5)), { writer: "bot", seq: 4, problem: "tail-missing" });
  assert.deepEqual(await first([]), { writer: "bot", seq: 1, problem: "tail-missing" });
});

test("a chain rewritten as a whole contradicts the checkpoint; what came after it is counted", async () => {
  const records = chain(6);
  const at = "2026-01-05T09:00:00.000Z";
  const checkpoint = { tag: "countersign/checkpoint/1", heads: [headOf(records.slice(0, 4))], at } as const;
  const good = await verifyJournal(stored(records), [headOf(records)], [checkpoint]);
  assert.deepEqual(good, { ok: true, records: 6, firstBad: null, unwitnessed: 2 });
  const rewritten: JournalRecord[] = [];
  for (const record of records) {
    rewritten.push(nextRecord(headOf(rewritten), record.at, { ...record, kind: "forged" }, null));
  }
  const report = await verifyJournal(stored(rewritten), [headOf(rewritten)], [checkpoint]);
  assert.deepEqual(report.firstBad, { writer: "bot", seq: 4, problem: "rewritten" });
  const cut = await verifyJournal(stored(records.slice(0, 3)), [headOf(records.slice(0, 3))], [checkpoint]);
  assert.deepEqual(cut.firstBad, { writer: "bot", seq: 4, problem: "tail-missing" });
});

test("a witness accepts exact extensions only", () => {
  const bot = chain(5);
  const other = chain(2, emptyChain("other"));
  const before = [headOf(bot.slice(0, 3))];
  const heads = [headOf(bot), headOf(other, "other")];
  const between = [...other, ...bot.slice(3)];
  assert.deepEqual(extendsHeads(before, heads, between), { ok: true });
  assert.deepEqual(extendsHeads(heads, heads, []), { ok: true });
  const firstBad = (...given: Parameters<typeof extendsHeads>) => {
    const verdict = extendsHeads(...given);
    return verdict.ok ? null : verdict.firstBad;
  };
  const named = (writer: string, seq: number, problem: string) => ({ writer, seq, problem });
  assert.deepEqual(firstBad(heads, [headOf(bot)], []), named("other", 1, "tail-missing"));
  assert.deepEqual(firstBad(heads, before, []), named("bot", 4, "tail-missing"));
  assert.deepEqual(firstBad(before, heads, bot.slice(3)), named("other", 1, "missing"));
  assert.deepEqual(firstBad(before, heads, [...other, ...bot.slice(4)]), named("bot", 4, "missing"));
  const forged = { ...headOf(bot), hash: genesis };
  assert.deepEqual(firstBad(before, [forged], bot.slice(3)), named("bot", 5, "altered"));
  const rewritten = chain(5).map((record) => ({ ...record, kind: "forged" }));
  assert.deepEqual(firstBad(before, [headOf(rewritten)], rewritten.slice(3)), named("bot", 4, "altered"));
});
