import { cardFor } from "../../src/cards.ts";
import type { Desk } from "../../src/desk-types.ts";
import type { ClickedDecision } from "../../src/decision-types.ts";
import type {
  Approval,
  ChatRequest,
  ErrorInfo,
  Json,
  Person,
  RunId,
  RunStatus,
  StepId,
  StepStatus,
} from "../../src/domain.ts";
import type { ChatAdapter, ChatInbox, Clock } from "../../src/ports.ts";
import type { RunView, StepView } from "../../src/run-view.ts";
import { noRights } from "./no-rights.ts";
import { officeSafety } from "./office-safety.ts";
import { type UndoClick, undoRefOf } from "../../src/undo-types.ts";
import { officeDesk } from "./office-desk.ts";
import { officePeople, officeSteps } from "./office-people.ts";
import { samplePlan } from "./sample-plan.ts";
import { sampleApproval, sampleRun, sampleStep } from "./sample-run.ts";

type Change<T> = { -readonly [K in keyof T]?: T[K] };

/**
 * A company behind a chat adapter, without engine or record: a desk and an inbox over runs in memory, moved by the
 * test and drawn by the real cards. Requests are taken once per key; the first decision counts.
 */
export class ChatOffice {
  readonly runs = new Map<RunId, RunView>();
  readonly requests: ChatRequest[] = [];
  readonly decisions: ClickedDecision[] = [];
  readonly cancelled: RunId[] = [];
  readonly undos: UndoClick[] = [];
  people: readonly Person[] = officePeople;
  demo = true;
  /** What the next request is refused with. */
  refusal: ErrorInfo | null = null;
  /** While set, decisions wait for it: what a slow record looks like. */
  hold: Promise<void> | null = null;
  /** Who was refused because they are nobody here. */
  readonly strangers: string[] = [];
  adapter: ChatAdapter | undefined;
  readonly #clock: Clock;
  /** Nobody's: taken back before it came. */
  readonly #byKey = new Map<string, RunId | undefined>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly desk: Desk = officeDesk(this);
  readonly inbox: ChatInbox = {
    ...noRights,
    ...officeSafety({ now: () => this.#clock.now() }),
    refused: async (person) => {
      this.strangers.push(person);
    },
    request: async (request) => {
      const refused = this.refusal ?? this.#stranger(request.person);
      if (refused !== null) {
        return { outcome: "refused", error: refused };
      }
      if (this.#byKey.has(request.key) && this.#byKey.get(request.key) === undefined) {
        return { outcome: "refused", error: refusal("withdrawn") };
      }
      const known = this.#byKey.get(request.key);
      if (known !== undefined) {
        return { outcome: "accepted", run: known };
      }
      const waiting = [...this.runs.values()].find(
        (view) =>
          view.run.thread === request.thread &&
          view.question !== null &&
          view.run.requester === request.person,
      );
      if (waiting === undefined && request.onlyAnswer === true) {
        return { outcome: "refused", error: refusal("no-question") };
      }
      this.requests.push(request);
      const run = waiting?.run.id ?? `run${this.runs.size + 1}`;
      this.#byKey.set(request.key, run);
      if (waiting === undefined) {
        await this.begin(run, request);
      } else {
        await this.#answer(waiting, request.text);
      }
      return { outcome: "accepted", run };
    },
    undo: async (click) => {
      const refused = this.#stranger(click.person) ?? this.refusal;
      if (refused !== null) {
        return { outcome: "refused", error: refused };
      }
      this.undos.push(click);
      return { outcome: "accepted", run: undoRefOf(click.undo)?.run ?? "" };
    },
    decision: async (decision) => {
      await this.hold;
      const stranger = this.#stranger(decision.person);
      if (stranger !== null) {
        return { outcome: "refused", error: stranger };
      }
      const view = this.#withApproval(decision.approval);
      const approval = view?.approvals.find((each) => each.id === decision.approval);
      if (view === undefined || approval === undefined) {
        return { outcome: "refused", error: refusal("unknown-approval") };
      }
      if (approval.requester === decision.person) {
        return { outcome: "refused", error: refusal("own-request") };
      }
      if (approval.decision !== null) {
        return { outcome: "already-decided", approval };
      }
      this.decisions.push(decision);
      const { person, verdict, adapter, assurance } = decision;
      const at = this.#clock.now();
      const decided: Approval = {
        ...approval,
        status: "decided",
        decision: { by: person, verdict, at, adapter, assurance },
      };
      const reason = decision.reason ?? null;
      const papers = { [approval.id]: { plan: view.plan, reason } };
      await this.change(view.run.id, { approvals: [decided], papers, reason }, [`approval-${approval.id}`]);
      return { outcome: "accepted", run: view.run.id };
    },
    delegate: () => Promise.resolve({ outcome: "refused", error: refusal("no-delegation") }),
    cancel: (run) => {
      this.cancelled.push(run);
      return Promise.resolve({ outcome: "accepted", run });
    },
    withdraw: async (key, person) => {
      const run = this.#byKey.get(key);
      const view = run === undefined ? undefined : this.runs.get(run);
      if (view === undefined) {
        this.#byKey.set(key, undefined);
        return { outcome: "refused", error: refusal("unknown-request") };
      }
      if (view.run.requester !== person) {
        return { outcome: "refused", error: refusal("not-allowed") };
      }
      // The office chooses a workflow when a second step begins.
      if (view.steps.length > 1) {
        return { outcome: "refused", error: refusal("already-started") };
      }
      await this.end(view.run.id, "cancelled");
      return { outcome: "accepted", run: view.run.id };
    },
  };

  #stranger(id: string): ErrorInfo | null {
    if (this.people.some((person) => person.id === id && person.active)) {
      return null;
    }
    this.strangers.push(id);
    return refusal("unknown-person");
  }

  /** Starts a run; only its first step is known. */
  async begin(run: RunId, request: Pick<ChatRequest, "person" | "text" | "thread">): Promise<void> {
    const at = this.#clock.now();
    this.runs.set(run, {
      run: sampleRun(run, {
        requester: request.person,
        thread: request.thread,
        createdAt: at,
        updatedAt: at,
      }),
      requestText: request.text,
      request: null,
      workflow: null,
      steps: [stepView("route", "router", "waiting", null)],
      outputs: {},
      dialogue: [],
      question: null,
      plan: null,
      papers: {},
      approvals: [],
      undos: [],
      reason: null,
    });
    await this.#draw(run, [`progress-${run}`]);
  }
  /** Changes a run and shows the cards named, as the presenter would. */
  async change(run: RunId, change: Change<RunView>, cards: readonly string[]): Promise<void> {
    this.runs.set(run, { ...this.#view(run), ...change });
    await this.#draw(run, cards);
  }
  /** Steps before `current` are done, `current` is at work, the others wait. */
  async proceed(run: RunId, current: StepId, status: RunStatus = "running"): Promise<void> {
    const at = officeSteps.findIndex(([id]) => id === current);
    const steps = officeSteps.map(([id, agent], index) =>
      index < at || status === "completed"
        ? stepView(id, agent, "completed", 7 + index * 13)
        : stepView(id, agent, index === at ? "waiting" : "pending", null),
    );
    const request = { customer: "Customer XYZ", item: "widget", quantity: "50" };
    const view = this.#view(run);
    await this.change(run, { steps, request, run: { ...view.run, status } }, [`progress-${run}`]);
  }
  async ask(run: RunId, text: string, options: readonly string[]): Promise<void> {
    const view = this.#view(run);
    await this.change(run, { question: { text, options }, run: { ...view.run, status: "waiting" } }, [
      `progress-${run}`,
      `question-${run}-1`,
    ]);
  }
  /** The plan is there and waits for a manager. */
  async openApproval(run: RunId): Promise<void> {
    await this.proceed(run, "gate", "waiting");
    const view = this.#view(run);
    const hash = "3f".repeat(32);
    const requester = view.run.requester;
    const plan = { document: samplePlan({ run, requester }), hash };
    await this.change(
      run,
      {
        plan,
        papers: { [`a-${run}`]: { plan, reason: null } },
        approvals: [sampleApproval(run, { id: `a-${run}`, planHash: hash, requester })],
      },
      [`approval-a-${run}`, `progress-${run}`],
    );
  }
  /** The run is over. */
  async end(run: RunId, status: "completed" | "cancelled" | "failed"): Promise<void> {
    const view = this.#view(run);
    const ended = { ...view.run, status, reason: status === "cancelled" ? ("rejected" as const) : null };
    const steps = view.steps.map((step) =>
      status === "completed"
        ? { ...step, status: "completed" as const, ms: step.ms ?? 41 }
        : { ...step, status: step.status === "pending" ? ("skipped" as const) : ("compensated" as const) },
    );
    await this.change(run, { run: ended, steps }, [`progress-${run}`, `result-${run}`]);
  }

  async #answer(view: RunView, answer: string): Promise<void> {
    const dialogue = [...view.dialogue, { question: view.question?.text ?? "", answer }];
    const run = view.run.id;
    await this.change(run, { dialogue, question: null, run: { ...view.run, status: "running" } }, [
      `question-${run}-1`,
      `progress-${run}`,
    ]);
  }
  async #draw(run: RunId, keys: readonly string[]): Promise<void> {
    const view = this.#view(run);
    for (const key of keys) {
      const card = cardFor(key, view);
      if (card !== null) {
        await this.adapter?.post(view.run.thread, card, { key });
      }
    }
  }
  #view(run: RunId): RunView {
    const view = this.runs.get(run);
    if (view === undefined) {
      throw new Error(`no run ${run}`);
    }
    return view;
  }
  #withApproval(id: string): RunView | undefined {
    return [...this.runs.values()].find((view) => view.approvals.some((each) => each.id === id));
  }
}

function refusal(code: string): ErrorInfo {
  return { code, message: `refused: ${code}`, retryable: false };
}
function stepView(id: StepId, agent: string | null, status: StepStatus, ms: number | null): StepView {
  const { startedAt, error } = sampleStep();
  const atSign = agent === null ? null : (`@cs-${agent}` as const);
  const input: Json = { step: id };
  const output: Json | undefined = status === "completed" ? { ok: true, step: id } : undefined;
  return { id, agent, atSign, status, ms, startedAt, error, input, output };
}
