import type { TrustView } from "./define-agent.ts";
import type { Accepted, ChatRequest, ErrorInfo, PersonId, Refused, RunId } from "./domain.ts";
import { toErrorInfo } from "./errors.ts";
import { mayAsk, mayCancel } from "./policy.ts";
import { refusal } from "./policy/refusal.ts";
import type { Store } from "./ports.ts";

const longestText = 20_000;
const longestKey = 500;
/** Control characters other than tab and line ends, what a broken decoding leaves, and marks that reorder text. */
const notText = /[^\P{Cc}\t\n\r]|[\uFFFD\u202A-\u202E\u2066-\u2069]/u;
const somethingToRead = /[\p{L}\p{N}]/u;

export interface IntakeOptions {
  readonly store: Pick<
    Store,
    "requestRun" | "withdrawRequest" | "waitingInThread" | "loadRun" | "appendJournal"
  >;
  /** What intake asks of the engine; each resolves after the commit. */
  readonly engine: {
    start(request: ChatRequest): Promise<{ readonly run: RunId }>;
    answer(
      run: RunId,
      o: { readonly key: string; readonly text: string },
    ): Promise<"answered" | "not-waiting" | "duplicate">;
    pause(run: RunId, by: PersonId, paused: boolean): Promise<"done" | "finished" | "unknown">;
    cancel(run: RunId, by: PersonId): Promise<"cancelled" | "too-late" | "finished" | "unknown">;
    withdraw(run: RunId, key: string): Promise<"withdrawn" | "already-started" | "unknown">;
  };
  readonly trust: () => TrustView;
}
/** What adapters hand over of people's messages; each resolves after the commit. */
export interface Intake {
  /** Starts a run, or answers the question that one waits with in this thread. The same key again changes nothing. */
  request(request: ChatRequest): Promise<Accepted | Refused>;
  cancel(run: RunId, person: PersonId): Promise<Accepted | Refused>;
  /** Has nothing new of a run begun, or goes on with it: whoever may cancel it may. */
  pause(run: RunId, person: PersonId, paused: boolean): Promise<Accepted | Refused>;
  /** Takes back the message with this key; see `ChatInbox`. Again changes nothing. */
  withdraw(key: string, person: PersonId): Promise<Accepted | Refused>;
  /** Writes down what an adapter refused by itself; see `ChatInbox`. */
  refused(person: PersonId, code: string): Promise<void>;
}

/** A run that a message belongs to: by its key, or because the run waits for this person's answer in the thread. */
interface Known {
  readonly run: RunId;
  readonly waits: boolean;
}

