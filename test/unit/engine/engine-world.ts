import { createApprovals } from "../../../src/approvals.ts";
import { createDelegations } from "../../../src/delegations.ts";
import type { TrustView } from "../../../src/define-agent.ts";
import type { WorkflowDefinition } from "../../../src/define-workflow.ts";
import type { Json, Run, Signed, ThreadId } from "../../../src/domain.ts";
import type { MessageSubject, ReceivedEnvelope } from "../../../src/link-types.ts";
import { AppError, toErrorInfo } from "../../../src/errors.ts";
import type { RunBounds } from "../../../src/engine/admission.ts";
import { createEngine } from "../../../src/engine/engine.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import { createSweeper } from "../../../src/engine/sweeper.ts";
import { createStanding } from "../../../src/standing.ts";
import { createStandingUses } from "../../../src/standing-uses.ts";
import { createIntake } from "../../../src/intake.ts";
import { createEdits } from "../../../src/edits.ts";
import { decidersOf } from "../../../src/policy/may-decide.ts";
import { tierNamed } from "../../../src/policy/tiers.ts";
import { loadRunView } from "../../../src/run-view.ts";
import type { Store } from "../../../src/ports.ts";
import type { OutboxRow } from "../../../src/record-types.ts";
import { ManualTime } from "../../fakes/manual-time.ts";
import { MemoryQueue } from "../../fakes/memory-queue.ts";
import type { Fate } from "../../fakes/memory-queue.ts";
import { MemoryStore } from "../../fakes/memory-store.ts";
import { silentLogger } from "../../fakes/silent-logger.ts";
import { people, policy } from "../../fakes/trust-world.ts";
import { buying, hitl, router } from "./buying-workflow.ts";

type Body = {
  readonly skill: string;
  readonly input: { readonly [key: string]: Json };
  readonly mandate?: Json;
};
/** Overrides one skill: what it answers, or the error it throws. */
export type Skill = (body: Body, subject: MessageSubject, count: number) => Json;

const iso = "2026-01-05T10:00:00.000Z";
const signer = { atSign: "@cs-x", instance: "main" } as const;
/** Stands for a signature: the roles' keys are the business of trust. */
const signed = <T>(statement: T, role: string): Signed<T> => ({ statement, signer, signature: role });

/** The engine with everything around it: a record, a queue, agents that remember what they did, a manager. */
export class EngineWorld {
  readonly time: ManualTime;
  readonly store = new MemoryStore();
  readonly queue: MemoryQueue;
  readonly acknowledged: MessageSubject[] = [];
  readonly skills = new Map<string, Skill>();
  /** Effects at the agents, by run, revision and step: done, undone, or undone before they came. */
  readonly effects = new Map<string, string>();
  readonly placed: string[] = [];
  readonly calls: string[] = [];
  /** Rows that were sent from memory, and "due" each time the outbox was asked to look. */
  readonly sent: string[] = [];
  /** What the outbox says of a row that is made ready to be sent; else it is found by claiming it. */
  prepared: Partial<Pick<OutboxRow, "tries" | "dueAt">> = {};
  trust: TrustView = {
    serial: 7,
    demo: true,
    policy,
    person: (id) => people.find((each) => each.id === id),
    verify: ({ signature }, role) => signature === role,
  };
  workflows: readonly WorkflowDefinition[] = [buying];
  bounds: Partial<RunBounds> = {};
  shares: Readonly<Record<string, number>> = {};
  /** Where approval cards stand; else in the run's own thread. */
  places: readonly ThreadId[] | undefined;
  /** What the bot sees of its record; tests put failures in between. */
  seen: Store = this.store;
  private readonly replies = new Map<string, ReceivedEnvelope>();
  private ids = 0;

  constructor(fate?: () => Fate, time = new ManualTime()) {
    this.time = time;
    this.queue = new MemoryQueue(() => this.time.now(), fate);
  }

