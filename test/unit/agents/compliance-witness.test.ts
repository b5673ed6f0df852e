import assert from "node:assert/strict";
import { test } from "node:test";
import compliance from "../../../agents/compliance.ts";
import { canonicalJson } from "../../../src/canonical.ts";
import type { ChainHead, CheckpointStatement, JournalRecord } from "../../../src/journal.ts";
import { gatewayAgent } from "../../../src/governance/gateway.ts";
import { nextRecord } from "../../../src/journal.ts";
import { MemoryBooks } from "../../fakes/memory-books.ts";
import { SampleJournal } from "../../fakes/sample-journal.ts";
import { fakeSign, skillContext } from "../../fakes/skill-context.ts";

const skill = compliance.skills.witness;
const at = "2026-03-02T09:00:00.000Z";
const statementOf = (heads: readonly ChainHead[]): CheckpointStatement => ({
  tag: "countersign/checkpoint/1",
  heads,
  at,
});
function setUp() {
  const books = new MemoryBooks();
  const context = skillContext({ agent: "compliance", books, subject: { run: "witness" } });
  const journal = new SampleJournal();
  /** As the bot asks; the input passes through JSON and the skill's schema, as on the wire. */
  const ask = (heads: readonly ChainHead[], records: readonly JournalRecord[], role = "bot") => {
    const checkpoint = fakeSign(statementOf(heads), role, { atSign: "@cs-bot", instance: "main" });
    const wire: unknown = JSON.parse(canonicalJson({ checkpoint, records }));
    return skill.run(context, skill.input.parse(wire), null);
  };
  return { books, journal, ask };
}
const rewritten = (writer: string, seq: number, problem: string) => ({
  code: "journal-rewritten",
  message: new RegExp(`chain ${writer}, record ${seq}: ${problem}$`),
});
/** Two chains witnessed: "bot-1" to 3 and "bot-2" to 2. */
async function witnessed() {
  const world = setUp();
  const records = [...world.journal.add("bot-1", 3), ...world.journal.add("bot-2", 2)];
  await world.ask(await world.journal.heads(), records);
  return world;
}

test("the first checkpoint is signed over chains from their first record, and kept", async () => {
  const { books, journal, ask } = setUp();
  const records = [...journal.add("bot-1", 3), ...journal.add("bot-2", 1)];
  const heads = await journal.heads();
  const signed = await ask(heads, records);
  assert.deepEqual(signed, fakeSign(statementOf(heads), "compliance"));
  assert.deepEqual(await books.find("checkpoints"), [{ id: "cs-bot", at, document: canonicalJson(signed) }]);
});

test("a first checkpoint that hides the beginning is refused", async () => {
  const { journal, ask } = setUp();
  const records = journal.add("bot-1", 3);
  await assert.rejects(ask(await journal.heads(), records.slice(1)), rewritten("bot-1", 1, "missing"));
});

test("an extension is signed: longer chains, new chains, chains that rest", async () => {
  const { books, journal, ask } = await witnessed();
  const records = [...journal.add("bot-0", 1), ...journal.add("bot-2", 3)];
  const signed = await ask(await journal.heads(), records);
  assert.deepEqual(signed.statement.heads, await journal.heads());
  const [row] = await books.find("checkpoints");
  assert.equal(row?.document, canonicalJson(signed));
});

test("a lost reply: the same checkpoint again, and records that are covered already, are signed again", async () => {
  const { journal, ask } = await witnessed();
  const records = [...(journal.chains.get("bot-1") ?? []), ...(journal.chains.get("bot-2") ?? [])];
  const again = await ask(await journal.heads(), records);
  assert.deepEqual(again.statement.heads, await journal.heads());
  const more = journal.add("bot-2", 2);
  await ask(await journal.heads(), [...records, ...more]);
  assert.deepEqual((await ask(await journal.heads(), [])).statement.heads, await journal.heads());
});

