import { createSlack, type SlackAdapter } from "../../adapters/slack/slack-adapter.ts";
import type { Card } from "../../src/card.ts";
import type { Approval, ApprovalId, Person, ThreadId } from "../../src/domain.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { ChatInbox } from "../../src/ports.ts";
import { createPresenter, type Presenter } from "../../src/presenter.ts";
import { createUndoDesk } from "../../src/undo-desk.ts";
import type { EngineWorld } from "../unit/engine/engine-world.ts";
import { noEdits } from "./no-edits.ts";
import { noRights } from "./no-rights.ts";
import { noSafety } from "./no-safety.ts";
import { type ManualTime, settle } from "./manual-time.ts";
import { MemoryValues } from "./memory-values.ts";
import { silentLogger } from "./silent-logger.ts";
import type { MessagePlace } from "./slack/acts.ts";
import type { FakeSlack } from "./slack/start-slack.ts";

/** A bot that may die at any time: all it knew is then in the record, or lost. */
export interface MortalBot {
  readonly engine: Engine;
  readonly presenter: Presenter;
  stop(): Promise<void>;
  kill(): void;
}
interface Surroundings {
  readonly world: EngineWorld;
  readonly slack: FakeSlack;
  /** The adapter's and Slack's. */
  readonly time: ManualTime;
  readonly people: readonly Person[];
  /** Whether other bots work on the same record. */
  readonly others: boolean;
  /** Called with each verdict that was counted. */
  readonly accepted: (approval: ApprovalId) => void;
  /** Called with where a card stands. */
  readonly posted: (thread: ThreadId, key: string, place: MessagePlace) => void;
}

/** The real adapter, presenter, approvals, intake and engine over the world's record. */
export function startMortalBot(o: Surroundings): MortalBot {
  const { world, slack, time } = o;
  const { engine, approvals, delegations, intake } = world.bot();
  const undo = createUndoDesk({ store: world.store, engine, trust: () => world.trust });
  let dead = false;
  /** What a dead process had under way never answers. */
  const alive = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    return dead ? new Promise<never>(() => undefined) : result;
  };
  const inbox: ChatInbox = {
    ...noSafety,
    ...noEdits,
    ...noRights,
    request: (request) => alive(intake.request(request)),
    cancel: (run, person) => alive(intake.cancel(run, person)),
    withdraw: (key, person) => alive(intake.withdraw(key, person)),
    refused: (person, code) => alive(intake.refused(person, code)),
    undo: (click) => alive(undo.act(click)),
    delegate: (handing) => alive(delegations.delegate(handing)),
    decision: async (decision) => {
      const outcome = await approvals.decide(decision);
      if (outcome.outcome === "accepted") {
        o.accepted(decision.approval);
      }
      return alive(Promise.resolve(outcome));
    },
  };
  const adapter = createSlack({
    memory: new MemoryValues(),
    settings: {
      botToken: slack.botToken,
      appToken: slack.appToken,
      apiUrl: slack.apiUrl,
      approvals: undefined,
    },
    examples: [],
    desk: {
      runs: () => Promise.resolve([]),
      cards: () => Promise.resolve([]),
      run: () => Promise.resolve(undefined),
      approvals: () => Promise.resolve([]),
      approvalCard: () => Promise.resolve(undefined),
      undos: () => Promise.resolve([]),
      undoCard: () => Promise.resolve(undefined),
      agents: () => Promise.resolve([]),
      people: () => o.people,
      personOf: (account) => o.people.find((each) => each.accounts.includes(account)),
    },
    clock: time,
    after: (ms, call) => time.after(ms, call),
    limiter: { take: () => 0, block: () => undefined },
    log: silentLogger,
  });
  const watched = noting(adapter, o.posted);
  const presenter = createPresenter({
    store: world.store,
    adapters: () => [watched],
    render: async ({ key }) =>
      key.startsWith("approval-") ? cardOf(await world.store.approval(key.slice("approval-".length))) : null,
    others: () => o.others,
    clock: world.time,
    after: (ms, call) => world.time.after(ms, call),
    log: silentLogger,
  });
  void adapter.start(inbox);
  return {
    engine,
    presenter,
    async stop() {
      await presenter.stop();
      await adapter.stop();
    },
    kill() {
      dead = true;
      // Those of other bots too: nobody knows whose they are, and theirs come back.
      slack.sockets.connections.forEach((each) => each.cut());
      // Once the cuts are noticed: the library keeps a timer for what it closes while it does not know yet.
      void settle().then(() => adapter.stop());
      void presenter.stop();
    },
  };
}

function noting(adapter: SlackAdapter, posted: Surroundings["posted"]): SlackAdapter {
  const note = (thread: ThreadId, key: string, message: string | undefined): void => {
    const [channel, ts] = message?.split("/") ?? [];
    if (channel !== undefined && ts !== undefined) {
      posted(thread, key, { channel, ts });
    }
  };
  return {
    ...adapter,
    async post(thread, card, { key }) {
      const message = await adapter.post(thread, card, { key });
      note(thread, key, message);
      return message;
    },
    async find(thread, key) {
      const message = await adapter.find?.(thread, key);
      note(thread, key, message);
      return message;
    },
  };
}

function cardOf(approval: Approval | undefined): Card | null {
  if (approval === undefined) {
    return null;
  }
  const { id, planHash, requester, run } = approval;
  const open = approval.status === "open";
  return {
    kind: "approval",
    run,
    title: "Approve?",
    text: open ? "Waiting." : `Decided by ${approval.decision?.by ?? "nobody"}.`,
    tone: "waiting",
    facts: [],
    steps: [],
    tables: [],
    undo: null,
    options: [],
    plan: { approval: id, hash: planHash },
    approval: open ? { id, planHash, authors: [requester] } : null,
  };
}
