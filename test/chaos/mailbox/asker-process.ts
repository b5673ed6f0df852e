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
import type { JournalEntry, OutboxRow } from "../../../src/record-types.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { plannedMessage } from "./mailbox-plan.ts";
import { type MailboxTables, openParticipant, readParticipantSettings } from "./participant.ts";

/** Requests that are open at a time. */
const window = 64;
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

async function append(tx: Tx, entries: readonly JournalEntry[]): Promise<void> {
  await appendJournal(tx, { writer, at: systemClock.now(), entries });
}

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

/** Adds the next message to the outbox, if there is one; the function returned sends it after the commit. */
async function addNext(tx: Tx, index: number): Promise<() => void> {
  const message = relay.prepare(rowOf(index));
  await tx
    .insertInto("agent_outbox")
    .values(outboxValues("bot", message.row, null))
    .execute();
  await append(tx, message.journal);
  return () => message.send();
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

async function receive(message: ReceivedEnvelope): Promise<void> {
  const { kind, subject, from: sender } = message;
  if (kind !== "result" && kind !== "error") {
    return;
  }
  let send = (): void => undefined;
  let isNew = false;
  await database.unit(async (tx) => {
    const closed = await tx
      .updateTable("agent_outbox")
      .set({ open: 0 })
      .where("agent", "=", "bot")
      .where("id", "=", `request-${subject.step}`)
      .where("open", "=", 1)
      .returning("id")
      .execute();
    isNew = closed.length > 0;
    if (isNew) {
      await tx
        .insertInto("effects")
        .values({ step: subject.step, good: isGood(message) ? 1 : 0 })
        .execute();
      await append(tx, [envelopeEntry("in", { ...message, peer: sender.atSign })]);
      if (next < until) {
        send = await addNext(tx, next++);
      }
    }
  });
  answered += isNew ? 1 : 0;
  send();
  const { atSign, instance } = sender;
  const expiresAt = systemClock.now() + deadlineMs;
  await link.send({ to: { atSign, instance }, kind: "ack", subject, body: null, expiresAt });
}

await link.start(receive);
relay.start();
process.send?.({ ready: true });
process.on("disconnect", () => process.exit());
let reported = -1;
setInterval(() => {
  if (answered !== reported) {
    reported = answered;
    process.send?.({ answered, refused: Object.fromEntries(refused) });
  }
}, reportMs);
const missing = Math.min(until - next, window - (next - from - answered));
for (let left = missing; left > 0; left -= batch) {
  const sends = await database.unit(async (tx) => {
    const all: (() => void)[] = [];
    for (let count = 0; count < Math.min(left, batch) && next < until; count += 1) {
      all.push(await addNext(tx, next++));
    }
    return all;
  });
  sends.forEach((send) => send());
}
