import { accountAtSign, atSignAccount } from "../accounts.ts";
import type { Card } from "../card.ts";
import { personRole } from "../countersigned.ts";
import type {
  Accepted,
  AgentAddress,
  Approval,
  ApprovalId,
  AtSign,
  Json,
  Person,
  Refused,
  Signed,
} from "../domain.ts";
import type { AlreadyDecided } from "../decision-types.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import type { ReceivedEnvelope } from "../link-types.ts";
import type { ApprovalPaper, CountersignedDecision } from "../mandate-types.ts";
import type { AgentLink } from "../link-port.ts";
import type { ChatAdapter, Clock, Logger } from "../ports.ts";
import { decisionsRun, toBotSchema, type VerdictAnswer } from "./decision-messages.ts";

export interface DecisionDeskOptions {
  readonly link: Pick<AgentLink, "send">;
  readonly trust: {
    readonly people: readonly Person[];
    /** Machines granted to people at this atSign. */
    addresses(role: string, atSign: AtSign): readonly AgentAddress[];
  };
  /** The plan of an approval as it was put up, and its attestations; undefined where it cannot be shown. */
  readonly papers: (approval: ApprovalId) => Promise<ApprovalPaper | undefined>;
  readonly openApprovals: () => Promise<readonly Approval[]>;
  /** How an approval ended, in words, where it has and this person may see it. */
  readonly outcomeFor: (person: Person, approval: ApprovalId) => Promise<string | undefined>;
  /** Whether this person's countersigned verdict would count. */
  readonly mayDecide: (person: Person, approval: Approval) => boolean;
  readonly decide: (
    decision: Signed<CountersignedDecision>,
    reason: string | undefined,
  ) => Promise<Accepted | Refused | AlreadyDecided>;
  readonly clock: Clock;
  readonly log: Logger;
}
export interface DecisionDesk {
  /** Shows approvals to people at their own atSigns. */
  readonly adapter: ChatAdapter;
  /** Takes a message of a person's machine. */
  receive(message: ReceivedEnvelope): Promise<void>;
}

/** A machine that is off asks for everything when it is on again. */
const lifetimeMs = 10 * 60_000;
const longestOutcome = 1_000;

