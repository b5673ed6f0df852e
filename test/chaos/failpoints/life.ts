import companyConfig from "../../../countersign.config.ts";
import { openAgentStore } from "../../../adapters/store/agent-store.ts";
import { openBooks } from "../../../adapters/store/books-database.ts";
import type { Database } from "../../../adapters/store/database.ts";
import { openRecordStore } from "../../../adapters/store/record-store.ts";
import { type Bot, createBot } from "../../../src/app.ts";
import { alone } from "../../../src/bot-register.ts";
import type { AgentDefinition } from "../../../src/define-agent.ts";
import { createGateway, gatewayAgent } from "../../../src/governance/gateway.ts";
import { createAnnouncer } from "../../../src/link/announcer.ts";
import { createAtLink } from "../../../src/link/at-link.ts";
import type { AtTransport } from "../../../src/link/at-transport.ts";
import { createAgentHost } from "../../../src/link/host.ts";
import { createRemoteModels, noModels } from "../../../src/link/remote-model.ts";
import type { AgentLink } from "../../../src/link-port.ts";
import { agentNamed } from "../../../src/load.ts";
import type { AgentStore, Logger, StepQueue, Store, Suppliers } from "../../../src/ports.ts";
import type { TrustStore } from "../../../src/trust/trust-store.ts";
import type { Company, Databases } from "./company.ts";
import { type FailpointName, Failpoints, isInOperation, withFailpoints } from "./failpoints.ts";
import { LifeTime } from "./life-time.ts";
import type { Outside } from "./outside.ts";
import { portOperations } from "./port-operations.ts";

const turnsOfQuiet = 12;
/** An operation that does nothing for so long, in real milliseconds, waits for time to go on. */
const waitingMs = 20_000;

/**
 * One life of the whole company: the bot, its gateway and its twelve agents, on their databases, with failpoints around
 * all their ports. It begins with what was kept and what is outside, and ends at the failpoint that is armed.
 */
export class Life {
  readonly points: Failpoints;
  readonly time: LifeTime;
  /** In the order in which their operations ended. */
  readonly passed: FailpointName[] = [];
  /** What should not be in any life: refused envelopes, alarms. */
  readonly alarms: string[] = [];
  readonly log: string[] = [];
  bot: Bot | undefined;
  store: Store | undefined;
  readonly #company: Company;
  readonly #outside: Outside;
  readonly #databases: Databases;
  readonly #name: string;
  readonly #over = new AbortController();

  constructor(o: {
    readonly company: Company;
    readonly outside: Outside;
    readonly databases: Databases;
    readonly armed?: FailpointName | undefined;
  }) {
    this.#company = o.company;
    this.#outside = o.outside;
    this.#databases = { record: this.#watched(o.databases.record), books: this.#watched(o.databases.books) };
    this.time = new LifeTime(o.outside.now);
    this.points = new Failpoints({
      onPassed: (names) => this.passed.push(...names),
      onHit: () => this.#over.abort(),
    });
    this.points.arm(o.armed);
    o.outside.lives += 1;
    this.#name = String(o.outside.lives);
    void this.#start().catch((error: unknown) => this.#alarm(`not started: ${String(error)}`));
  }

