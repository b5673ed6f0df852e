import { createApprovalCopies } from "./approval-copies.ts";
import { approvalPaper } from "./approval-paper.ts";
import { approvalPlaces } from "./approval-places.ts";
import { createApprovalRights } from "./approval-rights.ts";
import { createApprovals } from "./approvals.ts";
import { createDesk } from "./desk.ts";
import type { PersonId, RunId } from "./domain.ts";
import { findWorkflow } from "./engine/definitions.ts";
import { createEngine } from "./engine/engine.ts";
import { createSweeper } from "./engine/sweeper.ts";
import { startWorker } from "./engine/worker.ts";
import { AppError, toErrorInfo } from "./errors.ts";
import { createIntake } from "./intake.ts";
import type { ReceivedEnvelope } from "./link-types.ts";
import { createAgentCalls } from "./link/agent-calls.ts";
import { createDecisionDesk } from "./link/decision-desk.ts";
import { decisionsRun } from "./link/decision-messages.ts";
import { freezeRun } from "./link/freeze-notice.ts";
import type { LiveInstance } from "./link/presence.ts";
import { presenceRun } from "./link/presence-message.ts";
import { type Witness, witnessRun } from "./link/witness.ts";
import type { ChatAdapter, ChatInbox } from "./ports.ts";
import type { BotParts } from "./bot-parts.ts";
import { createPresenter } from "./presenter.ts";
import { createPruner } from "./pruner.ts";
import { refusedResult, resultOf, type RunResult } from "./run-result.ts";
import { loadRunView } from "./run-view.ts";
import { signAs, type Statement } from "./trust/sign-statement.ts";
import { createUndoDesk, mayUndo, type UndoDesk } from "./undo-desk.ts";
import { wireRights } from "./wire-rights.ts";
import { isGranted, wireSafety } from "./wire-safety.ts";

const ackLifetimeMs = 60_000;

