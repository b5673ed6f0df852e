// The side that asks: an outbox of requests, each closed in the transaction that writes its answer's line.
import type { Kysely } from "kysely";
import { z } from "zod";
import { outboxValues } from "../../../adapters/store/agent-outbox-row.ts";
import { appendJournal } from "../../../adapters/store/journal-store.ts";
import { noBooks } from "../../../adapters/store/books-database.ts";
import { createOutboxRelay, fixedRoute } from "../../../src/link/outbox.ts";
import { envelopeEntry } from "../../../src/link/message-journal.ts";
import { systemTimers } from "../../../src/link/timers.ts";
import type { ReceivedEnvelope } from "../../../src/link-types.ts";
import { incarnation, systemClock } from "../../../src/processes/system.ts";
import type { ReadyMessage } from "../../../src/ports.ts";
import type { JournalEntry, OutboxRow } from "../../../src/record-types.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { plannedMessage } from "./mailbox-plan.ts";
import type { MailboxTables } from "./mailbox-database.ts";
import { openParticipant, readParticipantSettings, tellJudgement } from "./participant.ts";

/** Requests that are open at a time. */
const window = 128;
/** Requests written in one transaction at the start. */
const batch = 16;
const deadlineMs = 3_600_000;
const reportMs = 100;

const settings = readParticipantSettings();
const { seed, from, until } = settings;
const { database, store, trust, link, refused } = await openParticipant("bot", settings, noBooks);
const writer = incarnation("bot");
// What an earlier process had claimed is due again.
await store.acquireLease("main");
const relay = createOutboxRelay({
  store,
  link,
  clock: systemClock,
  timers: systemTimers,
  log: silentLogger,
  route: fixedRoute(({ to }) => trust.agent(to)),
});

type Tx = Kysely<MailboxTables>;

function rowOf(index: number): OutboxRow {
  const { step, text, echo } = plannedMessage(seed, index);
  const now = systemClock.now();
  return {
    id: `request-${step}`,
    to: "supply",
    kind: "request",
    subject: { run: "mail", revision: 1, step, attempt: 1 },
    body: { skill: "note", input: { text, echo } },
    dueAt: now,
    tries: 0,
    expiresAt: now + deadlineMs,
  };
}

/** Adds messages to the outbox, and lines to the journal; the functions returned send them after the commit. */
async function add(
  tx: Tx,
  messages: readonly ReadyMessage[],
  lines: readonly JournalEntry[],
): Promise<(() => void)[]> {
  const entries = [...lines, ...messages.flatMap(({ journal }) => journal)];
  await Promise.all([
    messages.length === 0
      ? undefined
      : tx
          .insertInto("agent_outbox")
          .values(messages.map(({ row }) => outboxValues("bot", row, null)))
          .execute(),
    appendJournal(tx, { writer, at: systemClock.now(), entries }),
  ]);
  return messages.map((message) => () => message.send());
}

const count = (table: "agent_outbox" | "effects"): Promise<number> =>
  database.read(async (db) => {
    const found = await db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll().as("count"))
      .executeTakeFirst();
    return Number(found?.count);
  });
// They are numbered in the order of their commits, so that none is left out.
let next = from + (await count("agent_outbox"));
let answered = await count("effects");

const bodySchema = z.strictObject({ output: z.strictObject({ text: z.string() }) });
function isGood({ kind, body, subject }: ReceivedEnvelope): boolean {
  const planned = plannedMessage(seed, Number(subject.step.slice(1)));
  const parsed = bodySchema.safeParse(body);
  return kind === "result" && parsed.data?.output.text === (planned.echo ? planned.text : "");
}

/** Answers that came, each with what tells its handling that it is written. */
let waiting: { readonly message: ReceivedEnvelope; readonly done: () => void }[] = [];
let writing: Promise<void> = Promise.resolve();

/** All that came while the ones before were written are written together. */
async function writeAnswers(): Promise<void> {
  const taken = waiting;
  waiting = [];
  const steps = [...new Map(taken.map(({ message }) => [message.subject.step, message])).values()];
  const sends: (() => void)[] = [];
  let closed: readonly string[] = [];
  await database.unit(async (tx) => {
    const rows = await tx
      .updateTable("agent_outbox")
      .set({ open: 0 })
      .where("agent", "=", "bot")
      .where(
        "id",
        "in",
        steps.map(({ subject }) => `request-${subject.step}`),
      )
      .where("open", "=", 1)
      .returning("id")
      .execute();
    closed = rows.map(({ id }) => id);
    const isNew = new Set(closed);
    const fresh = steps.filter(({ subject }) => isNew.has(`request-${subject.step}`));
    if (fresh.length > 0) {
      const effects = fresh.map((message) => ({ step: message.subject.step, good: isGood(message) ? 1 : 0 }));
      await tx.insertInto("effects").values(effects).execute();
      const added = fresh.slice(0, until - next).map(() => relay.prepare(rowOf(next++)));
      const lines = fresh.map((message) => envelopeEntry("in", { ...message, peer: message.from.atSign }));
      sends.push(...(await add(tx, added, lines)));
    }
  });
  answered += closed.length;
  relay.forget(closed);
  sends.forEach((send) => send());
  taken.forEach(({ done }) => done());
}

async function receive(message: ReceivedEnvelope): Promise<void> {
  const { kind, subject, from: sender } = message;
  if (kind !== "result" && kind !== "error") {
    return;
  }
  await new Promise<void>((resolve, reject) => {
    waiting.push({ message, done: resolve });
    if (waiting.length === 1) {
      writing = writing.then(writeAnswers);
      writing.catch(reject);
    }
  });
  const { atSign, instance } = sender;
  const expiresAt = systemClock.now() + deadlineMs;
  await link.send({ to: { atSign, instance }, kind: "ack", subject, body: null, expiresAt });
}

await link.start(receive);
relay.start();
process.send?.({ ready: true });
tellJudgement(database, refused);
process.on("disconnect", () => process.exit());
let reported = -1;
setInterval(() => {
  if (answered !== reported) {
    reported = answered;
    process.send?.({ answered });
  }
}, reportMs);
const missing = Math.min(until - next, window - (next - from - answered));
for (let left = missing; left > 0; left -= batch) {
  const sends = await database.unit((tx) => {
    const count = Math.min(left, batch, until - next);
    const added = Array.from({ length: Math.max(0, count) }, () => relay.prepare(rowOf(next++)));
    return add(tx, added, []);
  });
  sends.forEach((send) => send());
}
