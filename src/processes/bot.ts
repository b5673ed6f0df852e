import path from "node:path";
import os from "node:os";
import { openMemoryQueue, openRedisQueue } from "../../adapters/bullmq/step-queue.ts";
import { createConsole } from "../../adapters/console/console-adapter.ts";
import type { SlackAdapter } from "../../adapters/slack/slack-adapter.ts";
import type { Database } from "../../adapters/store/database.ts";
import { eraseRuns, namedRuns, runsToErase } from "../../adapters/store/erase-runs.ts";
import { parseRecordKey, readOrCreateRecordKey } from "../../adapters/store/record-key.ts";
import type { RecordTables } from "../../adapters/store/record-schema.ts";
import { openJournalText } from "../../adapters/store/record-journal.ts";
import { openRecordStore } from "../../adapters/store/record-store.ts";
import { startControlServer } from "../../adapters/terminal/control-server.ts";
import { refuseTakenSocket } from "../../adapters/terminal/socket-server.ts";
import { createTerminalAdapter } from "../../adapters/terminal/terminal-adapter.ts";
import { createBot } from "../app.ts";
import { alone, type BotRegister, createBotRegister } from "../bot-register.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import type { AgentAddress } from "../domain.ts";
import type { Desk } from "../desk-types.ts";
import { AppError } from "../errors.ts";
import { keyFolderOf } from "../keys.ts";
import { systemTimers } from "../link/timers.ts";
import { agentNamed, loadAgents, loadWorkflows } from "../load.ts";
import type { Logger, StepQueue, Store } from "../ports.ts";
import type { KeptValues } from "../record-types.ts";
import { databasePlace, openPlace } from "./databases.ts";
import { openIdentity } from "./identity.ts";
import { journalApp } from "./journal-app.ts";
import { journalWitness } from "./journal-witness.ts";
import { recordRetention, retentionPruner } from "./retention.ts";
import { followEvidenceKeys } from "./rotate-evidence.ts";
import type { Fatal, Running } from "./serve.ts";
import { incarnation, processLogger, randomIds, systemClock } from "./system.ts";

