import { openSuppliers } from "../../adapters/suppliers/suppliers.ts";
import { openAgentStore } from "../../adapters/store/agent-store.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import type { AgentDefinition } from "../define-agent.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import { createAgentHost } from "../link/host.ts";
import { createRemoteModels } from "../link/remote-model.ts";
import { systemTimers } from "../link/timers.ts";
import { loadAgents, warmAgents } from "../load.ts";
import type { Suppliers } from "../ports.ts";
import { createPruner } from "../pruner.ts";
import { serveBooks } from "./books-server.ts";
import { type CompanyBooks, openCompanyBooks } from "./company-books.ts";
import { openIdentity } from "./identity.ts";
import type { Fatal, Running } from "./serve.ts";
import { incarnation, processLogger, randomIds, systemClock } from "./system.ts";

/** One process for the agents named, each with its own atSign, keys, connection and place in the books. */
export async function startAgents(
  settings: Settings,
  config: CompanyConfig,
  names: readonly string[],
  fatal: Fatal,
): Promise<Running> {
  const known = await loadAgents();
  const chosen = names.map((name) => {
    const found = known.find((agent) => agent.id === name);
    if (found === undefined) {
      throw new AppError(
        "usage",
        `there is no agent "${name}"; there are: ${known.map(({ id }) => id).join(", ")}`,
      );
    }
    return found;
  });
  const company = await openCompanyBooks(settings, false, fatal);
  const suppliers = openSuppliers({
    sandbox: settings.world,
    ...(settings.mailboxUrl === undefined ? {} : { mailbox: settings.mailboxUrl }),
  });
  const stopping = new AbortController();
  try {
    const hosts = await Promise.all(
      chosen.map((agent) =>
        startAgent({ settings, config, agent, company, suppliers, signal: stopping.signal, fatal }),
      ),
    );
    const desk = await serveBooks(settings.runtime, company).catch((error: unknown) => {
      // One process of many that share these books answers for all.
      if (error instanceof AppError && error.code === "runtime-in-use") {
        return undefined;
      }
      throw error;
    });
    warmAgents(names).catch((error: unknown) =>
      processLogger(settings, "agents").warn({ code: toErrorInfo(error).code }, "not-warmed"),
    );
    return {
      info: { agents: chosen.map(({ id }) => id) },
      async stop() {
        stopping.abort();
        await desk?.close();
        await Promise.all(hosts.map((host) => host.stop()));
        await company.database.close();
      },
    };
  } catch (error) {
    await company.database.close();
    throw error;
  }
}

async function startAgent(o: {
  readonly settings: Settings;
  readonly config: CompanyConfig;
  readonly agent: AgentDefinition;
  readonly company: CompanyBooks;
  readonly suppliers: Suppliers;
  readonly signal: AbortSignal;
  readonly fatal: Fatal;
}): Promise<{ stop(): Promise<void> }> {
  const { settings, config, agent, company } = o;
  const log = processLogger(settings, agent.id);
  const clock = systemClock;
  const store = openAgentStore({
    database: company.database,
    books: company.books,
    agent: agent.id,
    clock,
    writer: incarnation(agent.id),
  });
  const identity = await openIdentity({
    settings,
    config,
    id: agent.id,
    memory: store,
    journal: (entries) => store.appendJournal(entries),
    onFatal: o.fatal,
    clock,
    log,
    signal: o.signal,
  });
  const models = createRemoteModels({
    link: identity.link,
    gateway: () => identity.trust.agent("gateway"),
    clock,
    timers: systemTimers,
    log,
  });
  const host = createAgentHost({
    definition: agent,
    store,
    trust: identity.trust,
    keys: identity.keys,
    link: identity.link,
    suppliers: o.suppliers,
    models,
    clock,
    ids: randomIds,
    log,
    timers: systemTimers,
  });
  const pruner = createPruner({ store, clock, log, after: (ms, call) => systemTimers.after(ms, call) });
  await host.start();
  pruner.start();
  return {
    async stop() {
      await pruner.stop();
      await host.stop();
      await identity.close();
    },
  };
}
