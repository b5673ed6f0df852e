import { BoundedMap } from "../bounded-map.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { ReadyMessage } from "../link-port.ts";
import type { StepJob } from "../ports.ts";
import type { Run, RunId } from "../domain.ts";
import type { InboxKey, RunCommit } from "../record-types.ts";
import { findWorkflow } from "./definitions.ts";
import { type EngineOptions, surroundingsOf } from "./engine-options.ts";
import { isFinished } from "./plan.ts";
import { sendNotice } from "./requests.ts";
import { RunDraft, rowId } from "./run-draft.ts";
import type { RunRecord } from "./run-record.ts";

const tries = 100;
/** Running runs kept in memory, and jobs whose requests this process sends: what was forgotten is found in the record. */
const remembered = 1_000;
/** Of those that wait for a person, only the latest: there may be very many. */
const rememberedWaiting = 50;

/** What is committed with a change because an agent's message brought it about. */
interface MessageKeys {
  readonly inbox: InboxKey;
  /** The token under which it was sent. */
  readonly fencing: number;
  /** Outbox rows that the message answers. */
  readonly close: readonly string[];
}
type Keys = Partial<MessageKeys> & Pick<RunCommit, "requestKey">;
/** "unknown": there is no such run. */
type Changed<T> = { readonly made: T } | "unknown" | "duplicate" | "fenced";
/** Loads a run, lets something change it, saves it in one transaction, and again if another writer was first. */
export interface RunChanger {
  /**
   * Undefined when there is no such run; else what `decide` returned. There is a commit only when something changed.
   */
  change<T>(run: RunId, decide: (draft: RunDraft) => T): Promise<T | undefined>;
  /** The same for what a chat message brings about. "duplicate": its key was known. */
  changeOnce<T>(
    run: RunId,
    requestKey: string,
    decide: (draft: RunDraft) => T,
  ): Promise<T | "duplicate" | undefined>;
  /** The same for an agent's message, always with a commit. "fenced": its step was given to another instance since. */
  apply<T>(
    run: RunId,
    decide: (draft: RunDraft) => T,
    message: MessageKeys,
  ): Promise<T | "duplicate" | "fenced" | undefined>;
  /** Saves a new run; unless the request's key was known: then the run it made. */
  create(
    run: Run,
    requestKey: string,
    begin: (draft: RunDraft) => void,
  ): Promise<{ readonly run: RunId; readonly created: boolean }>;
  /** Whether a commit of this process has begun what the job asks for. */
  hasBegun(job: StepJob): boolean;
}

