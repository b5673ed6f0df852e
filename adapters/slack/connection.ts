import { backOffMs } from "../../src/back-off.ts";
import { AppError, toErrorInfo } from "../../src/errors.ts";
import type { Logger } from "../../src/ports.ts";
import type { OwnWorkspace } from "./membership.ts";
import { answers } from "./payloads.ts";
import { socketTimes } from "./socket-times.ts";
import type { After, SlackWeb } from "./web.ts";

/** Who we are in Slack. */
export interface SlackIdentity extends OwnWorkspace {
  readonly user: string;
  readonly bot: string;
}
export interface Connection {
  /** Asks Slack who we are until it answers, then calls `onIdentity`, once. */
  start(onIdentity: () => Promise<void>): void;
  stop(): void;
  identity(): SlackIdentity | undefined;
  /** Why Slack did not say who we are at the last try. */
  error(): string | null;
}

/** The bot starts whether or not Slack answers: asking goes on, ever more slowly. */
export function createConnection(o: {
  readonly web: Pick<SlackWeb, "call">;
  readonly after: After;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly log: Logger;
}): Connection {
  let identity: SlackIdentity | undefined;
  let error: string | null = null;
  let cancel: (() => void) | undefined;
  let stopped = false;

  async function attempt(tries: number, onIdentity: () => Promise<void>): Promise<void> {
    try {
      const answer = await o.web.call("auth.test", {}, { answer: answers.identity, urgent: true });
      if (stopped) {
        return;
      }
      refuseOrgInstall(answer);
      identity = {
        team: answer.team_id,
        enterprise: answer.enterprise_id ?? undefined,
        user: answer.user_id,
        bot: answer.bot_id,
      };
      error = null;
      o.log.info({ team: identity.team }, "slack-identity");
      await onIdentity();
    } catch (reason) {
      error = toErrorInfo(reason).code;
      const delay = backOffMs(tries, { ...socketTimes.identity, random: o.random });
      o.log.warn({ error, delay }, "slack-not-connected");
      if (!stopped) {
        cancel = o.after(delay, () => void attempt(tries + 1, onIdentity));
      }
    }
  }
  return {
    start(onIdentity) {
      void attempt(0, onIdentity);
    },
    stop() {
      stopped = true;
      cancel?.();
    },
    identity: () => identity,
    error: () => error,
  };
}

/** One workspace says who is who. Fails with "slack-org-install" for an app of a whole organisation. */
export function refuseOrgInstall(answer: { readonly is_enterprise_install: boolean }): void {
  if (answer.is_enterprise_install) {
    throw new AppError(
      "slack-org-install",
      "the app is installed for a whole organisation: install it in one workspace, and use that token",
    );
  }
}
