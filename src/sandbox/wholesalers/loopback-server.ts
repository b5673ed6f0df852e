import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { AppError } from "../../errors.ts";

/** A small HTTP server of the sandbox: text in, text out. Never for anything that is not a stand-in. */

export interface ServerRequest {
  readonly method: string;
  /** Decoded path segments. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** Without parameters, lower case; "" = none. */
  readonly contentType: string;
  readonly body: string;
}
export interface ServerReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}
/** "hold": never answer. "drop": end the connection without an answer. */
export type ServerAnswer = ServerReply | "hold" | "drop";
export interface LoopbackServer {
  readonly url: string;
  readonly port: number;
  /** Ends all connections at once, answered or not. */
  close(): Promise<void>;
}

const maxBodyBytes = 2 * 1024 * 1024;

/** Listens on `host` (port 0: any free one); fails with code `port-taken`. */
export async function startLoopbackServer(o: {
  readonly host: string;
  /** The host in the URL, if it is another one. */
  readonly publicHost?: string | undefined;
  readonly port: number;
  readonly answer: (request: ServerRequest) => ServerAnswer | Promise<ServerAnswer>;
}): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    void serve(request, response, o);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === "EADDRINUSE";
      reject(
        new AppError(
          taken ? "port-taken" : "cannot-listen",
          `cannot listen on ${o.host}:${o.port}: ${taken ? "the port is taken" : cause.message}`,
          { cause },
        ),
      );
    });
    server.listen(o.port, o.host, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : o.port;
  return {
    url: `http://${o.publicHost ?? o.host}:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  o: {
    readonly host: string;
    readonly publicHost?: string | undefined;
    readonly answer: (request: ServerRequest) => ServerAnswer | Promise<ServerAnswer>;
  },
): Promise<void> {
  try {
    const body = await bodyOf(request);
    const url = URL.parse(request.url ?? "/", "http://sandbox");
    const answer =
      body === undefined || url === null || !hostAllowed(request, o)
        ? { status: 400, contentType: "text/plain", body: "bad request" }
        : await o.answer({
            method: request.method ?? "GET",
            path: url.pathname.split("/").filter(Boolean).map(decodeURIComponent),
            query: url.searchParams,
            contentType: (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "",
            body,
          });
    if (answer === "drop") {
      response.destroy();
    } else if (answer !== "hold") {
      response
        .writeHead(answer.status, { "content-type": `${answer.contentType}; charset=utf-8` })
        .end(answer.body);
    }
  } catch {
    if (response.headersSent) {
      response.destroy();
    } else {
      response.writeHead(500, { "content-type": "text/plain" }).end("internal error");
    }
  }
}

/** On loopback, only requests that name loopback or the name it goes by: a web page that rebinds its name gets nothing. */
function hostAllowed(
  request: IncomingMessage,
  { host, publicHost }: { readonly host: string; readonly publicHost?: string | undefined },
): boolean {
  const named = URL.parse(`http://${request.headers.host ?? ""}`)?.hostname.replace(/^\[|\]$/g, "");
  const known = [host, "localhost", ...(publicHost === undefined ? [] : [publicHost])];
  return !/^(127\.|localhost$|::1$)/.test(host) || (named !== undefined && known.includes(named));
}

/** The body as text; undefined when it is too long or not UTF-8. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.byteLength;
    if (size > maxBodyBytes) {
      return undefined;
    }
    chunks.push(bytes);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    return undefined;
  }
}
