import type { ChatRequest } from "../chat-types.ts";
import type { ApprovalId, PersonId, Run, RunId, ThreadId } from "../domain.ts";
import { type Edited, editKey, type GivenEdit } from "../edit-types.ts";
import type { MessageSubject, ReceivedEnvelope } from "../link-types.ts";
import type { StepJob } from "../ports.ts";
import { createAdmission, type RunBounds } from "./admission.ts";
import { assertRunnable } from "./definitions.ts";
import type { EngineOptions } from "./engine-options.ts";
import { editPlan } from "./edit-plan.ts";
import { dispatchStep, happen } from "./happen.ts";
import { createInbox } from "./inbox.ts";
import { irreversibleStarted, isFinished, overdueSteps, pendingStep } from "./plan.ts";
import type { RunDraft } from "./run-draft.ts";
import { answerBack, askBack, type AskedBack } from "./ask-back.ts";
import { remindReview, review } from "./review.ts";
import { lastQuestion, planOf } from "./run-record.ts";
import {
  type DecidedApproval,
  type GivenDecision,
  recordDecision,
  type Recorded,
} from "./record-decision.ts";
import { createRunChanger } from "./run-changer.ts";
import { createUndo, type UndoEngine } from "./undo.ts";

interface StartedRun {
  readonly run: RunId;
  /** False when the request's key was known. */
  readonly created: boolean;
}
/** Runs workflows: messages out, events in. All it knows is in the record, so any of these may be the last. */
export interface Engine extends UndoEngine {
  /** Fails when an open run needs a definition that is not there as it was; call it before anything else. */
  check(): Promise<void>;
  /**
   * Fails with "withdrawn" where the request was taken back before it came, with "too-many-requests" where too many wait
   * for their turn already.
   */
  start(request: ChatRequest): Promise<StartedRun>;
  /**
   * Does the work of a queue's job: commits the step's request, where that is not done, and has it sent, where that is not
   * begun. A job that is out of date does nothing.
   */
  dispatch(job: StepJob): Promise<void>;
  /** Applies a verified message of an agent and acknowledges it. */
  receive(message: ReceivedEnvelope): Promise<void>;
  /** The answer to the question a run waits with. "duplicate": the chat message with this key was taken before. */
  answer(
    run: RunId,
    o: { readonly key: string; readonly text: string },
  ): Promise<"answered" | "not-waiting" | "duplicate">;
  /**
   * Commits a person's verdict with its evidence. "counted": further people's are needed; "counted-before": theirs, or
   * that of whom they stand in for, is there already; "stale": the approval was not open any more. Several, which were
   * given in advance, are one commit.
   */
  record(
    approval: DecidedApproval,
    given: GivenDecision,
    ...others: readonly GivenDecision[]
  ): Promise<Recorded>;
  /** Has who may decide ask the requester something; see `ask-back.ts`. */
  askBack(approval: ApprovalId, o: { readonly by: PersonId; readonly text: string }): Promise<AskedBack>;
  /** Writes down what somebody found who looked at a decision that was made alone. */
  review(
    approval: ApprovalId,
    given: { readonly by: PersonId; readonly note: string; readonly reminders: number },
  ): Promise<"reviewed" | "reviewed-before">;
  remindReview(approval: ApprovalId, number: number): Promise<void>;
  /** See `editPlan`. */
  edit(approval: ApprovalId, given: GivenEdit): Promise<Edited>;
  /** "too-late" once something irreversible was sent. */
  cancel(run: RunId, by: PersonId): Promise<"cancelled" | "too-late" | "finished" | "unknown">;
  /** Nothing new of the run is begun, or again. "finished" also where it was so already. */
  pause(run: RunId, by: PersonId, paused: boolean): Promise<"done" | "finished" | "unknown">;
  /**
   * Ends a run whose chat message, with this key, was taken back: "already-started" once a workflow was chosen,
   * "unknown" where the message is not the one that started the run.
   */
  withdraw(run: RunId, key: string): Promise<"withdrawn" | "already-started" | "unknown">;
  /** No instance of the agent that a request waits for is there, or one is again: said on the run's card. */
  unattended(subject: MessageSubject, waits: boolean): Promise<void>;
  /** Begins runs that wait for their turn, where there is room. */
  admit(): Promise<void>;
  /** What time has brought about for a run; does itself what the queue should have had done by now. */
  due(run: RunId): Promise<void>;
}

/** As many as are kept in memory; and what waits is work for hours. */
const usualBounds: RunBounds = { inProgress: 1_000, waiting: 10_000 };