export function createRunChanger(
  options: EngineOptions,
  /** Called after every commit. */
  saved: (before: Run | undefined, after: Run) => void,
): RunChanger {
  const { store, queue, definitions, log } = options;
  /** Runs as this process saved them last; whoever else changed one since is found by the version at the commit. */
  const memory = new BoundedMap<RunId, RunRecord>(remembered);
  const waiting = new BoundedMap<RunId, RunRecord>(rememberedWaiting);
  /** Jobs whose requests are sent from here, by row. */
  const begun = new BoundedMap<string, true>(remembered);
  /** The last change begun of each run: two at once would only find each other's version. */
  const turns = new Map<RunId, Promise<unknown>>();

  async function load(id: RunId): Promise<RunRecord | undefined> {
    const run = await store.loadRun(id);
    if (run === undefined) {
      return undefined;
    }
    const [contents, approvals] = await Promise.all([store.contents(id), store.approvals({ run: id })]);
    const definition = run.workflow === null ? null : findWorkflow(definitions, run.workflow);
    if (definition === undefined) {
      const name = `"${run.workflow?.id}" version ${run.workflow?.version}`;
      throw new AppError("workflow-missing", `run ${id} needs workflow ${name}, which is not defined`);
    }
    return { run, contents, approvals, definition };
  }

  function remember(record: RunRecord): void {
    const { id, status } = record.run;
    memory.delete(id);
    waiting.delete(id);
    if (!isFinished(status)) {
      (status === "waiting" ? waiting : memory).set(id, record);
    }
  }

  /** Everything to save, and the messages to send once it is saved. */
  function commitOf(
    draft: RunDraft,
    { inbox, fencing, requestKey }: Keys,
  ): { readonly commit: RunCommit; readonly messages: readonly ReadyMessage[] } {
    try {
      sendNotice(draft);
    } catch (error) {
      log.error({ run: draft.run.id, code: toErrorInfo(error).code }, "notice-not-built");
    }
    const messages = draft.messages.map((row) => options.prepare(row));
    const commit = draft.commit(inbox);
    return {
      commit: {
        ...commit,
        ...(requestKey === undefined ? {} : { requestKey }),
        ...(fencing === undefined ? {} : { fencing }),
        outbox: messages.map(({ row }) => row),
        journal: [...commit.journal, ...messages.flatMap(({ journal }) => journal)],
      },
      messages,
    };
  }

  /**
   * Begins what may be lost: messages, hints to the queue and the cards. The sweepers make up for it, so nothing waits for
   * it: a queue that hangs holds up neither an acknowledgement nor a decision.
   */
  function afterCommit(draft: RunDraft, messages: readonly ReadyMessage[]): void {
    remember(draft.saved());
    saved(draft.before.version === 0 ? undefined : draft.before, draft.run);
    const sent = new Set(messages.map(({ row }) => row.id));
    for (const { job, delayMs } of draft.jobs) {
      const id = rowId("request", job);
      const ready = sent.has(id);
      if (ready) {
        begun.set(id, true);
      }
      queue.add({ ...job, ready }, { delayMs }).catch((error: unknown) => {
        log.warn({ run: job.run, step: job.step, code: toErrorInfo(error).code }, "job-not-queued");
      });
    }
    messages.forEach((message) => message.send());
    options.committed(draft.changedCards, draft.closedRows);
  }

  async function changeNow<T>(id: RunId, decide: (draft: RunDraft) => T, o: Keys): Promise<Changed<T>> {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const remembered = attempt === 0 ? (memory.get(id) ?? waiting.get(id)) : undefined;
      const record = remembered ?? (await load(id));
      if (record === undefined) {
        return "unknown";
      }
      const draft = new RunDraft(record, surroundingsOf(options));
      const result = decide(draft);
      if (draft.abandoned || (o.inbox === undefined && !draft.changed)) {
        if (remembered === undefined) {
          return { made: result };
        }
        // No commit will tell whether the run is still as remembered.
        continue;
      }
      o.close?.forEach((row) => draft.close(row));
      const { commit, messages } = commitOf(draft, o);
      const saved = await store.saveRun(commit);
      if (saved === "duplicate" || saved === "fenced") {
        return saved;
      }
      if (saved === "saved") {
        afterCommit(draft, messages);
        return { made: result };
      }
    }
    throw new AppError("run-busy", `run ${id} was changed by others ${tries} times in a row`, {
      retryable: true,
    });
  }

  async function inTurn<T>(id: RunId, decide: (draft: RunDraft) => T, o: Keys): Promise<Changed<T>> {
    const before = turns.get(id);
    const turn = (async () => {
      await before?.catch(() => undefined);
      return changeNow(id, decide, o);
    })();
    turns.set(id, turn);
    try {
      return await turn;
    } finally {
      if (turns.get(id) === turn) {
        turns.delete(id);
      }
    }
  }

  return {
    async change(id, decide) {
      const changed = await inTurn(id, decide, {});
      return typeof changed === "object" ? changed.made : undefined;
    },
    async changeOnce(id, requestKey, decide) {
      const changed = await inTurn(id, decide, { requestKey });
      if (typeof changed === "object") {
        return changed.made;
      }
      return changed === "duplicate" ? changed : undefined;
    },
    async apply(id, decide, message) {
      const changed = await inTurn(id, decide, message);
      if (typeof changed === "object") {
        return changed.made;
      }
      return changed === "unknown" ? undefined : changed;
    },
    async create(run, requestKey, begin) {
      const draft = new RunDraft(
        { run, contents: [], approvals: [], definition: null },
        surroundingsOf(options),
      );
      begin(draft);
      const { commit, messages } = commitOf(draft, {});
      const made = await store.createRun(commit, requestKey);
      if (made.created) {
        afterCommit(draft, messages);
      }
      return made;
    },
    hasBegun: (job) => begun.delete(rowId("request", job)),
  };
}
