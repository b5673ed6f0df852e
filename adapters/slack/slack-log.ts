import { LogLevel, type Logger as SlackLogger } from "@slack/bolt";
import type { Logger } from "../../src/ports.ts";

/**
 * What Slack's libraries log, as ids and codes: their texts hold payloads and addresses, which our logs never do. That
 * something was said is kept.
 */
export function quietLogger(log: Logger, source: "web" | "socket" | "bolt"): SlackLogger {
  return {
    debug: () => undefined,
    info: () => undefined,
    warn: () => log.warn({ source }, "slack-library-warning"),
    error: () => log.warn({ source }, "slack-library-error"),
    setLevel: () => undefined,
    getLevel: () => LogLevel.WARN,
    setName: () => undefined,
  };
}
