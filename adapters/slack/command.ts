import { toErrorInfo } from "../../src/errors.ts";
import type { Refused } from "../../src/domain.ts";
import type { Done } from "../../src/rights-types.ts";
import { isoMinute } from "../../src/iso-minute.ts";
import { standingLine } from "../../src/policy/standing-line.ts";
import type { UndoAct } from "../../src/undo-types.ts";
import type { Ack } from "./actions.ts";
import { createEditCommand } from "./edit-command.ts";
import { plainMessage } from "./blocks/card-message.ts";
import { helpText } from "./blocks/help-text.ts";
import { standOf } from "./blocks/home-view.ts";
import { createVerdicts } from "./decisions.ts";
import type { Parts } from "./parts.ts";
import { payloads } from "./payloads.ts";
import { adapterName } from "./slack-ids.ts";
import { createUndos } from "./undos.ts";
import { createViews } from "./views.ts";
import { type Caller, strangerText } from "./who.ts";

interface Words {
  readonly verb: string;
  readonly id: string;
  readonly reason: string;
}
const mostLines = 10;
const shortTitle = 80;

/** What verbs say of an undo that is stuck. */
const undoVerbs: Readonly<Record<string, UndoAct>> = {
  undo: "retry",
  "by-hand": "by-hand",
  leave: "given-up",
};

type Known = Extract<Caller, { readonly person: unknown }>;

/**
 * `/countersign …`: the second way to decide, should buttons not arrive. The answer is the acknowledgement, seen by who
 * asked alone; a decision is committed before it.
 */
