import type { RunDetail } from "../../src/desk-types.ts";
import type { Verdict } from "../../src/domain.ts";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import { detailsModal } from "./blocks/details-modal.ts";
import { loadingModal, noticeModal, rejectModal } from "./blocks/modals.ts";
import { planFile, type TextFile } from "./blocks/plan-file.ts";
import { quoteFile } from "./blocks/quote-file.ts";
import type { Parts, View } from "./parts.ts";
import { patienceMs } from "./patience.ts";
import { answers } from "./payloads.ts";
import { type Caller, strangerText } from "./who.ts";

/** The views of cards. A trigger lives three seconds: something opens first, then it is found out what belongs there. */
export interface Views {
  /** Opens a view at once and puts into it what `content` finds. */
  open(trigger: string, title: string, content: () => Promise<View>): Promise<void>;
  /** The same; that it did not open is told, with what to do instead. Never fails. */
  openOrTell(
    trigger: string,
    title: string,
    content: () => Promise<View>,
    tell: (text: string) => Promise<void>,
  ): Promise<void>;
  replace(view: string, content: View): Promise<void>;
  details(caller: Caller, approval: string, page: number): Promise<View>;
  reject(caller: Caller, approval: string): Promise<View>;
  /** Sends the plan as a file in direct messages: whoever asks gets it, nobody else. */
  sendPlan(caller: Caller, approval: string): Promise<void>;
  /**
   * Sends the quote as a file into the request's thread, where its figures stand already; only for who asked, and once.
   * Fails with "already-sent".
   */
  sendQuote(caller: Caller, run: string): Promise<void>;
}

/** What is kept of a quote: when it was begun to be sent, then this. */
const sentMark = "sent";
/** Whoever is sending a quote is done, or dead, by then. */
const sendingMs = 20_000;
const alreadySent = () =>
  new AppError("already-sent", "The quote was sent already: it stands above, in the request's thread.");
const viewFailedText =
  "Slack did not open the window. Please click again, or use /countersign approve ID or /countersign reject ID REASON.";

export function createViews({
  inbox,
  web,
  desk,
  messages,
  files,
  memory,
  clock,
  log,
}: Pick<Parts, "inbox" | "web" | "desk" | "messages" | "files" | "memory" | "clock" | "log">): Views {
  /** Quotes that this process is sending. */
  const sending = new Set<string>();

  /** Sends a quote unless it was sent; what a crash interrupted is looked for first. */
  async function sendOnce(run: RunDetail, file: TextFile): Promise<void> {
    const name = `slack-quote:${run.id}`;
    const keep = (state: string) => memory.setValue(name, state, { passing: true });
    const where = await messages.locate(run.thread);
    const kept = (await memory.getValue(name)) ?? "";
    if (kept === sentMark || (kept !== "" && (await messages.hasFile(where, file.name)))) {
      await keep(sentMark);
      throw alreadySent();
    }
    if (kept !== "" && clock.now() - Number(kept) < sendingMs) {
      throw new AppError(
        "already-sent",
        "The quote is being sent already. If it does not come, click again.",
      );
    }
    await keep(String(clock.now()));
    await files.send(where, file).catch(async (error: unknown) => {
      // It may have arrived all the same: the next click looks.
      await keep("0");
      throw error;
    });
    await keep(sentMark);
  }
  async function cardOf(caller: Caller, approval: string) {
    if ("stranger" in caller) {
      await inbox.refused(caller.by, caller.stranger);
      throw new AppError("not-allowed", strangerText[caller.stranger]);
    }
    const card = await desk.approvalCard(approval, caller.person.id);
    if (card === undefined) {
      await inbox.refused(caller.by, "not-visible");
      throw new AppError("not-found", "This approval does not exist, or you may not see it.");
    }
    return card;
  }
  async function replace(view: string, content: View): Promise<void> {
    await web.call(
      "views.update",
      { view_id: view, view: content },
      { answer: answers.ok, urgent: true, patienceMs: patienceMs.answer },
    );
  }
  const open: Views["open"] = async (trigger, title, content) => {
    const opened = await web.call(
      "views.open",
      { trigger_id: trigger, view: loadingModal(title) },
      { answer: answers.view, urgent: true },
    );
    const shown = await content().catch((error: unknown) => {
      const { code, message } = toErrorInfo(error);
      log.warn({ error: code }, "slack-view-failed");
      return noticeModal(title, message);
    });
    await replace(opened.view.id, shown);
  };
  return {
    replace,
    open,
    async openOrTell(trigger, title, content, tell) {
      try {
        await open(trigger, title, content);
      } catch (error) {
        log.warn({ error: toErrorInfo(error).code }, "slack-view-failed");
        await tell(viewFailedText);
      }
    },
    async details(caller, approval, page) {
      return detailsModal(await cardOf(caller, approval), page);
    },
    async reject(caller, approval) {
      const card = await cardOf(caller, approval);
      return card.approval === null
        ? noticeModal("Reject", card.text)
        : rejectModal({ approval, planHash: card.approval.planHash, title: card.title });
    },
    async sendPlan(caller, approval) {
      const card = await cardOf(caller, approval);
      const run = card.run === null ? undefined : await desk.run(card.run, caller.by);
      const channel = await messages.conversationWith(caller.user);
      await files.send({ channel }, planFile(card, run?.plan?.document ?? null));
    },
    async sendQuote(caller, id) {
      const run = await desk.run(id, caller.by);
      if (run === undefined || run.requester !== caller.by) {
        await inbox.refused(caller.by, "not-the-requester");
        throw new AppError("not-allowed", "Only who asked can have the quote.");
      }
      const file = quoteFile(run);
      if (file === undefined) {
        throw new AppError("not-found", "There is no quote of this request.");
      }
      if (sending.has(id)) {
        throw alreadySent();
      }
      sending.add(id);
      await sendOnce(run, file).finally(() => sending.delete(id));
    },
  };
}

/** What a person is shown after their verdict from a view. */
export function verdictView(verdict: Verdict, text: string): View {
  return noticeModal(verdict === "approved" ? "Approve" : "Reject", text);
}
