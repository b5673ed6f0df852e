import { WebClient } from "@slack/web-api";
import type { ZodType } from "zod";
import { AppError } from "../../src/errors.ts";
import type { Logger } from "../../src/ports.ts";
import type { Limiter } from "./limiter.ts";
import { slackError } from "./slack-errors.ts";
import { quietLogger } from "./slack-log.ts";

/**
 * A call that has no answer by then is given up; what it did nevertheless is found by its marker. Opening somebody's
 * direct messages and posting there are two, and whoever waits for both gives them ten seconds.
 */
const callMs = 4_500;
const filesOrigin = "https://files.slack.com";

export type After = (ms: number, call: () => void) => () => void;

/** Slack's Web API behind our own limits. */
export interface SlackWeb {
  /**
   * Calls a method and parses its answer. Fails with the codes of `slackError`, and with "rate-limited" and
   * `retryAfterMs` when it could not go within `patienceMs` (default: at once).
   */
  call<T>(
    method: string,
    args: Readonly<Record<string, unknown>>,
    o: {
      readonly answer: ZodType<T>;
      readonly urgent?: boolean;
      readonly channel?: string;
      readonly patienceMs?: number;
    },
  ): Promise<T>;
  /** The bytes of a file, to the address that Slack gave for it. */
  upload(url: string, content: Uint8Array): Promise<void>;
  /**
   * The bytes behind an address of Slack's files. Our token goes nowhere else, and no redirect is followed. Fails with
   * "file-refused", "file-too-large" or "slack-unavailable".
   */
  download(url: string, mostBytes: number): Promise<Uint8Array>;
}

export function createSlackWeb(o: {
  readonly token: string;
  readonly apiUrl: string | undefined;
  readonly limiter: Limiter;
  readonly after: After;
  readonly log: Logger;
}): SlackWeb {
  const client = new WebClient(o.token, {
    ...(o.apiUrl === undefined ? {} : { slackApiUrl: o.apiUrl }),
    // Retries are ours: the library would wait for half an hour and post twice after a time-out.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    timeout: callMs,
    logger: quietLogger(o.log, "web"),
  });
  const pause = (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    o.after(ms, resolve);
    return promise;
  };

  return {
    async call(method, args, { answer, urgent = false, channel, patienceMs = 0 }) {
      const what = { method, channel, urgent };
      let patience = patienceMs;
      for (let wait = o.limiter.take(what); wait > 0; wait = o.limiter.take(what)) {
        if (wait > patience) {
          const message = `${method} has to wait ${Math.ceil(wait / 1_000)} s for Slack's limits`;
          throw new AppError("rate-limited", message, { retryable: true, retryAfterMs: wait });
        }
        patience -= wait;
        await pause(wait);
      }
      let result: unknown;
      try {
        result = await client.apiCall(method, args);
      } catch (cause) {
        const error = slackError(method, cause);
        if (error.code === "rate-limited") {
          o.limiter.block(what, error.retryAfterMs ?? 0);
        }
        throw error;
      }
      const parsed = answer.safeParse(result);
      if (!parsed.success) {
        const field = parsed.error.issues[0]?.path.join(".") ?? "";
        throw new AppError("slack-answer", `Slack's answer to ${method} is not as documented: ${field}`);
      }
      return parsed.data;
    },
    async upload(url, content) {
      const response = await fetch(url, {
        method: "POST",
        body: new Uint8Array(content),
        signal: AbortSignal.timeout(callMs),
      }).catch((cause: unknown) => {
        throw new AppError("slack-unavailable", "no answer from Slack to an upload", {
          retryable: true,
          cause,
        });
      });
      await response.body?.cancel();
      if (!response.ok) {
        const message = `Slack answered an upload with HTTP status ${response.status}`;
        throw new AppError("slack-unavailable", message, { retryable: true });
      }
    },
    async download(url, mostBytes) {
      const { origin, pathname } = new URL(url);
      const own = o.apiUrl === undefined ? filesOrigin : new URL(o.apiUrl).origin;
      if (origin !== own || !pathname.startsWith("/files-pri/")) {
        throw new AppError("file-refused", "the file is not kept by Slack");
      }
      try {
        const response = await fetch(url, {
          headers: { authorization: `Bearer ${o.token}` },
          redirect: "manual",
          signal: AbortSignal.timeout(callMs),
        });
        return await fileIn(response, mostBytes);
      } catch (cause) {
        if (cause instanceof AppError) {
          throw cause;
        }
        throw new AppError("slack-unavailable", "no answer from Slack to a download", {
          retryable: true,
          cause,
        });
      }
    },
  };
}

async function fileIn(response: Response, mostBytes: number): Promise<Uint8Array> {
  const { status, headers, body } = response;
  // Who may not read a file is led to a page to sign in.
  const isPage = headers.get("content-type")?.startsWith("text/html") === true;
  if (status !== 200 || isPage || body === null) {
    await body?.cancel();
    const message = isPage
      ? "Slack wants somebody to sign in for it"
      : `Slack answered with HTTP status ${status}`;
    throw status >= 500
      ? new AppError("slack-unavailable", message, { retryable: true })
      : new AppError("file-refused", `the file cannot be read: ${message}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > mostBytes) {
      throw new AppError("file-too-large", `the file has more than ${mostBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
