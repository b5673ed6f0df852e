import { toErrorInfo } from "../../src/errors.ts";
import { noticeModal, reasonMissing } from "./blocks/modals.ts";
import { actionIds, actionValues, isAnswer, type UndoNote } from "./blocks/slack-actions.ts";
import { createVerdicts } from "./decisions.ts";
import { createPlanEdits } from "./edits.ts";
import type { Parts, View } from "./parts.ts";
import { type ActionBody, payloads } from "./payloads.ts";
import { requestKeyOf } from "./slack-ids.ts";
import { createUndos } from "./undos.ts";
import { createViews, verdictView } from "./views.ts";
import type { Caller } from "./who.ts";

/** Acknowledges a payload; for views with what Slack is to show next. */
export type Ack = (response?: unknown) => Promise<void>;

/** Buttons of cards and views, and the submissions of views. Each acknowledges after its commit, or not at all. */
export interface Actions {
  clicked(body: unknown, ack: Ack): Promise<void>;
  submitted(body: unknown, ack: Ack): Promise<void>;
  /** The form in which a plan is changed. */
  edited(body: unknown, ack: Ack): Promise<void>;
  /** The view that takes the note about an undo. */
  noted(body: unknown, ack: Ack): Promise<void>;
}

export function createActions(parts: Parts): Actions {
  const { inbox, desk, messages, log } = parts;
  const verdicts = createVerdicts(parts);
  const views = createViews(parts);
  const undos = createUndos(parts);
  const edits = createPlanEdits(parts);
  const callerOf = ({
    user,
  }: {
    readonly user: { readonly id: string; readonly team_id?: string | undefined };
  }) => parts.who.identify(user.id, [user.team_id]);

  /** Tells the person where they clicked; that it does not arrive changes nothing. */
  async function tell({ channel, message, user }: ActionBody, text: string): Promise<void> {
    const threadTs = message?.thread_ts;
    const where =
      channel === undefined
        ? undefined
        : { channel: channel.id, ...(threadTs === undefined ? {} : { threadTs }) };
    const telling =
      where === undefined
        ? messages.conversationWith(user.id).then((own) => messages.say(own, text))
        : messages.tell(where, user.id, text);
    await telling.catch((error: unknown) => {
      log.warn({ user: user.id, error: toErrorInfo(error).code }, "slack-not-told");
    });
  }

  async function approve(body: ActionBody, value: string, ack: Ack): Promise<void> {
    const { approval, planHash } = actionValues.decision.parse(value);
    const caller = await callerOf(body);
    const { counted, text } = await verdicts.decide(caller, { approval, planHash, verdict: "approved" });
    await ack();
    const here = body.view?.type === "home";
    parts.home.decided(body.user.id, { approval, text }, { here });
    if (!counted && !here) {
      await tell(body, text);
    }
  }

  /** Answers a question by one of the offered buttons; only the requester does, and only while it is open. */
  async function answer(body: ActionBody, value: string, ack: Ack): Promise<void> {
    const { run, answer: text } = actionValues.answer.parse(value);
    const caller = await callerOf(body);
    const refusal = await takeAnswer(caller, run, text, body);
    await ack();
    if (refusal !== undefined) {
      await tell(body, refusal);
    }
  }
  async function takeAnswer(
    caller: Caller,
    id: string,
    text: string,
    body: ActionBody,
  ): Promise<string | undefined> {
    const run = await desk.run(id, caller.by);
    if (run === undefined || run.requester !== caller.by) {
      await inbox.refused(caller.by, "not-the-requester");
      return "Only who asked can answer this question.";
    }
    const key = requestKeyOf({
      team: parts.team(),
      channel: body.channel?.id ?? "",
      ts: body.message?.ts ?? "",
      user: caller.user,
    });
    const { thread } = run;
    const outcome = await inbox.request({ key, thread, person: caller.by, text, onlyAnswer: true });
    if (outcome.outcome === "accepted") {
      return undefined;
    }
    return outcome.error.code === "no-question"
      ? "This question is answered already."
      : `Not taken: ${outcome.error.message}.`;
  }

  async function cancel(body: ActionBody, value: string, ack: Ack): Promise<void> {
    const { run } = actionValues.run.parse(value);
    const outcome = await inbox.cancel(run, (await callerOf(body)).by);
    await ack();
    if (outcome.outcome === "refused") {
      await tell(body, `Not cancelled: ${outcome.error.message}.`);
    }
  }

  /** Opens a view before anything else, then acknowledges: nothing is committed by it. */
  async function open(body: ActionBody, ack: Ack, title: string, content: (caller: Caller) => Promise<View>) {
    const find = async () => content(await callerOf(body));
    await Promise.all([views.openOrTell(body.trigger_id, title, find, (text) => tell(body, text)), ack()]);
  }

  async function tryAgain(body: ActionBody, value: string, ack: Ack): Promise<void> {
    const { id: undo, attempt } = actionValues.undo.parse(value);
    const { done, text } = await undos.act(await callerOf(body), { undo, attempt, act: "retry" });
    await ack();
    if (!done) {
      await tell(body, text);
    }
  }
  function askForNote(body: ActionBody, value: string, ack: Ack, act: UndoNote["act"]): Promise<void> {
    const { id: undo, attempt } = actionValues.undo.parse(value);
    return open(body, ack, "Undo", (caller) => undos.noteView(caller, { undo, attempt, act }));
  }

  /** After the acknowledgement: that it failed is told to who clicked. */
  async function send(body: ActionBody, sending: () => Promise<void>): Promise<void> {
    await sending().catch((error: unknown) => tell(body, toErrorInfo(error).message));
  }

  return {
    async clicked(input, ack) {
      const body = payloads.action.parse(input);
      const { action_id: id, value } = body.actions[0] ?? { action_id: "", value: "" };
      switch (id) {
        case actionIds.approve:
          return approve(body, value, ack);
        case actionIds.reject: {
          const { approval } = actionValues.decision.parse(value);
          return open(body, ack, "Reject", (caller) => views.reject(caller, approval));
        }
        case actionIds.edit: {
          const { approval } = actionValues.decision.parse(value);
          return open(body, ack, "Edit the plan", (caller) => edits.form(caller, approval));
        }
        case actionIds.details: {
          const { approval, page } = actionValues.page.parse(value);
          return open(body, ack, "Details", (caller) => views.details(caller, approval, page));
        }
        case actionIds.previousPage:
        case actionIds.nextPage: {
          const { approval, page } = actionValues.page.parse(value);
          await ack();
          await views.replace(body.view?.id ?? "", await views.details(await callerOf(body), approval, page));
          return;
        }
        case actionIds.planFile: {
          const { approval } = actionValues.page.parse(value);
          await ack();
          return send(body, async () => views.sendPlan(await callerOf(body), approval));
        }
        case actionIds.quoteFile: {
          const { run } = actionValues.run.parse(value);
          await ack();
          return send(body, async () => views.sendQuote(await callerOf(body), run));
        }
        case actionIds.cancel:
          return cancel(body, value, ack);
        case actionIds.undoRetry:
          return tryAgain(body, value, ack);
        case actionIds.undoByHand:
          return askForNote(body, value, ack, "by-hand");
        case actionIds.undoLeave:
          return askForNote(body, value, ack, "given-up");
        default:
          return isAnswer(id) ? answer(body, value, ack) : ack();
      }
    },
    async submitted(input, ack) {
      const body = payloads.submission.parse(input);
      const { approval, planHash } = actionValues.decision.parse(body.view.private_metadata);
      const reason = actionValues.reason.safeParse(body.view.state).data;
      if (reason === undefined) {
        await ack(reasonMissing);
        return;
      }
      const caller = await callerOf(body);
      const { counted, text } = await verdicts.decide(caller, {
        approval,
        planHash,
        verdict: "rejected",
        reason,
      });
      await ack(counted ? undefined : { response_action: "update", view: verdictView("rejected", text) });
      parts.home.decided(body.user.id, { approval, text }, { here: false });
    },
    async edited(input, ack) {
      const body = payloads.submission.parse(input);
      const { id: view, private_metadata, state } = body.view;
      const place = actionValues.edit.parse(private_metadata);
      await ack(await edits.submit(await callerOf(body), { view, place, state }));
    },
    async noted(input, ack) {
      const body = payloads.submission.parse(input);
      const note = actionValues.undoNote.parse(body.view.private_metadata);
      const said = actionValues.reason.safeParse(body.view.state).data;
      if (said === undefined) {
        await ack(reasonMissing);
        return;
      }
      const { done, text } = await undos.act(await callerOf(body), { ...note, note: said });
      await ack(done ? undefined : { response_action: "update", view: noticeModal("Undo", text) });
    },
  };
}
