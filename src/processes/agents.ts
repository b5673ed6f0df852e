import { openSuppliers } from "../../adapters/suppliers/suppliers.ts";
import { openAgentStore } from "../../adapters/store/agent-store.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import type { AgentDefinition } from "../define-agent.ts";
import type { AgentAddress } from "../domain.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import { createAnnouncer } from "../link/announcer.ts";
import { createAgentHost } from "../link/host.ts";
import { createRemoteModels } from "../link/remote-model.ts";
import { systemTimers } from "../link/timers.ts";
import { agentNamed, loadAgents, warmAgents } from "../load.ts";
import { hasKeys, keyFolderOf, keyStamp } from "../keys.ts";
import type { Logger, Suppliers } from "../ports.ts";
import type { TrustStore } from "../trust/trust-store.ts";
import { renewInstanceGrant } from "../trust/instance-papers.ts";
import { createPruner } from "../pruner.ts";
import { serveBooks } from "./books-server.ts";
import { type CompanyBooks, openCompanyBooks } from "./company-books.ts";
import { atAddress } from "./at-place.ts";
import { enrollHere } from "./enroll-here.ts";
import { openIdentity } from "./identity.ts";
import { instanceName } from "./instance-name.ts";
import { keepInstance, type RunningInstance } from "./keep-instance.ts";
import { journalWitness, journalWitnesses } from "./journal-witness.ts";
import { isKeyHolder, withKeyHolder } from "./key-holder.ts";
import { retentionPruner, textRetention } from "./retention.ts";
import type { Fatal, Running } from "./serve.ts";
import { incarnation, processLogger, randomIds, systemClock } from "./system.ts";

/** See `WhichAgents`. */
const newInstance = "new";

interface WhichAgents {
  readonly names: readonly string[];
  /** Of each of them; "new": under a name of its own, for this life only. Default "main". */
  readonly instance?: string;
}