export function createCommand(parts: Parts): (body: unknown, ack: Ack) => Promise<void> {
  const { desk, inbox, log } = parts;
  const verdicts = createVerdicts(parts);
  const views = createViews(parts);
  const edit = createEditCommand(parts);
  const undos = createUndos(parts);

  async function runs({ person }: Known): Promise<string> {
    const found = await desk.runs(person.id, { limit: mostLines });
    return found.length === 0
      ? "You have no requests yet."
      : found.map((run) => `${run.id} · ${standOf(run)} · ${run.title.slice(0, shortTitle)}`).join("\n");
  }
  async function approvals({ person }: Known): Promise<string> {
    const open = (await desk.approvals(person.id)).filter(({ approval }) => approval.status === "open");
    const lines = open
      .slice(0, mostLines)
      .map(
        ({ approval, card }) =>
          `${approval.id} · by ${approval.requester} · ${card.title.slice(0, shortTitle)}`,
      );
    const more = open.length > mostLines ? [`and ${open.length - mostLines} more`] : [];
    return lines.length === 0 ? "Nothing waits for a decision." : [...lines, ...more].join("\n");
  }
  async function agents(): Promise<string> {
    const found = await desk.agents();
    return found
      .map(({ atSign, health, description }) => `${atSign} · ${health.text} · ${description}`)
      .join("\n");
  }
  async function standing({ person }: Known): Promise<string> {
    const found = await inbox.standing(person.id);
    const lines = found.slice(0, mostLines).map(standingLine);
    return lines.length === 0 ? "Nothing is approved in advance." : lines.join("\n");
  }
  async function status(caller: Known): Promise<string> {
    const mine = await desk.runs(caller.person.id, { limit: 50 });
    const open = mine.filter(
      ({ status: each }) => each === "running" || each === "waiting" || each === "compensating",
    );
    const waiting = (await desk.approvals(caller.person.id)).filter(
      ({ approval }) => approval.status === "open",
    );
    return `${open.length} of your requests under way; ${waiting.length} approvals that you may see wait for a decision.`;
  }
  function notTold(error: unknown): void {
    log.warn({ error: toErrorInfo(error).code }, "slack-not-told");
  }
  async function cancel(caller: Caller, id: string): Promise<string> {
    const outcome = await inbox.cancel(id, caller.by);
    return outcome.outcome === "accepted" ? `${id} is ending.` : `Not cancelled: ${outcome.error.message}.`;
  }

  async function safety(caller: Caller, verb: "freeze" | "unfreeze", reason: string): Promise<string> {
    if (verb === "freeze" && reason === "") {
      return "Why? /countersign freeze REASON";
    }
    // Also of strangers: the inbox refuses and records them.
    const outcome = await (verb === "freeze"
      ? inbox.freeze(act(caller), reason)
      : inbox.unfreeze(act(caller)));
    if (outcome.outcome === "done") {
      return outcome.text;
    }
    return "stranger" in caller ? strangerText[caller.stranger] : `Refused: ${outcome.error.message}.`;
  }

  /** One approval, for a day unless hours are named. */
  async function delegate(caller: Caller, approval: string, words: string): Promise<string> {
    const [to = "", hours = "24"] = words.split(/\s+/);
    const outcome = await inbox.delegate({
      from: caller.by,
      to,
      approval,
      hours: Number(hours),
      adapter: adapterName,
      account: caller.account,
      assurance: "clicked",
    });
    return outcome.outcome === "delegated"
      ? `${to} may decide on ${approval} until ${isoMinute(outcome.until)}.`
      : `Not handed on: ${outcome.error.message}.`;
  }

  const act = ({ by: person, account }: Caller) =>
    ({ person, account, adapter: adapterName, assurance: "clicked" }) as const;

  /** What people do about rights to decide, beside deciding; undefined for other verbs. */
  async function rights(caller: Caller, { verb, id, reason }: Words): Promise<string | undefined> {
    switch (verb) {
      case "ask-back": {
        const outcome = await inbox.askBack(act(caller), id, reason);
        return outcome.outcome === "accepted" ? "Asked." : `Not asked: ${outcome.error.message}.`;
      }
      case "take-back":
        return doneText(await inbox.takeBack(act(caller), id));
      case "review":
        return doneText(await inbox.review(act(caller), id, reason));
      case "approve-standing":
        return doneText(await inbox.approveStanding(act(caller), id));
      case "revoke-standing":
        return doneText(await inbox.revokeStanding(act(caller), id));
      default:
        return undefined;
    }
  }

  async function answer(caller: Caller, { verb, id, reason }: Words, key: string): Promise<string> {
    const undo = Object.hasOwn(undoVerbs, verb) ? undoVerbs[verb] : undefined;
    if (
      (undo !== undefined || ["approve", "reject", "cancel", "delegate", "edit"].includes(verb)) &&
      id === ""
    ) {
      const more: Readonly<Record<string, string>> = {
        reject: " [REASON]",
        delegate: " PERSON [HOURS]",
        edit: " FIELD VALUE …",
        "by-hand": " NOTE",
        leave: " REASON",
      };
      return `Which one? /countersign ${verb} ID${more[verb] ?? ""}`;
    }
    // Also of strangers: the inbox refuses and records them.
    if (undo !== undefined) {
      return (await undos.act(caller, { undo: id, act: undo, ...(reason === "" ? {} : { note: reason }) }))
        .text;
    }
    const said = id === "" ? undefined : await rights(caller, { verb, id, reason });
    if (said !== undefined) {
      return "stranger" in caller ? strangerText[caller.stranger] : said;
    }
    switch (verb) {
      case "approve":
        return (await verdicts.decide(caller, { approval: id, verdict: "approved" })).text;
      case "reject":
        return (await verdicts.decide(caller, { approval: id, verdict: "rejected", reason })).text;
      case "freeze":
      case "unfreeze":
        return safety(caller, verb, [id, reason].join(" ").trim());
      case "delegate":
        return delegate(caller, id, reason);
      case "edit":
        return edit(caller, { run: id, words: reason, key });
      case "cancel":
        return "stranger" in caller
          ? (await cancel(caller, id), strangerText[caller.stranger])
          : cancel(caller, id);
      default:
        return look(caller, verb);
    }
  }
  async function look(caller: Caller, verb: string): Promise<string> {
    if ("stranger" in caller) {
      await inbox.refused(caller.by, caller.stranger);
      return strangerText[caller.stranger];
    }
    if (!caller.person.active) {
      await inbox.refused(caller.by, "inactive");
      return "You are not an active person of the company any more.";
    }
    const verbs: Readonly<Record<string, () => Promise<string>>> = {
      status: () => status(caller),
      runs: () => runs(caller),
      approvals: () => approvals(caller),
      undos: () => undos.list(caller.person.id),
      standing: () => standing(caller),
      agents,
    };
    return Object.hasOwn(verbs, verb) ? (verbs[verb]?.() ?? helpText) : helpText;
  }

  return async (input, ack) => {
    const command = payloads.command.parse(input);
    const { user_id: user, team_id: team, channel_id: channel } = command;
    const words = wordsOf(command.text);
    const identify = () => parts.who.identify(user, [team]);
    if (words.verb === "reject" && words.id !== "" && words.reason === "") {
      const question = async () => views.reject(await identify(), words.id);
      const tell = (text: string) => parts.messages.tell({ channel }, user, text).catch(notTold);
      await Promise.all([views.openOrTell(command.trigger_id, "Reject", question, tell), ack()]);
      return;
    }
    let said: string;
    try {
      said = await answer(await identify(), words, `slack:${user}:${command.trigger_id}`);
    } catch (error) {
      const { code, message } = toErrorInfo(error);
      log.warn({ user, error: code }, "slack-command-failed");
      if (code === "decision-late" || code === "undo-late") {
        throw error;
      }
      said = `${message}. Please try again.`;
    }
    await ack({ response_type: "ephemeral", ...plainMessage(said) });
  };
}

function doneText(outcome: Done | Refused): string {
  return outcome.outcome === "done" ? outcome.text : `Refused: ${outcome.error.message}.`;
}

function wordsOf(text: string): Words {
  const [verb = "", id = "", ...reason] = text.trim().split(/\s+/);
  return { verb: verb.toLowerCase(), id, reason: reason.join(" ") };
}
