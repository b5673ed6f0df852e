import { createApprovalCopies } from "./approval-copies.ts";
import { approvalPlaces } from "./approval-places.ts";
import { createApprovals } from "./approvals.ts";
import type { CompanyConfig } from "./config.ts";
import type { AgentDefinition } from "./define-agent.ts";
import { createDesk } from "./desk.ts";
import type { AgentAddress, AgentId, PersonId, Run, RunId } from "./domain.ts";
import { type Definitions, findWorkflow } from "./engine/definitions.ts";
import { createEngine } from "./engine/engine.ts";
import { createSweeper } from "./engine/sweeper.ts";
import { startWorker } from "./engine/worker.ts";
import { AppError, toErrorInfo } from "./errors.ts";
import { createIntake } from "./intake.ts";
import type { InstanceKeyPairs } from "./keys.ts";
import type { ReceivedEnvelope } from "./link-types.ts";
import { createAgentCalls } from "./link/agent-calls.ts";
import type { LiveInstance } from "./link/presence.ts";
import { presenceRun } from "./link/presence-message.ts";
import type { Timers } from "./link/timers.ts";
import { type Witness, witnessRun } from "./link/witness.ts";
import { decidersOf } from "./policy.ts";
import type { AgentLink, ChatAdapter, ChatInbox, Clock, Ids, Logger, StepQueue, Store } from "./ports.ts";
import { createPresenter } from "./presenter.ts";
import { createPruner } from "./pruner.ts";
import { refusedResult, resultOf, type RunResult } from "./run-result.ts";
import { loadRunView } from "./run-view.ts";
import { signAs } from "./trust/sign-statement.ts";
import type { TrustStore } from "./trust/trust-store.ts";

const ackLifetimeMs = 60_000;

export interface BotParts {
  readonly config: CompanyConfig;
  readonly store: Store;
  readonly queue: StepQueue;
  readonly link: AgentLink;
  readonly trust: TrustStore;
  /** Signs what people clicked; see design, "Approval". */
  readonly evidenceKeys: InstanceKeyPairs;
  /** Has the journal's checkpoints signed, by the instance of the witness that is given. */
  readonly witness: (compliance: () => AgentAddress) => Witness;
  readonly agents: readonly AgentDefinition[];
  readonly definitions: Definitions;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly timers: Timers;
  readonly log: Logger;
}
export interface Bot {
  readonly desk: ReturnType<typeof createDesk>;
  readonly inbox: ChatInbox;
  /** Where a run stands, for whoever may see it. */
  result(run: RunId): Promise<RunResult>;
  /** The agents' instances that are there. */
  instances(): readonly LiveInstance[];
  /** The result of a request that became no run. */
  refusal(error: AppError): RunResult;
  /** Takes up open runs and starts receiving; `adapters` are started last, when all they need is there. */
  start(adapters: readonly ChatAdapter[]): Promise<void>;
  stop(): Promise<void>;
}

