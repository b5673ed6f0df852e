import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
} from "@slack/web-api";
import { z } from "zod";
import { AppError } from "../../src/errors.ts";

/**
 * What Slack's refusals mean here, by Slack's own error word (https://docs.slack.dev/reference/methods). What is not
 * listed is `slack-refused`.
 */
const meanings: Readonly<Record<string, readonly string[]>> = {
  "slack-message-gone": ["message_not_found", "thread_not_found", "edit_window_closed"],
  "slack-channel-unusable": [
    "channel_not_found",
    "is_archived",
    "not_in_channel",
    "channel_is_limited_access",
    "restricted_action",
    "restricted_action_read_only_channel",
    "messages_tab_disabled",
    "cannot_dm_bot",
    "method_not_supported_for_channel_type",
  ],
  "slack-user-unreachable": [
    "user_not_in_channel",
    "user_not_found",
    "users_not_found",
    "user_disabled",
    "user_not_visible",
  ],
  "slack-token-refused": [
    "invalid_auth",
    "not_authed",
    "token_revoked",
    "token_expired",
    "account_inactive",
    "app_uninstalled",
    "org_login_required",
    "team_access_not_granted",
    "ekm_access_denied",
  ],
  "slack-scope-missing": ["missing_scope", "not_allowed_token_type", "no_permission"],
  "slack-socket-mode-off": ["link_disabled", "socket_mode_disabled", "forbidden_team"],
  "slack-trigger-expired": ["expired_trigger_id", "exchanged_trigger_id", "trigger_expired"],
  "slack-view-gone": ["not_found", "hash_conflict", "view_not_found"],
  "slack-unavailable": [
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "accesslimited",
  ],
};
const codes = new Map(
  Object.entries(meanings).flatMap(([code, words]) => words.map((word) => [word, code] as const)),
);
const retryable = new Set(["slack-unavailable"]);

/**
 * Any failure of a Web API call as an AppError. Slack's error word and the scope that it misses are part of the message,
 * nothing else of its answer.
 */
export function slackError(method: string, error: unknown): AppError {
  if (error instanceof AppError) {
    return error;
  }
  if (error instanceof WebAPIRateLimitedError) {
    const retryAfterMs = error.retryAfter * 1_000;
    return new AppError("rate-limited", `Slack wants no ${method} for ${error.retryAfter} s`, {
      retryable: true,
      retryAfterMs,
    });
  }
  if (error instanceof WebAPIPlatformError) {
    const word = slackWord(error);
    if (word === "ratelimited" || word === "rate_limited") {
      return new AppError("rate-limited", `Slack wants no ${method} for a while`, {
        retryable: true,
        retryAfterMs: 30_000,
      });
    }
    const code = codes.get(word) ?? "slack-refused";
    const scope = word === "missing_scope" ? neededScope(error) : "";
    return new AppError(code, `Slack refused ${method}: ${word}${scope}`, { retryable: retryable.has(code) });
  }
  if (error instanceof WebAPIHTTPError) {
    const message = `Slack answered ${method} with HTTP status ${error.statusCode}`;
    return new AppError("slack-unavailable", message, { retryable: true, cause: error });
  }
  if (error instanceof WebAPIRequestError) {
    return new AppError("slack-unavailable", `no answer from Slack to ${method}`, {
      retryable: true,
      cause: error,
    });
  }
  return new AppError("slack-failed", `${method} failed`, { cause: error });
}

/** Slack's own word for a refusal, e.g. "missing_scope". */
function slackWord(error: WebAPIPlatformError): string {
  const word: unknown = error.data.error;
  return typeof word === "string" && /^[a-z0-9_]{1,60}$/.test(word) ? word : "unknown_error";
}
/** Slack names the scope that would do. https://docs.slack.dev/tools/node-slack-sdk/web-api#handle-errors */
function neededScope(error: WebAPIPlatformError): string {
  const { needed } = z.object({ needed: z.unknown().optional() }).parse(error.data);
  return typeof needed === "string" && /^[a-z:._,-]{1,100}$/.test(needed) ? `, it needs ${needed}` : "";
}
