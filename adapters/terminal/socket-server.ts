import { rmSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";

const bodyLimit = 16_000_000;

/** Serves an app on a unix socket that only this user may open (0600). */
export async function listenOnSocket(socketFile: string, app: Hono): Promise<{ close(): Promise<void> }> {
  const listener = getRequestListener(app.fetch);
  const server = createServer((request, response) => {
    if (Number(request.headers["content-length"] ?? 0) > bodyLimit) {
      response.writeHead(413).end();
      return;
    }
    void listener(request, response);
  });
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