export function createIntake({ store, engine, trust }: IntakeOptions): Intake {
  /** The journal's clear facts name only people of the company; who was merely claimed is sealed text. */
  async function refuse(claimed: PersonId, run: RunId | null, error: ErrorInfo): Promise<Refused> {
    const person = trust().person(claimed)?.id ?? null;
    const body = person === null ? { body: { person: claimed.slice(0, longestKey) } } : {};
    await store.appendJournal([{ kind: "refusal", run, facts: { code: error.code, person }, ...body }]);
    return { outcome: "refused", error };
  }

  /**
   * The run that a message belongs to already. Its key is committed with what it does, start or answer, so that
   * delivered again after a crash the start of a run does not answer that run's own question, and an answer starts no
   * run.
   */
  async function runOf({ key, thread, person }: ChatRequest): Promise<Known | undefined> {
    const taken = await store.requestRun(key);
    if (taken !== undefined) {
      return { run: taken, waits: false };
    }
    const waiting = await store.waitingInThread(thread);
    // Only the requester answers; a message by somebody else in the same thread is a request of theirs.
    return waiting?.requester === person ? { run: waiting.id, waits: true } : undefined;
  }

  async function take(request: ChatRequest, known: Known | undefined): Promise<RunId | undefined> {
    const { key, text } = request;
    if (known?.waits === false) {
      return known.run;
    }
    if (known !== undefined && (await engine.answer(known.run, { key, text })) === "answered") {
      return known.run;
    }
    if (request.onlyAnswer === true) {
      return store.requestRun(key);
    }
    try {
      // Also of a message that came twice at once: the start finds what the other one did.
      return (await engine.start(request)).run;
    } catch (error) {
      if (toErrorInfo(error).code === "withdrawn") {
        return undefined;
      }
      throw error;
    }
  }

  /** Recorded: why the run cannot be ended or held up by this person. Null where it can. */
  async function mayNotEnd(id: RunId, person: PersonId): Promise<Refused | null> {
    const run = await store.loadRun(id);
    if (run === undefined) {
      return refuse(person, null, refusal("unknown-run", `there is no run "${id.slice(0, 100)}"`));
    }
    const view = trust();
    const refused = mayCancel(view.policy, view.person(person), person, run.requester);
    return refused === null ? null : refuse(person, id, refused);
  }

  return {
    async refused(person, code) {
      await refuse(person, null, refusal(code, ""));
    },

    async request(request) {
      const known = await runOf(request);
      if (request.onlyAnswer === true && known === undefined) {
        return noQuestion;
      }
      const view = trust();
      const refused = mayAsk(view.policy, view.person(request.person), request.person) ?? badRequest(request);
      if (refused !== null) {
        return refuse(request.person, null, refused);
      }
      let run: RunId | undefined;
      try {
        run = await take(request, known);
      } catch (error) {
        const info = toErrorInfo(error);
        if (info.code === "too-many-requests") {
          return refuse(request.person, null, info);
        }
        throw error;
      }
      if (run === undefined) {
        return request.onlyAnswer === true ? noQuestion : refuse(request.person, null, withdrawnBefore);
      }
      return { outcome: "accepted", run };
    },

    async cancel(id, person) {
      const refused = await mayNotEnd(id, person);
      if (refused !== null) {
        return refused;
      }
      const result = await engine.cancel(id, person);
      if (result === "cancelled") {
        return { outcome: "accepted", run: id };
      }
      const why = {
        "too-late": "something that cannot be undone was already sent",
        finished: "it is finished, or ending already",
        unknown: "it does not exist any more",
      }[result];
      return refuse(person, id, refusal(`cancel-${result}`, `run "${id}" cannot be cancelled: ${why}`));
    },

    async pause(id, person, paused) {
      const refused = await mayNotEnd(id, person);
      if (refused !== null) {
        return refused;
      }
      const result = await engine.pause(id, person, paused);
      const what = paused ? "paused" : "resumed";
      return result === "done"
        ? { outcome: "accepted", run: id }
        : refuse(
            person,
            id,
            refusal(`not-${what}`, `run "${id}" cannot be ${what}: it is already, or is over`),
          );
    },

    async withdraw(key, person) {
      const view = trust();
      // Most messages that people delete were no requests. Who may not ask has none that might still come.
      const mayCome = mayAsk(view.policy, view.person(person), person) === null && isKey(key);
      const id = mayCome ? await store.withdrawRequest(key, person) : await store.requestRun(key);
      const run = id === undefined ? undefined : await store.loadRun(id);
      if (run === undefined) {
        return { outcome: "refused", error: unknownRequest };
      }
      const refused =
        mayCancel(view.policy, view.person(person), person, run.requester) ??
        (person === run.requester ? null : notRequester);
      if (refused !== null) {
        return refuse(person, run.id, refused);
      }
      const result = await engine.withdraw(run.id, key);
      if (result === "withdrawn") {
        return { outcome: "accepted", run: run.id };
      }
      return refuse(person, run.id, result === "unknown" ? alreadyAnswered : alreadyStarted);
    },
  };
}

/** Other people's talk: nobody asked for it, so it is not recorded either. */
const noQuestion: Refused = {
  outcome: "refused",
  error: refusal("no-question", "no question waits for an answer of this person in this thread"),
};
const unknownRequest = refusal("unknown-request", "no request was started by this message");
const withdrawnBefore = refusal("withdrawn", "the message was taken back before it came");
const notRequester = refusal("not-allowed", "only who asked can take a request back");
const alreadyAnswered = refusal("already-answered", "the message was taken as the answer to a question");
const alreadyStarted = refusal("already-started", "the request is being worked on: cancel it instead");

function isKey(key: string): boolean {
  return key !== "" && key.length <= longestKey;
}

function badRequest({ key, text }: ChatRequest): ErrorInfo | null {
  if (!isKey(key)) {
    return refusal("bad-key", `a message's key must have 1 to ${longestKey} characters, got ${key.length}`);
  }
  if (text.length > longestText) {
    return refusal(
      "request-too-long",
      `the request has ${text.length} characters; at most ${longestText} are read`,
    );
  }
  if (!text.isWellFormed() || notText.test(text)) {
    return refusal("request-not-text", "the request contains characters that are not readable text");
  }
  if (!somethingToRead.test(text)) {
    return refusal(
      "request-empty",
      'the request is empty; say what is needed, e.g. "Order the parts for 5 widgets"',
    );
  }
  return null;
}