  /** A bot as after a start: nothing but the record is left. */
  bot() {
    const next = (prefix: string): string => `${prefix}${(this.ids += 1)}`;
    const engine = createEngine({
      store: this.seen,
      queue: this.queue,
      definitions: { workflows: this.workflows, router, hitl },
      clock: this.time,
      ids: { next },
      log: silentLogger,
      trust: () => this.trust,
      bounds: this.bounds,
      shareOf: (person) => this.shares[person] ?? 1,
      approvalPlaces: (run) => this.places ?? [run.thread],
      undoPlaces: (run) => this.places ?? [run.thread],
      acknowledge: async ({ subject }) => {
        this.acknowledged.push(subject);
      },
      prepare: (row) => ({
        row: { ...row, ...this.prepared },
        journal: [],
        send: () => void this.sent.push(row.id),
      }),
      sendDue: () => void this.sent.push("due"),
      committed: () => undefined,
    });
    const shared = {
      store: this.seen,
      engine,
      clock: this.time,
      ids: { next },
      trust: () => this.trust,
      changed: () => undefined,
      after: (ms: number, call: () => void) => this.time.after(ms, call),
      sign: <T>(statement: T) => signed(statement, "evidence"),
    };
    const delegations = createDelegations(shared);
    const standing = createStanding({ ...shared, workflows: this.workflows.map(({ id }) => id) });
    return {
      engine,
      delegations,
      edits: createEdits({
        ...shared,
        view: async (id) => {
          const run = await this.seen.loadRun(id);
          const definition = (name: string) => this.workflows.find((each) => each.id === name);
          const o = { definition, atSignOf: () => "@cs-x" as const, onAltered: () => undefined };
          return run === undefined ? undefined : loadRunView(this.seen, run, o);
        },
        deciders: ({ id, requester, editors = [], tier }) =>
          decidersOf(this.trust.policy, people, {
            requester,
            editors,
            approval: id,
            tier: tierNamed(this.trust.policy, tier),
            demo: true,
            at: this.time.now(),
          }),
      }),
      standing,
      uses: createStandingUses({
        ...shared,
        standing,
        frozen: () => false,
        log: silentLogger,
      }),
      approvals: createApprovals({ ...shared, delegations }),
      intake: createIntake(shared),
      sweeper: createSweeper({
        ...shared,
        log: silentLogger,
        after: (ms, call) => this.time.after(ms, call),
      }),
    };
  }

  /** Delivers whatever is under way, each message `times` times, until everything waits for time or people. */
  async settle(engine: Engine, times = 1): Promise<void> {
    for (let turn = 0; turn < 500; turn += 1) {
      const job = this.queue.take();
      const rows = job === undefined ? await this.seen.claimOutbox(this.time.now(), 60_000, 1) : [];
      if (job !== undefined) {
        await engine.dispatch(job);
      } else if (rows[0] === undefined) {
        return;
      } else {
        const reply = await this.deliver(rows[0]);
        const copies = reply === undefined ? [] : Array.from({ length: times }, () => reply);
        for (const copy of copies) {
          await engine.receive(copy);
        }
      }
    }
    throw new Error("the world does not come to rest");
  }

  /** What comes back of a message; other worlds have real agents, which take their time. */
  protected deliver(row: OutboxRow): Promise<ReceivedEnvelope | undefined> {
    return Promise.resolve(this.replyTo(row));
  }

  /** What the agent answers: computed once, then the stored reply; a crashed skill answers nothing. */
  replyTo(row: OutboxRow): ReceivedEnvelope | undefined {
    const { run, revision, step, attempt } = row.subject;
    const key = [run, revision, step, attempt].join("/");
    const known = this.replies.get(key);
    if (known !== undefined) {
      return known;
    }
    const reply = this.work(row);
    if (reply !== undefined) {
      this.replies.set(key, reply);
    }
    return reply;
  }

