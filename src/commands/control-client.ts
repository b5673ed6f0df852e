import { type IncomingMessage, request } from "node:http";
import path from "node:path";
import { z } from "zod";
import { AppError, fromErrorInfo } from "../errors.ts";
import { parseJson } from "../parsed-json.ts";

export const errorInfo = z.object({ code: z.string(), message: z.string(), retryable: z.boolean() });
/** Nothing else: what is asked for may tell of errors as well. */
const errorBody = z.strictObject({ error: errorInfo });

/** Only a process that stands still, or one cut off in the middle of its work, answers nothing for so long. */
const answerMs = 120_000;
/** For whoever asks whether a process is well: one that is answers within seconds. */
export const probeMs = 10_000;

/** The command line's end of a process's unix socket. */
export interface ControlClient {
  get(url: string): Promise<unknown>;
  post(url: string, body: unknown): Promise<unknown>;
  /** Each line of a stream, parsed, until the caller leaves the loop or the other side ends it. */
  lines(url: string): AsyncIterable<unknown>;
}

/**
 * `name` is the process. Calls fail with code "not-running" when nobody listens, "not-answering" when who listens says
 * nothing for `patienceMs`, also in the middle of an answer. In a stream in which nothing happens, and before an answer
 * that takes long, it says so by empty lines.
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
        // From here on only what is waited for counts: whoever reads may take their time.
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
      const text = await textOf(piecesOf(response));
      const parsed = errorBody.safeParse(parseJson(text));
      throw parsed.success ? fromErrorInfo(parsed.data.error) : notKnown(name, method, url);
    }
    return response;
  }
  /** A response as it comes. Leaving it early destroys the response, which tells the other side. */
  async function* piecesOf(response: IncomingMessage): AsyncGenerator<string> {
    let timer: NodeJS.Timeout | undefined;
    const giveUp = () => void response.destroy(notAnswering(name, patienceMs));
    const wait = () => {
      // In two halves: who was stopped meanwhile (Ctrl-Z) first reads what has come.
      timer = setTimeout(() => {
        timer = setTimeout(giveUp, patienceMs / 2);
      }, patienceMs / 2);
    };
    try {
      wait();
      for await (const chunk of response.setEncoding("utf8")) {
        clearTimeout(timer);
        yield String(chunk);
        wait();
      }
    } finally {
      clearTimeout(timer);
    }
  }
  async function answer(method: string, url: string, body?: unknown): Promise<unknown> {
    return readLine(await textOf(piecesOf(await taken(method, url, body))));
  }
  return {
    get: (url) => answer("GET", url),
    post: (url, body) => answer("POST", url, body),
    async *lines(url) {
      let rest = "";
      for await (const piece of piecesOf(await taken("GET", url))) {
        const lines = (rest + piece).split("\n");
        rest = lines.pop() ?? "";
        yield* lines.filter((line) => line !== "").map(readLine);
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

/** What an answer or a line holds; fails with the error by which it ended. */
function readLine(line: string): unknown {
  const value = JSON.parse(line) as unknown;
  const ended = errorBody.safeParse(value);
  if (ended.success) {
    throw fromErrorInfo(ended.data.error);
  }
  return value;
}

/** What is answered without a reason has no address there. */
function notKnown(name: string, method: string, url: string): AppError {
  const message =
    `the process "${name}" knows no "${method} ${url.slice(0, 200)}": ` +
    "an id is empty, or it runs another version than this command";
  return new AppError("not-found", message);
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
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