/** The bot's side of countersigning: approvals go to people's own atSigns, signed verdicts come back. */
export function createDecisionDesk(o: DecisionDeskOptions): DecisionDesk {
  const { link, trust, clock, log } = o;
  let sent = 0;

  async function send(to: AgentAddress, approval: ApprovalId, body: unknown): Promise<void> {
    // Each sending is a message of its own: nothing recognises duplicates by it.
    sent += 1;
    await link.send({
      to,
      kind: "request",
      subject: { run: decisionsRun, revision: 1, step: approval, attempt: sent },
      body: body as Json,
      expiresAt: clock.now() + lifetimeMs,
    });
  }
  async function sendPlan(to: AgentAddress, person: Person, paper: ApprovalPaper): Promise<void> {
    const { approval, plan, attestations } = paper;
    const { id, expiresAt } = approval;
    await send(to, id, { type: "plan", approval: id, person: person.id, plan, attestations, expiresAt });
  }
  function ownerOf(atSign: AtSign): Person | undefined {
    return trust.people.find((each) => each.active && each.accounts.includes(atSignAccount(atSign)));
  }

  async function show(thread: string, card: Card): Promise<void> {
    const atSign = accountAtSign(thread);
    const person = atSign && ownerOf(atSign);
    if (atSign === undefined || person === undefined || card.plan === null) {
      return;
    }
    const machines = trust.addresses(personRole, atSign);
    if (machines.length === 0) {
      throw new AppError("no-grant", `nobody at ${atSign} holds a grant to countersign with`);
    }
    const { approval } = card.plan;
    const paper = card.approval === null ? undefined : await o.papers(approval);
    for (const machine of machines) {
      await (paper === undefined
        ? sendClosed(machine, approval, card.text)
        : sendPlan(machine, person, paper));
    }
  }

  async function sendClosed(to: AgentAddress, approval: ApprovalId, outcome: string): Promise<void> {
    await send(to, approval, { type: "closed", approval, outcome: outcome.slice(0, longestOutcome) });
  }
  async function sendOpen(from: AgentAddress, person: Person, known: readonly ApprovalId[]): Promise<void> {
    const approvals: ApprovalId[] = [];
    for (const approval of await o.openApprovals()) {
      const paper = o.mayDecide(person, approval) ? await o.papers(approval.id) : undefined;
      if (paper !== undefined) {
        await sendPlan(from, person, paper);
        approvals.push(approval.id);
      }
    }
    for (const approval of known.filter((id) => !approvals.includes(id))) {
      const outcome = await o.outcomeFor(person, approval);
      if (outcome !== undefined) {
        await sendClosed(from, approval, outcome);
      }
    }
    await send(from, "list", { type: "listed", approvals });
  }
  async function decide(
    message: ReceivedEnvelope,
    decision: Signed<CountersignedDecision>,
    reason: string | undefined,
  ): Promise<void> {
    const { from, subject } = message;
    // Whoever sends must be who signed; a stolen signature is not passed on by somebody else.
    const isOwn = decision.signer.atSign === from.atSign && decision.signer.instance === from.instance;
    const body = isOwn
      ? answerOf(await o.decide(decision, reason))
      : ({ outcome: "refused", message: "the verdict was signed by another machine" } as const);
    await link.send({
      to: { atSign: from.atSign, instance: from.instance },
      kind: "result",
      subject,
      body,
      expiresAt: clock.now() + lifetimeMs,
    });
  }

  return {
    adapter: {
      name: "atsign",
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      async post(thread, card, { key }) {
        await show(thread, card);
        return `${thread}|${key}`;
      },
      async update(message, card) {
        await show(message.slice(0, message.lastIndexOf("|")), card);
        return "ok";
      },
      // Refusals are answers to the machine that asked.
      whisper: () => Promise.resolve(),
      approvalPlaces: (_run, deciders) =>
        deciders
          .flatMap(({ accounts }) => accounts)
          .flatMap((account) => accountAtSign(account) ?? [])
          .filter((atSign) => trust.addresses(personRole, atSign).length > 0)
          .map((atSign) => atSignAccount(atSign)),
      ownerOf: (thread) => thread,
    },
    async receive(message) {
      const { from, kind } = message;
      const parsed = toBotSchema.safeParse(message.body);
      const person = from.role === personRole && kind === "request" ? ownerOf(from.atSign) : undefined;
      if (person === undefined || !parsed.success) {
        log.warn({ from: from.atSign, kind, role: from.role }, "message-ignored");
        return;
      }
      // The journal has what comes of it: people's machines keep no chain that an envelope's line could be held against.
      const body = parsed.data;
      try {
        await (body.type === "list"
          ? sendOpen({ atSign: from.atSign, instance: from.instance }, person, body.known)
          : decide(message, body.decision, body.reason));
      } catch (error) {
        // The machine asks again until it is answered.
        log.warn({ from: from.atSign, code: toErrorInfo(error).code }, "decision-message-not-answered");
      }
    },
  };
}

function answerOf(outcome: Accepted | Refused | AlreadyDecided): VerdictAnswer {
  switch (outcome.outcome) {
    case "accepted":
      return { outcome: "accepted", message: `recorded for run ${outcome.run}` };
    case "refused":
      return { outcome: "refused", message: outcome.error.message.slice(0, 2_000) };
    case "already-decided": {
      const { decision, status } = outcome.approval;
      const how = decision === null ? status : `${decision.verdict} by ${decision.by}`;
      return { outcome: "already-decided", message: `this approval is closed: ${how}` };
    }
  }
}
