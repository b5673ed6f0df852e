import { randomInt } from "node:crypto";
import { App } from "@slack/bolt";
import type { Card } from "../../src/card.ts";
import type { MessageId, Person, ThreadId } from "../../src/domain.ts";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import type { ChatAdapter, ChatInbox, Clock, Logger } from "../../src/ports.ts";
import type { KeptValues } from "../../src/record-types.ts";
import { type Ack, createActions } from "./actions.ts";
import { createAssistant } from "./assistant.ts";
import { callbackIds } from "./blocks/slack-actions.ts";
import { createCommand } from "./command.ts";
import { createConnection, type SlackIdentity } from "./connection.ts";
import { createFiles } from "./files.ts";
import { createHome } from "./home.ts";
import { createLimiter, type Limiter } from "./limiter.ts";
import type { SlackSettings } from "./members.ts";
import { createMessages } from "./messages.ts";
import type { SlackDesk } from "./parts.ts";
import { payloads } from "./payloads.ts";
import { createReceiver } from "./receiver.ts";
import { createRequests } from "./requests.ts";
import { createShortcut } from "./shortcut.ts";
import { accountOf, adapterName, memberOf, placeOf, threadOf } from "./slack-ids.ts";
import { quietLogger } from "./slack-log.ts";
import { socketOpener } from "./socket.ts";
import { createSocketPool } from "./socket-pool.ts";
import { type After, createSlackWeb } from "./web.ts";
import { createWho } from "./who.ts";

export interface SlackAdapter extends ChatAdapter {
  status(): SlackStatus;
}
export interface SlackStatus {
  /** False: something is to be done about it. */
  readonly ok: boolean;
  /** One line: how many connections, or why there is none. */
  readonly text: string;
}

/** Slack takes about one change of a message a second. */
const restMs = 1_000;
/** Until there is a connection, cards wait this long and are tried again. */
const notConnectedMs = 5_000;
const mostDirectCopies = 10;
const jitterSteps = 1_000;

