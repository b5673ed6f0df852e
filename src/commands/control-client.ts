import { type IncomingMessage, request } from "node:http";
import path from "node:path";
import { z } from "zod";
import { AppError, fromErrorInfo } from "../errors.ts";

export const errorInfo = z.object({ code: z.string(), message: z.string(), retryable: z.boolean() });
const errorBody = z.object({ error: errorInfo });

/** Only a process that stands still, or one cut off in the middle of its work, answers nothing for so long. */
const answerMs = 120_000;

/** The command line's end of a process's unix socket. */
export interface ControlClient {
  get(url: string): Promise<unknown>;
  post(url: string, body: unknown): Promise<unknown>;
  /** Each line of a stream, parsed, until the caller leaves the loop or the other side ends it. */
  lines(url: string): AsyncIterable<unknown>;
}

/**
 * `name` is the process. Calls fail with code "not-running" when nobody listens, "not-answering" when who listens says
 * nothing for `patienceMs`.
 */
export function controlClient(
  runtimeFolder: string,
  name: "bot" | "agents" | "gateway",
  patienceMs: number = answerMs,
): ControlClient {
  const socketPath = path.join(runtimeFolder, `${name}.sock`);
  const open = (method: string, url: string, body?: string) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        host: "localhost",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      };
      const call = request({
        socketPath,
        method,
        path: url,
        headers,
      });
      call.setTimeout(patienceMs, () => call.destroy(notAnswering(name, patienceMs)));
      call.once("response", (response) => {
        // A stream may be silent for as long as nothing happens.
        call.setTimeout(0);
        resolve(response);
      });
      call.once("error", (error: NodeJS.ErrnoException) => {
        const gone = error.code === "ENOENT" || error.code === "ECONNREFUSED";
        reject(
          gone ? new AppError("not-running", "Countersign is not running: start it with `npm start`") : error,
        );
      });
      call.end(body);
    });
  /** The response to what was taken; fails with the error that was answered. */
  async function taken(method: string, url: string, body?: unknown): Promise<IncomingMessage> {
    const response = await open(method, url, body === undefined ? undefined : JSON.stringify(body));
    if (response.statusCode !== 200) {
      const text = await textOf(response);
      const parsed = errorBody.safeParse(jsonOf(text));
      throw parsed.success ? fromErrorInfo(parsed.data.error) : notKnown(name, method, url);
    }
    return response;
  }
  async function answer(method: string, url: string, body?: unknown): Promise<unknown> {
    return JSON.parse(await textOf(await taken(method, url, body))) as unknown;
  }
  return {
    get: (url) => answer("GET", url),
    post: (url, body) => answer("POST", url, body),
    async *lines(url) {
      const response = await taken("GET", url);
      let rest = "";
      // Leaving this loop early destroys the response, which tells the other side.
      for await (const chunk of response.setEncoding("utf8")) {
        const lines = (rest + String(chunk)).split("\n");
        rest = lines.pop() ?? "";
        yield* lines.map((line) => JSON.parse(line) as unknown);
      }
    },
  };
}

function notAnswering(name: string, ms: number): AppError {
  const message =
    `the process "${name}" is there, but has not answered for ${ms / 1_000} s; ` +
    "what was asked for may still be done when it goes on. Look at its log";
  return new AppError("not-answering", message);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is answered without a reason has no address there. */
function notKnown(name: string, method: string, url: string): AppError {
  const message =
    `the process "${name}" knows no "${method} ${url.slice(0, 200)}": ` +
    "an id is empty, or it runs another version than this command";
  return new AppError("not-found", message);
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) {
    text += String(chunk);
  }
  return text;
}

/** Asks a running process; does the other thing when nobody listens. */
export async function ifRunning<T>(ask: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof AppError && error.code === "not-running") {
      return otherwise();
    }
    throw error;
  }
}