  /** Resolves when nothing goes on but waiting for time, or when the life is over. */
  async idle(): Promise<void> {
    let quiet = 0;
    let turns = this.points.turns;
    let since = performance.now();
    while (quiet < turnsOfQuiet && !this.points.over) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      const { busy } = this.points;
      if (turns !== this.points.turns) {
        quiet = 0;
        turns = this.points.turns;
        since = performance.now();
      } else if (busy === 0 || performance.now() - since > waitingMs) {
        quiet += 1;
      }
    }
  }

  /** What is under way comes to nothing. */
  end(): void {
    this.points.end();
    this.#over.abort();
    this.#outside.now = this.time.now();
  }

  async #start(): Promise<void> {
    const { agents, model, trust } = this.#company;
    const gateway = gatewayAgent(
      createGateway({
        models: Object.fromEntries(
          ["router", "quoting"].map((role) => [
            role,
            withFailpoints(model, "gateway.model", portOperations.model, this.points),
          ]),
        ),
        clock: this.time,
        log: this.#logger,
        journal: (entries) => this.#agentStore("gateway").appendJournal(entries),
      }),
    );
    const opened = await trust.open();
    await Promise.all([
      this.#startBot(opened),
      ...[gateway, ...agents].map((agent) => this.#startAgent(agent, opened)),
    ]);
  }

  async #startBot(trust: TrustStore): Promise<void> {
    const { agents, workflows } = this.#company;
    const store = withFailpoints<Store>(
      await this.points.around("bot.store.open", "commit", () =>
        openRecordStore({
          database: this.#databases.record,
          recordKey: new Uint8Array(32).fill(7),
          clock: this.time,
          writer: `bot-${this.#name}`,
        }),
      ),
      "bot.store",
      portOperations.store,
      this.points,
    );
    this.store = store;
    const bot = createBot({
      config: companyConfig,
      store,
      queue: withFailpoints(this.#queue(), "bot.queue", portOperations.queue, this.points),
      link: this.#link("bot", trust, store),
      trust,
      evidenceKeys: () => this.#company.trust.keys("evidence"),
      witness: () => ({
        start: () => undefined,
        stop: async () => undefined,
        receive: async () => undefined,
      }),
      register: alone,
      agents,
      definitions: { workflows, router: agentNamed(agents, "router"), hitl: agentNamed(agents, "hitl") },
      clock: this.time,
      ids: {
        next: (prefix) => {
          this.#outside.ids += 1;
          return `${prefix}${this.#outside.ids}`;
        },
      },
      timers: this.time,
      log: this.#logger,
    });
    const chat = withFailpoints(this.#outside.chat(), "bot.chat", portOperations.chat, this.points);
    await bot.start([chat]);
    this.bot = bot;
  }

  async #startAgent(definition: AgentDefinition, trust: TrustStore): Promise<void> {
    const { id } = definition;
    const store = this.#agentStore(id);
    const link = this.#link(id, trust, store);
    const around = { clock: this.time, timers: this.time, log: this.#logger };
    const isGateway = id === "gateway";
    const suppliers: Suppliers = {
      open: (row) =>
        withFailpoints(this.#outside.wholesaler(row), `${id}.supplier`, portOperations.supplier, this.points),
    };
    const host = createAgentHost({
      ...around,
      definition,
      store,
      trust,
      keys: this.#company.trust.keys(id),
      link,
      suppliers,
      models: isGateway
        ? noModels
        : createRemoteModels({ ...around, link, gateway: () => trust.agent("gateway") }),
      ids: { next: (prefix) => prefix },
      ...(isGateway
        ? { allowedSenders: "any" as const }
        : {
            announcer: createAnnouncer({
              ...around,
              link,
              bot: () => trust.agent("bot"),
              facts: {
                skills: Object.keys(definition.skills),
                model: null,
                region: null,
                price: "0",
                capacity: 4,
              },
            }),
          }),
    });
    await host.start();
  }

  #agentStore(agent: string): AgentStore {
    const store = openAgentStore({
      database: this.#databases.books,
      books: openBooks(this.#databases.books),
      agent,
      clock: this.time,
      writer: `${agent}-${this.#name}`,
    });
    return withFailpoints(store, `${agent}.store`, portOperations.agentStore, this.points);
  }

  #link(id: string, trust: TrustStore, store: Store | AgentStore): AgentLink {
    const transport = this.#outside.servers.transport(`@cs-${id}`);
    const mortal: AtTransport = {
      ...transport,
      notifications: ({ signal = this.#over.signal, ...o }) =>
        transport.notifications({ ...o, signal: AbortSignal.any([signal, this.#over.signal]) }),
    };
    return createAtLink({
      transport: withFailpoints(mortal, `${id}.transport`, portOperations.transport, this.points),
      keys: this.#company.trust.keys(id),
      trust,
      memory: store,
      clock: this.time,
      timers: this.time,
      log: this.#logger,
      journal: (entries) => store.appendJournal(entries),
      onRefused: ({ from, code }) => this.#alarm(`${id} refused ${code} of ${from}`),
    });
  }

  /** A commit that no failpoint stands around would be one that nobody dies at. */
  #watched<S>(database: Database<S>): Database<S> {
    const watch = (): void => {
      if (!isInOperation()) {
        this.#alarm(`a commit outside all ports: ${new Error("here").stack}`);
      }
    };
    return {
      engine: database.engine,
      read: (fn) => database.read(fn),
      unit: (fn, o) => {
        watch();
        return database.unit(fn, o);
      },
      batch: (statements) => {
        watch();
        return database.batch(statements);
      },
      purge: (tables) => database.purge(tables),
      close: () => database.close(),
    };
  }

  /** In memory: lost with the life. */
  #queue(): StepQueue {
    const handler = Promise.withResolvers<Parameters<StepQueue["work"]>[0]>();
    return {
      add: async (job, { delayMs = 0 } = {}) => {
        this.time.after(delayMs, () => {
          void handler.promise
            .then((handle) => handle(job))
            .catch((error: unknown) => this.log.push(String(error)));
        });
      },
      work: async (handle) => handler.resolve(handle),
      close: async () => undefined,
    };
  }

  readonly #logger: Logger = {
    info: () => undefined,
    warn: (fields, event) => this.log.push(`${event} ${JSON.stringify(fields)}`),
    error: (fields, event) => this.#alarm(`${event} ${JSON.stringify(fields)}`),
  };
  #alarm(text: string): void {
    if (!this.points.over) {
      this.alarms.push(text);
    }
  }
}
