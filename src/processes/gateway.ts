import path from "node:path";
import { openBooks } from "../../adapters/store/books-database.ts";
import type { BookTables } from "../../adapters/store/books-tables.ts";
import type { Database } from "../../adapters/store/database.ts";
import { openSealedAgentStore } from "../../adapters/store/sealed-agent-store.ts";
import type { AgentStoreTables } from "../../adapters/store/agent-store-tables.ts";
import { loadRulesModel } from "../../adapters/rules-model/rules-model.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { keyFolderOf } from "../keys.ts";
import { createGateway, gatewayAgent } from "../governance/gateway.ts";
import { createAgentHost } from "../link/host.ts";
import { noModels } from "../link/remote-model.ts";
import { systemTimers } from "../link/timers.ts";
import type { Suppliers } from "../ports.ts";
import { createPruner } from "../pruner.ts";
import { databasePlace, openPlace } from "./databases.ts";
import { serveGateway } from "./gateway-server.ts";
import { openIdentity } from "./identity.ts";
import { journalWitness } from "./journal-witness.ts";
import { retentionPruner, textRetention } from "./retention.ts";
import type { Fatal, Running } from "./serve.ts";
import { incarnation, processLogger, randomIds, systemClock } from "./system.ts";

const noSuppliers: Suppliers = {
  open() {
    throw new AppError("no-suppliers", "the gateway has no suppliers");
  },
};

/** The only process that calls models, with its own atSign and its own database. */
export async function startGateway(
  settings: Settings,
  config: CompanyConfig,
  fatal: Fatal,
): Promise<Running> {
  const log = processLogger(settings, "gateway");
  const clock = systemClock;
  const database = await openPlace<AgentStoreTables>(databasePlace(settings, "gateway"), fatal);
  const stopping = new AbortController();
  try {
    const store = await openSealedAgentStore({
      database,
      // Of the books only `checkpoints` is there: what this process has witnessed.
      books: openBooks(database as unknown as Database<BookTables>),
      agent: "gateway",
      clock,
      writer: incarnation("gateway"),
      keyFile: path.join(keyFolderOf(settings.data, "gateway"), "record.key"),
    });
    const identity = await openIdentity({
      settings,
      config,
      id: "gateway",
      memory: store,
      journal: (entries) => store.appendJournal(entries),
      onFatal: fatal,
      clock,
      log,
      signal: stopping.signal,
    });
    const rules = await loadRulesModel();
    const witness = journalWitness({ name: "gateway", database, identity, store, log });
    const host = createAgentHost({
      witness,
      definition: gatewayAgent(
        createGateway({
          models: { router: rules, quoting: rules },
          clock,
          log,
          journal: (entries) => store.appendJournal(entries),
        }),
      ),
      store,
      trust: identity.trust,
      keys: identity.keys,
      link: identity.link,
      suppliers: noSuppliers,
      models: noModels,
      clock,
      ids: randomIds,
      log,
      timers: systemTimers,
      allowedSenders: "any",
    });
    const retention = retentionPruner(
      textRetention(config, { database, books: false, clock, writer: incarnation("gateway") }),
      log,
    );
    const pruner = createPruner({ store, clock, log, after: (ms, call) => systemTimers.after(ms, call) });
    await host.start();
    const server = await serveGateway(settings.runtime, database);
    pruner.start();
    witness.start();
    retention.start();
    return {
      info: {},
      async stop() {
        stopping.abort();
        await server.close();
        await witness.stop();
        await retention.stop();
        await pruner.stop();
        await host.stop();
        await identity.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