export function createEngine(options: EngineOptions): Engine {
  const { store, definitions, clock, ids } = options;
  const admission = createAdmission({
    store,
    bounds: { ...usualBounds, ...options.bounds },
    shareOf: options.shareOf ?? (() => 1),
    frozen: options.frozen ?? (() => false),
    begin: (run) => changer.change(run, (draft) => happen(draft, { type: "admitted" })),
    log: options.log,
  });
  const changer = createRunChanger(options, (before, after) => admission.saved(before, after));
  const inbox = createInbox(options, changer);
  return {
    ...createUndo(changer),
    async check() {
      assertRunnable(definitions, await store.openWorkflows());
    },

    async start({ key, thread, person, text }) {
      const held = admission.holds();
      const run = newRun(ids.next("r"), thread, person, clock.now());
      return changer.create(run, key, (draft) => {
        draft.add("route", "request", text);
        draft.note("request", { person, thread }, text);
        happen(draft, { type: "started", held });
      });
    },

    async dispatch(job) {
      if (changer.hasBegun(job)) {
        return;
      }
      if (job.ready) {
        // Whoever committed it sends it; here it is sent if it waits for a place, or if it is due again.
        options.sendDue();
        return;
      }
      await changer.change(job.run, (draft) => {
        const { step, revision, attempt } = job;
        if (draft.run.revision === revision) {
          dispatchStep(draft, { step, revision, attempt });
        }
      });
    },

    receive: (message) => inbox.receive(message),

    async answer(id, { key, text }) {
      const answered = await changer.changeOnce(id, key, (draft) => answerQuestion(draft, key, text));
      return answered ?? "not-waiting";
    },

    async record(approval, given, ...others) {
      const result = await changer.change(approval.run, (draft) =>
        others.reduce(
          (_before, each) => recordDecision(draft, approval, each),
          recordDecision(draft, approval, given),
        ),
      );
      return result ?? "stale";
    },

    async askBack(id, question) {
      const approval = await store.approval(id);
      const result =
        approval === undefined
          ? undefined
          : await changer.change(approval.run, (draft) => askBack(draft, approval, question));
      return result ?? "stale";
    },

    async review(id, given) {
      const approval = await store.approval(id);
      const result =
        approval === undefined
          ? undefined
          : await changer.change(approval.run, (draft) => review(draft, approval, given));
      return result === "reviewed" ? result : "reviewed-before";
    },

    async remindReview(id, number) {
      const approval = await store.approval(id);
      if (approval !== undefined) {
        await changer.change(approval.run, (draft) => remindReview(draft, approval, number));
      }
    },

    async edit(id, given) {
      const approval = await store.approval(id);
      if (approval === undefined) {
        return "stale";
      }
      const result = await changer.changeOnce(approval.run, editKey(given.key), (draft) =>
        editPlan(draft, approval, given),
      );
      return result === "duplicate" ? "edited" : (result ?? "stale");
    },

    async cancel(id, by) {
      const result = await changer.change(id, (draft) => {
        if (isFinished(draft.run.status)) {
          return "finished";
        }
        if (irreversibleStarted(planOf(draft.definition), draft.run)) {
          return "too-late";
        }
        // Unchanged means that it ends already, for another reason.
        return happen(draft, { type: "cancel-requested" }, () => draft.note("cancel", { by }))
          ? "cancelled"
          : "finished";
      });
      return result ?? "unknown";
    },

    async pause(id, by, paused) {
      const result = await changer.change(id, (draft) =>
        happen(draft, { type: "pause-requested", paused }, () => draft.note("pause", { by, paused }))
          ? "done"
          : "finished",
      );
      return result ?? "unknown";
    },

    async withdraw(id, key) {
      const result = await changer.change(id, (draft) => {
        const answers = draft.contents.filter((each) => each.name.startsWith("answer-key:"));
        if (answers.some((each) => each.value === key)) {
          return "unknown";
        }
        if (draft.run.workflow !== null) {
          return "already-started";
        }
        // Unchanged means that it is over already, or ends.
        happen(draft, { type: "cancel-requested" }, () =>
          draft.note("cancel", { by: draft.run.requester, withdrawn: true }),
        );
        return "withdrawn";
      });
      return result ?? "unknown";
    },

    async unattended({ run, ...ref }, waits) {
      await changer.change(run, (draft) => happen(draft, { type: "unattended", waits, ...ref }));
    },

    admit: () => admission.admit(),

    async due(id) {
      await changer.change(id, (draft) => {
        const { revision } = draft.run;
        for (const { id: step, attempt } of overdueSteps(draft.run, draft.around.now)) {
          dispatchStep(draft, { step, revision, attempt });
        }
        happen(draft, { type: "due" });
      });
    },
  };
}

function newRun(id: RunId, thread: ThreadId, requester: PersonId, now: number): Run {
  return {
    id,
    workflow: null,
    revision: 1,
    version: 0,
    status: "running",
    reason: null,
    error: null,
    requester,
    thread,
    createdAt: now,
    updatedAt: now,
    steps: [pendingStep("route")],
  };
}

function answerQuestion(draft: RunDraft, key: string, text: string): "answered" | "not-waiting" {
  for (const { id } of draft.run.steps) {
    const question = lastQuestion(draft, id);
    if (question?.open !== true) {
      continue;
    }
    const { number } = question;
    if (answerBack(draft, id, text)) {
      draft.add(id, `answer-key:${number}`, key);
      return "answered";
    }
    const answered = happen(draft, { type: "answered", step: id, revision: draft.run.revision }, () => {
      draft.add(id, `answer:${number}`, text);
      // Says under the run's seal that the message belongs to it.
      draft.add(id, `answer-key:${number}`, key);
      if (id !== "route") {
        draft.add(id, "output", { answer: text });
      }
      draft.note("answer", { step: id, question: number }, text);
      draft.touch(`question-${draft.run.id}-${number}`);
    });
    if (answered) {
      return "answered";
    }
  }
  return "not-waiting";
}
