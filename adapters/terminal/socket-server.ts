import { rmSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { AppError } from "../../src/errors.ts";

const longestBody = 16_000_000;

/**
 * Serves an app on a unix socket that only this user may open (0600). A file that a killed process left there is
 * replaced; when somebody answers on it, `runtime-in-use`. Bodies are counted while they are read.
 */
export async function listenOnSocket(socketFile: string, app: Hono): Promise<{ close(): Promise<void> }> {
  await refuseTakenSocket(socketFile);
  const bounded = new Hono();
  bounded.use(bodyLimit({ maxSize: longestBody, onError: (context) => context.json(tooLarge, 413) }));
  bounded.route("/", app);
  const listener = getRequestListener(bounded.fetch);
  const server = createServer((request, response) => void listener(request, response));
  rmSync(socketFile, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketFile, resolve);
  });
  await chmod(socketFile, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Fails with `runtime-in-use` when another process answers on the socket. */
export async function refuseTakenSocket(socketFile: string): Promise<void> {
  if (await answers(socketFile)) {
    throw new AppError(
      "runtime-in-use",
      `another process already answers on ${socketFile}: end it, or set COUNTERSIGN_RUNTIME to a folder of this system's own`,
    );
  }
}

const tooLarge = {
  error: {
    code: "body-too-large",
    message: `the request is larger than ${longestBody} bytes`,
    retryable: false,
  },
};

function answers(socketFile: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketFile);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