/** The bot: record, queue, engine, approvals and chat, in one process. */
export async function startBot(settings: Settings, config: CompanyConfig, fatal: Fatal): Promise<Running> {
  const socketFile = path.join(settings.runtime, "bot.sock");
  // Before anything is received that another bot of this folder may be working on.
  await refuseTakenSocket(socketFile);
  const log = processLogger(settings, "bot");
  const keyFolder = keyFolderOf(settings.data, "bot");
  const closers: (() => Promise<void> | void)[] = [];
  let closing = false;
  /** What ends because this process closes it is no accident. */
  const ifOpen: Fatal = (error) => {
    if (!closing) {
      fatal(error);
    }
  };
  const close = async (): Promise<void> => {
    closing = true;
    for (const each of closers.splice(0).toReversed()) {
      await each();
    }
  };
  try {
    const queueOpening = openQueue(settings, log);
    closers.push(() =>
      queueOpening.then(
        (queue) => queue.close(),
        () => undefined,
      ),
    );
    const [agents, workflows, queue, database] = await Promise.all([
      loadAgents(),
      loadWorkflows(),
      queueOpening,
      openRecord(settings, ifOpen),
    ]);
    const writer = incarnation("bot");
    const store = await openRecordStore({
      database,
      recordKey:
        settings.recordKey === undefined
          ? readOrCreateRecordKey(path.join(keyFolder, "record.key"))
          : parseRecordKey(settings.recordKey, "COUNTERSIGN_RECORD_KEY"),
      clock: systemClock,
      writer,
    });
    closers.push(() => store.close());
    const recordPlace = { database, keys: store.keys, clock: systemClock, writer };
    const retention = retentionPruner(recordRetention(config, recordPlace), log);
    closers.push(() => retention.stop());
    const stopping = new AbortController();
    const identity = await openIdentity({
      settings,
      config,
      id: "bot",
      memory: store,
      journal: (entries) => store.appendJournal(entries),
      onFatal: ifOpen,
      clock: systemClock,
      log,
      signal: stopping.signal,
    });
    closers.push(() => identity.close());
    const required = (id: string) =>
      agentNamed(
        agents,
        id,
        () => new AppError("bad-definition", `agents/${id}.ts is missing: the bot needs it`),
      );
    const register = (onLeads: (leads: boolean) => void): BotRegister =>
      settings.databaseUrl === undefined
        ? alone(onLeads)
        : createBotRegister({
            leases: store.leases,
            id: writer,
            onLeads,
            clock: systemClock,
            timers: systemTimers,
            log,
          });
    const evidenceKeys = await followEvidenceKeys(keyFolder, { timers: systemTimers, log });
    closers.push(() => evidenceKeys.stop());
    const witness = (address: () => AgentAddress, leads: () => boolean) =>
      journalWitness({ name: "record", database, identity, store, address, leads, log });
    const bot = createBot({
      config,
      store,
      queue,
      link: identity.link,
      trust: identity.trust,
      evidenceKeys: () => evidenceKeys.current,
      witness,
      register,
      agents,
      definitions: { workflows, router: required("router"), hitl: required("hitl") },
      clock: systemClock,
      ids: randomIds,
      timers: systemTimers,
      log,
    });
    const terminal = createTerminalAdapter();
    const after = (ms: number, call: () => void) => systemTimers.after(ms, call);
    const webConsole = createConsole({
      ...(settings.databaseUrl === undefined ? {} : { elsewhere: { others: () => bot.others(), after } }),
      desk: bot.desk,
      clock: systemClock,
      ids: randomIds,
      log,
      memory: store,
      ...settings.console,
    });
    const examples = workflows.flatMap((workflow) => workflow.examples);
    const slack = await openSlack(settings, { desk: bot.desk, examples, memory: store, log });
    await bot.start([terminal, webConsole, ...(slack === undefined ? [] : [slack])]);
    closers.push(() => bot.stop());
    retention.start();
    const startedAt = new Date(systemClock.now()).toISOString();
    const control = await startControlServer(socketFile, {
      desk: bot.desk,
      inbox: bot.inbox,
      undo: bot.undo,
      adapter: terminal,
      others: () => bot.others(),
      after,
      log,
      osPerson: () => identity.trust.people.find((person) => person.osUser === os.userInfo().username)?.id,
      result: (run) => bot.result(run),
      refusal: (error) => bot.refusal(error),
      async signInLink(person, by) {
        const link = webConsole.signInLink(person);
        await store.appendJournal([{ kind: "sign-in-link", run: null, facts: { person, by } }]);
        return link;
      },
      journal: journalApp("record", database, { openText: (record) => openJournalText(store.keys, record) }),
      async erase(which, o) {
        const runs = await namedRuns(database, which);
        await eraseRuns(recordPlace, await runsToErase(database, which), o);
        return { runs, by: o.by, at: new Date(systemClock.now()).toISOString() };
      },
      textsExported: (run, by) => store.appendJournal([{ kind: "export", run, facts: { by, texts: true } }]),
      status: async () => ({
        demo: identity.trust.demo,
        startedAt,
        console: webConsole.url,
        slack: slack?.status() ?? { ok: true, text: "not set up" },
        ...(await store.counts()),
        safety: bot.inbox.safety(),
        inFlight: await inFlight(store),
        instances: bot.instances().map(({ agent, instance, open, facts }) => ({
          agent,
          instance,
          open,
          ...facts,
        })),
        trustSerial: identity.trust.serial,
        clients: terminal.clients(),
      }),
    });
    closers.push(() => control.close());
    return {
      info: {
        console: webConsole.url,
        links: Object.fromEntries(
          identity.trust.people
            .filter((person) => identity.trust.demo && person.active)
            .map((person) => [person.id, webConsole.signInLink(person.id)]),
        ),
      },
      async stop() {
        stopping.abort();
        await close();
      },
    };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

/** SQLite has one owner; what is to be done about it is said to whoever starts a second bot. */
async function openRecord(settings: Settings, onLost: Fatal): Promise<Database<RecordTables>> {
  try {
    return await openPlace<RecordTables>(databasePlace(settings, "record"), onLost);
  } catch (error) {
    if (settings.databaseUrl === undefined && error instanceof AppError && error.code === "data-in-use") {
      const what = "A record on SQLite has one bot: for several, set DATABASE_URL (PostgreSQL) and REDIS_URL";
      throw new AppError("data-in-use", `${error.message}. ${what}`, { cause: error });
    }
    throw error;
  }
}

/** Loaded only where it is used. A Slack that does not answer is no reason not to start. */
async function openSlack(
  settings: Settings,
  o: {
    readonly desk: Desk;
    readonly examples: readonly string[];
    readonly memory: KeptValues;
    readonly log: Logger;
  },
): Promise<SlackAdapter | undefined> {
  if (settings.slack === undefined) {
    return undefined;
  }
  const { createSlack } = await import("../../adapters/slack/slack-adapter.ts");
  const after = (ms: number, call: () => void) => systemTimers.after(ms, call);
  return createSlack({ ...o, settings: settings.slack, clock: systemClock, after });
}

/** Redis where there is one; else the in-memory fallback, which is refused in production. */
function openQueue(settings: Settings, log: Logger): Promise<StepQueue> {
  if (settings.redisUrl !== undefined) {
    return openRedisQueue(settings.redisUrl, log);
  }
  if (settings.production || settings.databaseUrl !== undefined) {
    const why = settings.production
      ? "production needs a Redis"
      : "a record in PostgreSQL (DATABASE_URL) may have several bots, which share a Redis";
    throw new AppError("bad-setting", `setting REDIS_URL: ${why}, e.g. redis://localhost:6379`);
  }
  return openMemoryQueue(log, path.join(settings.data, "cache"));
}

/** Open requests per agent. */
async function inFlight(store: Store): Promise<Readonly<Record<string, number>>> {
  const { waiting } = await store.traffic(systemClock.now());
  return Object.fromEntries(Object.entries(waiting).map(([agent, { open }]) => [agent, open]));
}