  envelope(row: OutboxRow, kind: "result" | "error", body: Json): ReceivedEnvelope {
    const { subject, to, expiresAt } = row;
    const from = { atSign: `@cs-${to}`, instance: "main", role: to } as const;
    const ids = { sequence: null, fencing: 1, messageId: "m", hash: "h", expiresAt };
    return { from, kind, subject, body, ...ids };
  }

  private work(row: OutboxRow): ReceivedEnvelope | undefined {
    if (row.kind === "cancel") {
      return this.envelope(row, "error", { code: "cancelled", message: "cancelled", retryable: false });
    }
    const body = row.body as unknown as Body;
    const name = `${row.to}.${body.skill}`;
    const { step, revision, attempt } = row.subject;
    this.calls.push(`${name}/${step}/${revision}/${attempt}`);
    try {
      const count = this.calls.filter((each) => each.startsWith(`${name}/`)).length;
      const skill = this.skills.get(name) ?? ((b, s) => this.usual(name, b, s));
      return this.envelope(row, "result", { output: skill(body, row.subject, count) });
    } catch (error) {
      if (error instanceof Silence) {
        return undefined;
      }
      return this.envelope(row, "error", { ...toErrorInfo(error) });
    }
  }

  /** The skills as they are meant to be. */
  usual(name: string, { input, mandate }: Body, subject: MessageSubject): Json {
    const { run, revision, step } = subject;
    const effect = `${run}/${revision}/${step.replace("undo-", "")}`;
    switch (name) {
      case "router.route":
        return { outcome: "workflow", workflow: "buying", version: 1, input: { item: input["text"] ?? "" } };
      case "inventory.reserve":
      case "financial.budget":
        if (this.effects.get(effect) === "tombstone") {
          throw new AppError("undone", "undone before it came");
        }
        this.effects.set(effect, "done");
        return name === "inventory.reserve" ? { missing: 3 } : { done: true };
      case "inventory.release":
      case "financial.release":
        this.effects.set(effect, this.effects.has(effect) ? "undone" : "tombstone");
        return { done: true };
      case "financial.attest":
      case "compliance.attest": {
        const role = name.split(".")[0] ?? "";
        const statement = { planHash: input["hash"] ?? "", run, revision, role };
        return signed(statement, role) as unknown as Json;
      }
      case "hitl.sign-decision": {
        const evidence = input["evidence"] as unknown as Signed<{ verdict: string; planHash: string }>[];
        return evidence.map(({ statement }) =>
          signed({ ...statement, tag: "countersign/decision/1", issuedAt: iso }, "hitl"),
        ) as unknown as Json;
      }
      case "supply.place-orders":
        // Idempotent by run, revision and step, as the real one.
        if (mandate !== undefined && !this.placed.includes(effect)) {
          this.placed.push(effect);
        }
        return { done: true };
      case "exception.triage":
        return { action: "escalate", delayMs: 0, exclude: [], note: "somebody must look" };
      default:
        return { done: true };
    }
  }

  async run(id: string): Promise<Run> {
    const found = await this.store.loadRun(id);
    if (found === undefined) {
      throw new Error(`no run ${id}`);
    }
    return found;
  }

  async text(id: string, step: string, name: string, revision = 1): Promise<Json | undefined> {
    const all = await this.store.contents(id, [{ step, name }]);
    return all.find((each) => each.revision === revision)?.value;
  }

  alarms(): readonly unknown[] {
    return this.store.journal
      .filter((each) => each.kind === "alarm" || each.kind === "refusal")
      .map((each) => each.facts["code"]);
  }
}

/** Thrown by a skill whose agent does not answer. */
export class Silence extends Error {}

export const request = { key: "k1", thread: "console:1", person: "employee", text: "a pump" } as const;
export const click = {
  person: "manager",
  verdict: "approved",
  adapter: "console",
  assurance: "clicked",
} as const;