/** One process for the agents named, each with its own atSign, keys, connection and place in the books. */
export async function startAgents(
  settings: Settings,
  config: CompanyConfig,
  { names, instance: wanted = "main" }: WhichAgents,
  fatal: Fatal,
): Promise<Running> {
  const instance = wanted === newInstance ? randomIds.next("i-").toLowerCase() : instanceName(wanted);
  const known = await loadAgents();
  const chosen = names.map((name) => agentNamed(known, name));
  const company = await openSharedBooks(settings, fatal);
  const suppliers = openSuppliers({
    sandbox: settings.world,
    ...(settings.mailboxUrl === undefined ? {} : { mailbox: settings.mailboxUrl }),
  });
  const stopping = new AbortController();
  try {
    const hosts = await Promise.all(
      chosen.map((agent) =>
        startAgent({
          settings,
          config,
          agent,
          instance,
          passing: wanted === newInstance,
          company,
          suppliers,
          signal: stopping.signal,
          fatal,
        }),
      ),
    );
    const desk = await serveBooks(settings.runtime, company).catch((error: unknown) => {
      // One process of many that share these books answers for all.
      if (error instanceof AppError && error.code === "runtime-in-use") {
        return undefined;
      }
      throw error;
    });
    const retention = retentionPruner(
      textRetention(config, {
        database: company.database,
        books: true,
        clock: systemClock,
        writer: incarnation("books"),
      }),
      processLogger(settings, "agents"),
    );
    retention.start();
    warmAgents(names).catch((error: unknown) =>
      processLogger(settings, "agents").warn({ code: toErrorInfo(error).code }, "not-warmed"),
    );
    return {
      info: { agents: chosen.map(({ id }) => id), instance },
      async stop() {
        stopping.abort();
        await retention.stop();
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

/** SQLite has one owner; what is to be done about it is said to whoever starts a second one. */
async function openSharedBooks(settings: Settings, fatal: Fatal): Promise<CompanyBooks> {
  try {
    return await openCompanyBooks(settings, false, fatal);
  } catch (error) {
    if (
      settings.booksDatabaseUrl === undefined &&
      error instanceof AppError &&
      error.code === "data-in-use"
    ) {
      throw new AppError(
        "data-in-use",
        `${error.message}. SQLite books have one owner: for agents in several processes, set BOOKS_DATABASE_URL (PostgreSQL)`,
        { cause: error },
      );
    }
    throw error;
  }
}

interface OneInstance {
  readonly settings: Settings;
  readonly config: CompanyConfig;
  readonly agent: AgentDefinition;
  readonly instance: string;
  /** Its keys and grant go with it. */
  readonly passing: boolean;
  readonly company: CompanyBooks;
  readonly suppliers: Suppliers;
  readonly signal: AbortSignal;
  readonly fatal: Fatal;
}

async function startAgent(o: OneInstance): Promise<{ stop(): Promise<void> }> {
  const { settings, agent, instance } = o;
  const isMain = instance === "main";
  const log = processLogger(settings, isMain ? agent.id : `${agent.id}-${instance}`);
  const folder = keyFolderOf(settings.data, agent.id);
  if (!isMain && (await isKeyHolder(settings, agent.id))) {
    await letInHere(o, folder);
  }
  const kept = await keepInstance({
    start: (onLost) => openAgent(o, log, onLost),
    stamp: () => keyStamp(folder, instance),
    onFatal: o.fatal,
    clock: systemClock,
    timers: systemTimers,
    log,
  });
  return {
    async stop() {
      await kept.stop();
      if (o.passing) {
        await withKeyHolder(settings, o.config, agent.id, (holder) => holder.forget(instance)).catch(
          (error: unknown) => log.warn({ code: toErrorInfo(error).code }, "instance-not-forgotten"),
        );
      }
    },
  };
}

/** A further instance on the machine of its key-holder: enrolled at its first start, its grant renewed in time. */
async function letInHere(o: OneInstance, folder: string): Promise<void> {
  const { settings, config, agent, instance } = o;
  const { data } = settings;
  if (await hasKeys(folder, instance)) {
    const own = { data, agent: agent.id, atSign: config.atSignOf(agent.id), instance };
    await renewInstanceGrant(own, systemClock.now());
  } else {
    const { ca } = atAddress(settings);
    await withKeyHolder(settings, config, agent.id, (holder) => enrollHere(holder, instance, { data, ca }));
  }
}

/** The instance under the keys that it has now. */
async function openAgent(
  o: OneInstance,
  log: Logger,
  onLost: (error: AppError) => void,
): Promise<RunningInstance> {
  const { settings, config, agent, instance, company } = o;
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
    instance,
    concurrency: settings.instance.capacity,
    memory: store,
    journal: (entries) => store.appendJournal(entries),
    onFatal: onLost,
    clock,
    log,
    signal: o.signal,
  });
  const { trust, atSign } = identity;
  try {
    // An agent grant may allow fewer instances than the key-holder likes.
    trust.instanceKeys(atSign, instance);
  } catch (error) {
    await identity.close();
    throw error;
  }
  const models = createRemoteModels({
    link: identity.link,
    gateway: () => identity.trust.agent("gateway"),
    clock,
    timers: systemTimers,
    log,
  });
  // One of those that share the books has their journal witnessed: two would each overtake the other.
  const witness =
    agent.id === journalWitnesses.books.owner && instance === "main"
      ? journalWitness({ name: "books", database: company.database, identity, store, log })
      : undefined;
  const host = createAgentHost({
    definition: agent,
    ...(witness === undefined ? {} : { witness }),
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
    announcer: createAnnouncer({
      link: identity.link,
      bot: () => identity.trust.agent("bot"),
      facts: { skills: Object.keys(agent.skills), ...settings.instance },
      clock,
      timers: systemTimers,
      log,
    }),
  });
  const pruner = createPruner({ store, clock, log, after: (ms, call) => systemTimers.after(ms, call) });
  await host.start();
  pruner.start();
  witness?.start();
  return {
    isGranted: () => isGranted(trust, { atSign, instance }),
    async stop() {
      await witness?.stop();
      await pruner.stop();
      await host.stop();
      await identity.close();
    },
  };
}

/** A document that has ended stops effects, and is waited for; only a grant that is gone stops an instance. */
function isGranted(trust: TrustStore, { atSign, instance }: AgentAddress): boolean {
  try {
    trust.instanceKeys(atSign, instance);
    return true;
  } catch (error) {
    return !["no-grant", "grant-expired", "grant-revoked"].includes(toErrorInfo(error).code);
  }
}
