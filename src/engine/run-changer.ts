import { BoundedMap } from "../bounded-map.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { ReadyMessage } from "../ports.ts";
import type { RunId } from "../domain.ts";
import type { InboxKey, RunCommit } from "../record-types.ts";
import { findWorkflow } from "./definitions.ts";
import { type EngineOptions, surroundingsOf } from "./engine-options.ts";
import { sendNotice } from "./requests.ts";
import { RunDraft } from "./run-draft.ts";
import type { RunRecord } from "./run-record.ts";

const tries = 100;
const remembered = 100;

/** What is committed with a change because a message brought it about. */
interface MessageKeys {
  readonly inbox?: InboxKey;
  /** Outbox rows that the message answers. */
  readonly close?: readonly string[];
  /** The chat message's. */
  readonly requestKey?: string;
}
/** Loads a run, lets something change it, saves it in one transaction, and again if another writer was first. */
export interface RunChanger {
  /**
   * Undefined when there is no such run; "duplicate" when the key of a message was known; else what `decide` returned.
   * With an inbox key there is always a commit, else only when something changed.
   */
  change<T>(
    run: RunId,
    decide: (draft: RunDraft) => T,
    o?: MessageKeys,
  ): Promise<T | "duplicate" | undefined>;
  /**
   * Begins what may be lost: hints to the queue, the outbox and the cards. The sweepers make up for it, so nothing
   * waits for it: a queue that hangs holds up neither an acknowledgement nor a decision.
   */
  afterCommit(draft: RunDraft): void;
}

export function createRunChanger(options: EngineOptions): RunChanger {
  const { store, queue, definitions, log } = options;
  /** Runs as this process saved them last; whoever else changed one since is found by the version at the commit. */
  const memory = new BoundedMap<RunId, RunRecord>(remembered);
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

  function remember(draft: RunDraft): void {
    memory.set(draft.run.id, draft.saved());
  }

  /** Everything to save, and the messages to send once it is saved. */
  function commitOf(
    draft: RunDraft,
    { inbox, requestKey }: MessageKeys,
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
        outbox: messages.map(({ row }) => row),
        journal: [...commit.journal, ...messages.flatMap(({ journal }) => journal)],
      },
      messages,
    };
  }

  function afterCommit(draft: RunDraft): void {
    remember(draft);
    for (const { job, delayMs } of draft.jobs) {
      queue.add(job, { delayMs }).catch((error: unknown) => {
        log.warn({ run: job.run, step: job.step, code: toErrorInfo(error).code }, "job-not-queued");
      });
    }
    options.committed(draft.changedCards, draft.closedRows);
  }

  async function changeNow<T>(
    id: RunId,
    decide: (draft: RunDraft) => T,
    o: MessageKeys,
  ): Promise<T | "duplicate" | undefined> {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const remembered = attempt === 0 ? memory.get(id) : undefined;
      const record = remembered ?? (await load(id));
      if (record === undefined) {
        return undefined;
      }
      const draft = new RunDraft(record, surroundingsOf(options));
      const result = decide(draft);
      if (draft.abandoned || (o.inbox === undefined && !draft.changed)) {
        if (remembered === undefined) {
          return result;
        }
        // No commit will tell whether the run is still as remembered.
        continue;
      }
      o.close?.forEach((row) => draft.close(row));
      const { commit, messages } = commitOf(draft, o);
      const saved = await store.saveRun(commit);
      if (saved === "duplicate") {
        return "duplicate";
      }
      if (saved === "saved") {
        messages.forEach((message) => message.send());
        afterCommit(draft);
        return result;
      }
    }
    throw new AppError("run-busy", `run ${id} was changed by others ${tries} times in a row`, {
      retryable: true,
    });
  }

  return {
    async change(id, decide, o = {}) {
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
    },
    afterCommit,
  };
}