/** Wires the bot from its ports: engine, approvals, intake, cards and link. Nothing here knows a vendor. */
export function createBot(parts: BotParts): Bot {
  const { config, store, queue, link, trust, definitions, clock, ids, timers, log } = parts;
  const agentInfo = parts.agents.map(({ id, description }) => ({
    id,
    atSign: config.atSignOf(id),
    description,
  }));
  const desk = createDesk({
    store,
    view: (run, wanted) =>
      loadRunView(store, run, {
        wanted,
        definition: (id, version) => findWorkflow(definitions, { id, version }),
        atSignOf: config.atSignOf,
        onAltered: (approval) => log.error({ approval }, "plan-altered"),
      }),
    people: () => trust.people,
    demo: () => trust.demo,
    agents: agentInfo,
    isGranted: (agent) => isGranted(trust, agent),
    instances: (agent) =>
      calls
        .instances()
        .filter((each) => each.agent === agent)
        .map(({ instance, open, facts }) => ({ instance, open, region: facts.region })),
    now: () => clock.now(),
  });
  let adapters: readonly ChatAdapter[] = [];
  const presenter = createPresenter({
    store,
    adapters: () => adapters,
    render: (row) => desk.render(row),
    clock,
    after: (ms, call) => timers.after(ms, call),
    log,
  });
  const deciders = (requester: PersonId) =>
    decidersOf(trust.policy, trust.people, { requester, demo: trust.demo });
  const places = (run: Run) => approvalPlaces(run, { adapters, deciders: deciders(run.requester), log });
  const copies = createApprovalCopies({
    store,
    adapters: () => adapters,
    deciders,
    places,
    changed: (cards) => presenter.kick(cards),
    log,
  });
  const calls = createAgentCalls({
    store,
    link,
    trust,
    regions: config.placement?.regions,
    clock,
    timers,
    log,
    onWaiting: (subject, waits) => engine.unattended(subject, waits),
  });
  const witness = parts.witness(() => calls.address("compliance"));
  const engine = createEngine({
    store,
    queue,
    definitions,
    clock,
    ids,
    log,
    trust: () => trust,
    approvalPlaces: places,
    acknowledge: (message) =>
      link.send({
        to: { atSign: message.from.atSign, instance: message.from.instance },
        kind: "ack",
        subject: message.subject,
        body: null,
        expiresAt: clock.now() + ackLifetimeMs,
      }),
    prepare: (row) => calls.prepare(row),
    sendDue: () => calls.kick(),
    committed(cards, closed) {
      calls.closed(closed);
      presenter.kick(cards);
    },
  });
  const approvals = createApprovals({
    store,
    engine,
    clock,
    trust: () => trust,
    sign: (statement) => signAs(statement, parts.evidenceKeys, parts.evidenceKeys.ed25519),
  });
  const intake = createIntake({ store, engine, trust: () => trust });
  const sweeper = createSweeper({
    store,
    engine,
    clock,
    log,
    after: (ms, call) =>
      timers.after(ms, () => {
        presenter.kick();
        call();
      }),
  });
  const pruner = createPruner({ store, clock, log, after: (ms, call) => timers.after(ms, call) });
  const receive = async (message: ReceivedEnvelope): Promise<void> => {
    if (message.subject.run === presenceRun) {
      calls.announced(message);
    } else if (message.subject.run === witnessRun) {
      await witness.receive(message);
    } else {
      await engine.receive(message);
    }
  };
  return {
    desk,
    instances: () => calls.instances(),
    inbox: {
      request: (request) => intake.request(request),
      cancel: (run, person) => intake.cancel(run, person),
      withdraw: (key, person) => intake.withdraw(key, person),
      refused: (person, code) => intake.refused(person, code),
      decision: (decision) => approvals.decide(decision),
    },
    async result(id) {
      const view = await desk.viewOf(id);
      if (view === undefined) {
        throw new AppError("not-found", `run ${id} does not exist`);
      }
      return resultOf(view, agentInfo);
    },
    refusal: (error) => refusedResult(toErrorInfo(error), agentInfo),
    async start(chosen) {
      await engine.check();
      adapters = chosen;
      await calls.start();
      await link.start(receive);
      await store.resume(clock.now());
      calls.begin();
      witness.start();
      await startWorker({ queue, engine, log });
      sweeper.start();
      pruner.start();
      presenter.kick();
      for (const adapter of adapters) {
        await adapter.start(this.inbox);
      }
      trust.onChange(() => void copies.refresh());
      void copies.refresh();
    },
    async stop() {
      await copies.stop();
      for (const adapter of adapters) {
        await adapter.stop();
      }
      await sweeper.stop();
      await pruner.stop();
      await queue.close();
      await witness.stop();
      await link.stop();
      await calls.stop();
      await presenter.stop();
    },
  };
}

function isGranted(trust: TrustStore, agent: AgentId): boolean {
  try {
    trust.agent(agent);
    return true;
  } catch {
    return false;
  }
}
