// The side that is asked: an agent whose one skill writes a line for each request it handles.
import type { Kysely } from "kysely";
import { z } from "zod";
import { noBooks } from "../../../adapters/store/books-database.ts";
import { defineAgent, skill } from "../../../src/define-agent.ts";
import { createAgentHost } from "../../../src/link/host.ts";
import { noModels } from "../../../src/link/remote-model.ts";
import { systemTimers } from "../../../src/link/timers.ts";
import type { Books } from "../../../src/ports.ts";
import { randomIds, systemClock } from "../../../src/processes/system.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { plannedMessage } from "./mailbox-plan.ts";
import type { MailboxTables } from "./mailbox-database.ts";
import { openParticipant, readParticipantSettings, tellJudgement } from "./participant.ts";

const settings = readParticipantSettings();

/** Books whose only use is to count effects, inside the transaction of the reply. */
const counting = {
  reader: noBooks.reader,
  within: <S>(tx: Kysely<S>): Books => ({
    ...noBooks.reader,
    async insert(_kind, row) {
      const good = (row as { readonly rate: string }).rate === "1" ? 1 : 0;
      const db = tx as unknown as Kysely<MailboxTables>;
      await db.insertInto("effects").values({ step: row.id, good }).execute();
    },
  }),
};
const agent = defineAgent({
  id: "supply",
  description: "counts what it is asked",
  skills: {
    note: skill({
      effect: "write",
      undo: "unnote",
      input: z.strictObject({ text: z.string(), echo: z.boolean() }),
      output: z.strictObject({ text: z.string() }),
      run: async ({ books, subject }, { text, echo }) => {
        const planned = plannedMessage(settings.seed, Number(subject.step.slice(1)));
        const isGood = planned.text === text && planned.echo === echo;
        await books.insert("rates", { id: subject.step, rate: isGood ? "1" : "0", asOf: "2026-01-01" });
        return { text: echo ? text : "" };
      },
    }),
    unnote: skill({
      effect: "write",
      input: z.strictObject({}),
      output: z.strictObject({}),
      run: async () => ({}),
    }),
  },
});

const { database, store, trust, keys, link, refused } = await openParticipant("supply", settings, counting);
const host = createAgentHost({
  definition: agent,
  store,
  link,
  trust,
  keys,
  suppliers: {
    open() {
      throw new Error("no suppliers here");
    },
  },
  models: noModels,
  clock: systemClock,
  timers: systemTimers,
  ids: randomIds,
  log: silentLogger,
});
await host.start();
process.send?.({ ready: true });
tellJudgement(database, refused);
process.on("disconnect", () => process.exit());
