// One instance of the agent "supply": node instance-process.ts SETTINGS. Told to stop, it stops in good order.
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { AtClient } from "@atsign/atsdk";
import { z } from "zod";
import { openAgentStore } from "../../../adapters/store/agent-store.ts";
import { agentStoreMigrations, type AgentStoreTables } from "../../../adapters/store/agent-store-tables.ts";
import { openBooks } from "../../../adapters/store/books-database.ts";
import { booksMigrations, type BookTables } from "../../../adapters/store/books-tables.ts";
import { journalMigration } from "../../../adapters/store/journal-store.ts";
import { openDatabase } from "../../../adapters/store/open-database.ts";
import { type AgentDefinition, skill } from "../../../src/define-agent.ts";
import { installedCompanyKey, keyFolderOf } from "../../../src/keys.ts";
import { createAnnouncer } from "../../../src/link/announcer.ts";
import { createAtLink } from "../../../src/link/at-link.ts";
import { createAgentHost } from "../../../src/link/host.ts";
import { noModels } from "../../../src/link/remote-model.ts";
import type { Books } from "../../../src/ports.ts";
import { instanceKeys } from "../../../src/processes/identity.ts";
import { incarnation, randomIds } from "../../../src/processes/system.ts";
import { readTrustFolder } from "../../../src/trust/trust-files.ts";
import { openTrust } from "../../../src/trust/trust-store.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { atKeysOf } from "../mailbox/mailbox-keys.ts";
import { fastTime } from "./fast-time.ts";
import { agentAtSign, botAtSign, type InstanceSettings } from "./instance-settings.ts";

/** How long what is outside takes at most, in real time. */
const outsideMs = 300;

const settings = JSON.parse(process.argv[2] ?? "") as InstanceSettings;
const { instance, host: folder, url, directory, ca, capacity } = settings;
const time = fastTime(settings);
const migrations = [...booksMigrations, journalMigration, ...agentStoreMigrations];
const database = await openDatabase<BookTables & AgentStoreTables>({ url, name: "books", migrations });
const writer = incarnation(instance);
const books = openBooks(database);
const store = openAgentStore({ database, books, agent: "supply", clock: time, writer });
const keyFolder = keyFolderOf(folder, "supply");
const keys = await instanceKeys(keyFolder, instance);
const trust = await openTrust({
  companyKey: await installedCompanyKey(keyFolder),
  load: () => readTrustFolder(path.join(folder, "trust")),
  memory: store,
  clock: time,
});
const transport = await AtClient.open({
  atSign: agentAtSign,
  keys: atKeysOf[agentAtSign],
  directory,
  ca,
  retry: true,
});
const link = createAtLink({
  transport,
  keys,
  trust,
  memory: {
    getValue: (key) => store.getValue(`${instance} ${key}`),
    setValue: (key, value) => store.setValue(`${instance} ${key}`, value),
  },
  clock: time,
  timers: time,
  log: silentLogger,
  journal: (entries) => store.appendJournal(entries),
  onRefused: () => undefined,
  onFatal(error) {
    throw error;
  },
});

const empty = z.strictObject({});
/** One time more; nothing keeps a second instance from it but the fence. */
async function count(stock: Books, step: string, more: number): Promise<number> {
  const row = await stock.get("stock", step);
  const onHand = String(Number(row?.onHand ?? 0) + more);
  await (row === undefined
    ? stock.insert("stock", { id: step, onHand, unit: "pcs", location: instance })
    : stock.update("stock", step, { onHand }));
  return Number(onHand);
}
// Not by defineAgent, which takes no skill that acts outside without a mandate.
const agent: AgentDefinition = {
  id: "supply",
  description: "counts what it is asked",
  skills: {
    count: skill({
      effect: "write",
      input: empty,
      output: empty,
      async run({ books: own, subject }) {
        await count(own, subject.step, 1);
        return {};
      },
    }),
    place: skill({
      effect: "irreversible",
      input: empty,
      output: empty,
      async run(context) {
        const { subject } = context;
        const before = await context.transact((own) => count(own, subject.step, 0));
        await pause(Math.random() * outsideMs);
        if (before === 0) {
          await context.transact((own) => count(own, subject.step, 1));
        }
        return {};
      },
    }),
  },
};
const agentHost = createAgentHost({
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
  clock: time,
  timers: time,
  ids: randomIds,
  log: silentLogger,
  announcer: createAnnouncer({
    link,
    bot: () => ({ atSign: botAtSign, instance: "main" }),
    facts: { skills: ["count", "place"], model: null, region: null, price: "0", capacity },
    clock: time,
    timers: time,
    log: silentLogger,
  }),
});
await agentHost.start();
process.send?.({ ready: true });
process.on("message", () => {
  void agentHost.stop().then(() => process.exit());
});
process.on("disconnect", () => process.exit());