export interface Bot {
  readonly desk: ReturnType<typeof createDesk>;
  readonly inbox: ChatInbox;
  /** Undoing what has ended. */
  readonly undo: UndoDesk;
  /** Where a run stands, for whoever may see it. */
  result(run: RunId): Promise<RunResult>;
  /** Whether other bots work on the same record. */
  others(): boolean;
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
        isSignedOnly: (approval) => isSignedOnly(approval),
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
    mayDecide: (approval, viewer) => deciders(approval).some(({ id }) => id === viewer),
    mayUndo: (viewer) => mayUndo(trust, viewer) === null,
  });
  let adapters: readonly ChatAdapter[] = [];
  const presenter = createPresenter({
    store,
    adapters: () => adapters,
    render: (row) => rights.uses.beforeShown(row).then(() => desk.render(row)),
    others: () => register.others(),
    clock,
    after: (ms, call) => timers.after(ms, call),
    log,
  });
  const { deciders, places, isSignedOnly } = createApprovalRights({
    trust,
    delegations: () => rights.delegations.known(),
    adapters: () => adapters,
    clock,
    log,
  });
  const copies = createApprovalCopies({
    store,
    adapters: () => adapters,
    deciders,
    places,
    changed: (cards) => presenter.kick(cards),
    log,
  });
  const shareOf = (person: PersonId): number => config.limits?.shares?.[person] ?? 1;
  const calls = createAgentCalls({
    store,
    link,
    trust,
    regions: config.placement?.regions,
    limits: config.limits?.agents,
    shareOf,
    clock,
    timers,
    log,
    onWaiting: (subject, waits) => engine.unattended(subject, waits),
  });
  let witness: Witness | undefined;
  const register = parts.register((leads) => {
    void witness?.stop();
    witness = leads ? newWitness() : undefined;
    witness?.start();
  });
  const compliance = () => calls.address("compliance");
  const newWitness = () => parts.witness(compliance, () => register.leads());
  const signed = <T extends Statement>(statement: T) => {
    const keys = parts.evidenceKeys();
    return signAs(statement, keys, keys.ed25519);
  };
  const { safety, freezeCalls } = wireSafety({
    parts,
    calls,
    sign: signed,
    onLifted() {
      calls.kick();
      void rights.uses.lookAtAll();
    },
  });
  const engine = createEngine({
    store,
    queue,
    definitions,
    clock,
    ids,
    log,
    trust: () => trust,
    approvalPlaces: places,
    undoPlaces: (run) =>
      approvalPlaces(run, {
        adapters: adapters.filter((each) => each !== decisions.adapter),
        deciders: trust.people.filter(({ id }) => mayUndo(trust, id) === null),
        log,
      }),
    frozen: () => safety.frozen(),
    isShadow: (workflow) => safety.isShadow(workflow),
    bounds: config.limits?.runs ?? {},
    shareOf,
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
      // What is decided in advance is shown decided: nobody is asked for it.
      void rights.uses.look(cards).then(() => presenter.kick(cards));
    },
  });
  const rights = wireRights({
    parts,
    engine,
    deciders,
    view: (run) => desk.viewOf(run),
    frozen: () => safety.frozen(),
    sign: signed,
    changed: () => void copies.refresh(),
  });
  const approvals = createApprovals({
    store,
    engine,
    clock,
    trust: () => trust,
    delegations: rights.delegations,
    sign: signed,
  });
  const decisions = createDecisionDesk({
    link,
    trust,
    papers: (approval) => approvalPaper(store, approval),
    openApprovals: () => store.approvals({ open: true }),
    async outcomeFor({ id: viewer }, approval) {
      const card = await desk.approvalCard(approval, viewer);
      return card?.approval === null ? card.text : undefined;
    },
    mayDecide: ({ id }, approval) => deciders(approval).some((each) => each.id === id),
    decide: (decision, reason) => approvals.countersigned(decision, reason),
    clock,
    log,
  });
  const undo = createUndoDesk({ store, engine, trust: () => trust });
  const intake = createIntake({ store, engine, trust: () => trust });
  const sweeper = createSweeper({
    store,
    engine,
    frozen: () => safety.frozen(),
    clock,
    log,
    after: (ms, call) =>
      timers.after(ms, () => {
        presenter.kick();
        call();
      }),
  });
  const pruner = createPruner({ store, clock, log, after: (ms, call) => timers.after(ms, call) });
  const receiversOfServices = new Map<string, (message: ReceivedEnvelope) => Promise<void> | void>([
    [presenceRun, (message) => calls.announced(message)],
    [witnessRun, (message) => witness?.receive(message)],
    [decisionsRun, (message) => decisions.receive(message)],
    [freezeRun, (message) => freezeCalls.receive(message)],
  ]);
  const receive = async (message: ReceivedEnvelope): Promise<void> =>
    receiversOfServices.has(message.subject.run)
      ? receiversOfServices.get(message.subject.run)?.(message)
      : engine.receive(message);
  return {
    desk,
    others: () => register.others(),
    undo,
    instances: () => calls.instances(),
    inbox: {
      ...safety.inbox,
      ...intake,
      ...rights.inbox,
      decision: (decision) => approvals.decide(decision),
      undo: (click) => undo.act(click),
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
      adapters = [...chosen, decisions.adapter];
      await calls.start();
      await link.start(receive);
      // Before anything is sent: a freeze outlives every process.
      await safety.start();
      await register.start();
      if (!register.others()) {
        await store.resume(clock.now());
      }
      await rights.watch.start();
      calls.begin();
      await startWorker({ queue, engine, log });
      sweeper.start();
      pruner.start();
      rights.reviews.start();
      presenter.kick();
      for (const adapter of adapters) {
        await adapter.start(this.inbox);
      }
      void rights.uses.lookAtAll();
      trust.onChange(() => void copies.refresh());
      void copies.refresh();
    },
    async stop() {
      await copies.stop();
      await rights.uses.stop();
      await rights.reviews.stop();
      await rights.watch.stop();
      for (const adapter of adapters) {
        await adapter.stop();
      }
      safety.stop();
      freezeCalls.stop();
      await sweeper.stop();
      await pruner.stop();
      await queue.close();
      await register.stop();
      await witness?.stop();
      await link.stop();
      await calls.stop();
      await presenter.stop();
    },
  };
}