test("a rewritten chain is refused, told as such at the covered record or at the new one", async () => {
  const { journal, ask } = await witnessed();
  const other = new SampleJournal();
  const forged = other.add("bot-2", 4, "run2");
  const heads = [journal.head("bot-1"), other.head("bot-2")];
  await assert.rejects(ask(heads, forged), rewritten("bot-2", 2, "rewritten"));
  await assert.rejects(ask(heads, forged.slice(2)), rewritten("bot-2", 2, "altered"));
  await assert.rejects(ask([journal.head("bot-1"), { ...other.head("bot-2"), seq: 2 }], []), {
    code: "journal-rewritten",
  });
  const covered = journal.chains.get("bot-1") ?? [];
  const altered = covered.map((record) => (record.seq === 2 ? { ...record, kind: "other" } : record));
  await assert.rejects(ask(await journal.heads(), altered), rewritten("bot-1", 2, "altered"));
});

test("missing, reordered and altered new records are refused by writer and number", async () => {
  const { books, journal, ask } = await witnessed();
  const before = await books.find("checkpoints");
  const more = journal.add("bot-2", 4);
  const heads = await journal.heads();
  const [third, fourth, fifth, sixth] = more as [JournalRecord, JournalRecord, JournalRecord, JournalRecord];
  await assert.rejects(ask(heads, [third, fifth, sixth]), rewritten("bot-2", 4, "missing"));
  await assert.rejects(ask(heads, [third, fourth, fifth]), rewritten("bot-2", 6, "missing"));
  await assert.rejects(ask(heads, [fourth, third, fifth, sixth]), rewritten("bot-2", 3, "missing"));
  await assert.rejects(
    ask(heads, [third, { ...fourth, at: 5 }, fifth, sixth]),
    rewritten("bot-2", 4, "altered"),
  );
  // Altered and hashed anew: the next one gives it away.
  const again = nextRecord({ ...third }, 5, fourth, null);
  await assert.rejects(ask(heads, [third, again, fifth, sixth]), rewritten("bot-2", 4, "altered"));
  assert.deepEqual(await books.find("checkpoints"), before, "nothing refused is kept");
});

test("a chain that became shorter, or is gone, is refused", async () => {
  const { journal, ask } = await witnessed();
  const shorter = journal.chains.get("bot-1")?.[1];
  assert.ok(shorter);
  const head = { writer: "bot-1", seq: shorter.seq, hash: shorter.hash };
  await assert.rejects(ask([head, journal.head("bot-2")], []), rewritten("bot-1", 3, "tail-missing"));
  await assert.rejects(ask([journal.head("bot-2")], []), rewritten("bot-1", 1, "tail-missing"));
});

test("only the bot's own signature counts, and each writer is named once", async () => {
  const { journal, ask } = setUp();
  const records = journal.add("bot-1", 1);
  await assert.rejects(ask(await journal.heads(), records, "supply"), { code: "bad-checkpoint" });
  const twice = [...(await journal.heads()), ...(await journal.heads())];
  assert.throws(() => ask(twice, records), /must name each writer once/);
});

test("the gateway's journal is witnessed beside the bot's, the books' by the gateway; nobody speaks for another", async () => {
  const signs = async (caller: string, signer: string, witness: typeof skill) => {
    const books = new MemoryBooks();
    const journal = new SampleJournal();
    const records = journal.add(`${caller}-1`, 2);
    const checkpoint = fakeSign(statementOf(await journal.heads()), signer);
    await witness.run(skillContext({ agent: "witness", caller, books }), { checkpoint, records }, null);
    return (await books.find("checkpoints")).map(({ id }) => id);
  };
  const ofBooks = gatewayAgent({ generate: () => Promise.reject(new Error("not asked")) }).skills["witness"];
  assert.ok(ofBooks);
  assert.deepEqual(await signs("gateway", "gateway", skill), ["cs-gateway"]);
  assert.deepEqual(await signs("compliance", "compliance", ofBooks), ["cs-compliance"]);
  for (const [caller, signer, witness] of [
    ["gateway", "bot", skill],
    ["supply", "supply", skill],
    ["bot", "bot", ofBooks],
  ] as const) {
    await assert.rejects(signs(caller, signer, witness), { code: "bad-checkpoint" });
  }
});
