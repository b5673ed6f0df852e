import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { Redis } from "ioredis";
import { AppError } from "../../src/errors.ts";

const serverNames = ["valkey-server", "redis-server"];
const startTimeoutMs = 5_000;

/** The first Redis or Valkey server on the PATH, if the machine has one. */
export function findRedisServer(searchPath: string): string | undefined {
  for (const folder of searchPath.split(path.delimiter).filter((each) => each !== "")) {
    for (const name of serverNames) {
      const file = path.join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // not here: look further
      }
    }
  }
  return undefined;
}

async function answers(socket: string): Promise<boolean> {
  const client = new Redis(socket, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 1_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === "PONG";
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

/**
 * A Redis of our own on a unix socket in the runtime folder (0700), nothing on disk: the queue is a hint. One that
 * already answers there is adopted. It ends when this process ends, however it ends: its wrapper waits on our pipe.
 */
export async function startPrivateRedis(
  server: string,
  runtimeFolder: string,
): Promise<{ readonly url: string; readonly pid: number | null; stop(): Promise<void> }> {
  const socket = path.join(runtimeFolder, "redis.sock");
  const url = `unix://${socket}`;
  if (await answers(socket)) {
    return { url, pid: null, stop: () => Promise.resolve() };
  }
  const settings = [
    "--port",
    "0",
    "--unixsocket",
    socket,
    "--unixsocketperm",
    "600",
    "--save",
    "",
    "--appendonly",
    "no",
  ];
  // The shell's `read` returns when our end of the pipe closes, even by kill -9; then the server is ended.
  const wrapper = '"$@" >/dev/null & child=$!; read line; kill "$child" 2>/dev/null; wait "$child"';
  const child = spawn("/bin/sh", ["-c", wrapper, "sh", server, ...settings, "--dir", runtimeFolder], {
    stdio: ["pipe", "ignore", "ignore"],
    // A terminal's Ctrl-C must not end it before those who use it.
    detached: true,
  });
  const deadline = performance.now() + startTimeoutMs;
  while (!(await answers(socket))) {
    if (performance.now() > deadline || child.exitCode !== null || child.signalCode !== null) {
      child.stdin.end();
      throw new AppError(
        "redis-start-failed",
        `the private ${path.basename(server)} did not answer on its socket`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { url, pid: child.pid ?? null, stop: () => stopped(child) };
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.stdin?.end();
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
    }
  });
}