/** Chat in Slack, over Socket Mode only: nothing listens on a port. */
export function createSlack(o: {
  readonly settings: SlackSettings;
  readonly desk: SlackDesk;
  /** What people may ask for, as examples in words. */
  readonly examples: readonly string[];
  /** What must not be forgotten with this process, shared with other bots of the record. */
  readonly memory: KeptValues;
  readonly clock: Clock;
  readonly after: After;
  readonly log: Logger;
  /** From 0 to 1. */
  readonly random?: () => number;
  readonly limiter?: Limiter;
}): SlackAdapter {
  const { settings, desk, clock, after, log } = o;
  const random = o.random ?? (() => randomInt(jitterSteps) / jitterSteps);
  const web = createSlackWeb({
    token: settings.botToken,
    apiUrl: settings.apiUrl,
    limiter: o.limiter ?? createLimiter(clock),
    after,
    log,
  });
  const connection = createConnection({ web, after, random, log });
  const identity = (): SlackIdentity => {
    const known = connection.identity();
    if (known === undefined) {
      throw new AppError("rate-limited", "there is no connection to Slack yet", {
        retryable: true,
        retryAfterMs: notConnectedMs,
      });
    }
    return known;
  };
  const team = () => identity().team;
  const messages = createMessages({ web, self: identity });
  const who = createWho({ web, own: identity, personOf: (account) => desk.personOf(account), clock, log });
  const files = createFiles({ web, own: identity });
  const home = createHome({ web, desk, who, memory: o.memory, clock, after, log });
  const assistant = createAssistant({ web, who, examples: o.examples, log });
  const receiver = createReceiver({ log, pool: () => pool });
  const pool = createSocketPool({
    open: socketOpener({ appToken: settings.appToken, apiUrl: settings.apiUrl, after, log }),
    handle: (envelope) => receiver.handle(envelope),
    clock,
    after,
    random,
    log,
  });

  /** Approvals still reach direct messages: only `status` tells that the channel does not get them. */
  let approvalsRefused = false;
  async function postIn(thread: ThreadId, card: Card, key: string): Promise<MessageId> {
    const isApprovals =
      settings.approvals !== undefined && thread === threadOf({ team: team(), channel: settings.approvals });
    try {
      const message = await messages.post(thread, card, key);
      approvalsRefused &&= !isApprovals;
      return message;
    } catch (error) {
      approvalsRefused ||= isApprovals && toErrorInfo(error).code === "slack-channel-unusable";
      throw error;
    }
  }

  /** Sockets stand after the bot token was revoked or lost a scope: only `status` tells that nothing is written. */
  let refused: string | undefined;
  async function written<T>(writing: Promise<T>): Promise<T> {
    try {
      const result = await writing;
      refused = undefined;
      return result;
    } catch (error) {
      const { code, retryable } = toErrorInfo(error);
      if (code === "slack-token-refused" || code === "slack-scope-missing") {
        refused = code;
      } else if (!retryable) {
        refused = undefined;
      }
      throw error;
    }
  }

  function listen(inbox: ChatInbox): void {
    const app = new App({
      receiver,
      convoStore: false,
      tokenVerificationEnabled: false,
      logger: quietLogger(log, "bolt"),
      authorize: () => {
        const { user, bot } = identity();
        return Promise.resolve({ botToken: settings.botToken, botId: bot, botUserId: user });
      },
    });
    const parts = {
      inbox,
      desk,
      web,
      who,
      messages,
      files,
      home,
      memory: o.memory,
      team,
      self: () => identity().user,
      clock,
      after,
      log,
    };
    const requests = createRequests(parts);
    const actions = createActions(parts);
    const shortcut = createShortcut(parts);
    const command = createCommand(parts);
    app.event("app_mention", ({ body }) => requests.mention(body));
    app.event("message", ({ body }) => requests.message(body));
    app.event("app_home_opened", ({ body }) => home.opened(body));
    app.event("assistant_thread_started", ({ body }) => assistant.started(body));
    app.event("user_change", async ({ body }) => {
      who.changed(payloads.userChanged.parse(body).event.user.id);
    });
    // Bolt types each acknowledgement by its payload; ours are checked by what we send.
    app.action(/./, ({ body, ack }) => actions.clicked(body, ack as Ack));
    app.view(callbackIds.reject, ({ body, ack }) => actions.submitted(body, ack as Ack));
    app.view(callbackIds.edit, ({ body, ack }) => actions.edited(body, ack as Ack));
    app.view(callbackIds.undoNote, ({ body, ack }) => actions.noted(body, ack as Ack));
    app.shortcut(callbackIds.makeRequest, ({ body, ack }) => shortcut(body, ack as Ack));
    app.command("/countersign", ({ body, ack }) => command(body, ack as Ack));
  }

  return {
    name: adapterName,
    restMs,
    start(inbox) {
      listen(inbox);
      connection.start(async () => {
        await receiver.start();
        void who.warm(desk.people());
        void home.resume();
      });
      return Promise.resolve();
    },
    async stop() {
      connection.stop();
      home.stop();
      await receiver.stop();
    },
    async post(thread, card, { key }) {
      identity();
      const message = await written(postIn(thread, card, key));
      void assistant.drawn(card, thread);
      home.changed();
      return message;
    },
    async find(thread, key) {
      identity();
      return messages.find(thread, key);
    },
    async update(message, card) {
      identity();
      const outcome = await written(messages.update(message, card));
      void assistant.drawn(card);
      // The home says of a request only whether it waits or is over, which other cards say as well.
      if (card.kind !== "progress") {
        home.changed();
      }
      return outcome;
    },
    async whisper(thread, person, text) {
      const user = userOf(person, identity().team);
      if (user !== undefined) {
        await messages.tellIn(thread, user, text);
      }
    },
    approvalPlaces(run, deciders) {
      const requester = desk.people().filter(({ id }) => id === run.requester);
      return placesOf(run.thread, {
        deciders,
        requester,
        approvals: settings.approvals,
        connectedTeam: connection.identity()?.team,
      });
    },
    ownerOf(thread) {
      const place = placeOf(thread);
      return "user" in place ? accountOf(place.team, place.user) : undefined;
    },
    status() {
      const { open, connections, error } = pool.status();
      if (open > 0 && refused !== undefined) {
        return { ok: false, text: `connected, but Slack takes no cards: ${refused}` };
      }
      if (open > 0 && approvalsRefused) {
        const text = `connected, but Slack takes no approvals in channel ${settings.approvals ?? ""}`;
        return { ok: false, text };
      }
      if (open > 0) {
        return { ok: true, text: `connected: ${open} sockets of ${connections} of the app` };
      }
      return { ok: false, text: `not connected: ${connection.error() ?? error ?? "connecting"}` };
    },
  };
}

function userOf(person: Person, team: string): string | undefined {
  const members = person.accounts.map(memberOf);
  return members.find((member) => member?.team === team)?.user;
}

/**
 * The channel of those who decide and their direct messages. Where there is neither, the requester's own: in the run's
 * thread anybody of its channel would see the plan.
 */
function placesOf(
  thread: ThreadId,
  o: {
    readonly deciders: readonly Person[];
    readonly requester: readonly Person[];
    readonly approvals: string | undefined;
    readonly connectedTeam: string | undefined;
  },
): readonly ThreadId[] {
  const isOurs = thread.startsWith(`${adapterName}:`);
  const members = membersOf(o.deciders);
  const team = o.connectedTeam ?? (isOurs ? placeOf(thread).team : members[0]?.team);
  if (team === undefined) {
    return [];
  }
  const direct = (of: ReturnType<typeof membersOf>) =>
    of
      .filter((member) => member.team === team)
      .slice(0, mostDirectCopies)
      .map(threadOf);
  const channel = o.approvals === undefined ? [] : [threadOf({ team, channel: o.approvals })];
  const places = [...channel, ...direct(members)];
  return places.length === 0 && isOurs ? direct(membersOf(o.requester)) : places;
}
function membersOf(people: readonly Person[]) {
  return people.flatMap(({ accounts }) => accounts).flatMap((account) => memberOf(account) ?? []);
}
