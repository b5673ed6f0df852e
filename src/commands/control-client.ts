import { type IncomingMessage, request } from "node:http";
import path from "node:path";
import { z } from "zod";
import { AppError, fromErrorInfo } from "../errors.ts";

export const errorInfo = z.object({ code: z.string(), message: z.string(), retryable: z.boolean() });
const errorBody = z.object({ error: errorInfo });

/** The command line's end of a process's unix socket. */
export interface ControlClient {
  get(url: string): Promise<unknown>;
  post(url: string, body: unknown): Promise<unknown>;
  /** Each line of a stream, parsed, until the caller leaves the loop or the other side ends it. */
  lines(url: string): AsyncIterable<unknown>;
}

/** `name` is the process. Calls fail with code "not-running" when nobody listens. */
export function controlClient(runtimeFolder: string, name: "bot" | "agents" | "gateway"): ControlClient {
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
      call.once("response", resolve);
      call.once("error", (error: NodeJS.ErrnoException) => {
        const gone = error.code === "ENOENT" || error.code === "ECONNREFUSED";
        reject(
          gone ? new AppError("not-running", "Countersign is not running: start it with `npm start`") : error,
        );
      });
      call.end(body);
    });
  async function answer(method: string, url: string, body?: unknown): Promise<unknown> {
    const response = await open(method, url, body === undefined ? undefined : JSON.stringify(body));
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) {
      text += String(chunk);
    }
    const value: unknown = JSON.parse(text);
    if (response.statusCode !== 200) {
      const parsed = errorBody.safeParse(value);
      throw parsed.success
        ? fromErrorInfo(parsed.data.error)
        : new AppError("control-failed", text.slice(0, 200));
    }
    return value;
  }
  return {
    get: (url) => answer("GET", url),
    post: (url, body) => answer("POST", url, body),
    async *lines(url) {
      const response = await open("GET", url);
      if (response.statusCode !== 200) {
        throw new AppError("not-found", "no such run, or you may not see it");
      }
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
