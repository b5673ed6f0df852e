import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { connect, type Socket } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { AppError } from "../../src/errors.ts";

const serverNames = ["valkey-server", "redis-server"];
const startTimeoutMs = 5_000;
const longestBackOffMs = 5_000;
/** As often it is asked whether it answers; one that is silent twice, each time for a second, stands still. */
const everyMs = 5_000;
/** One that was told to end, or that hangs, is killed then: there is nothing on disk to spoil. */
const endMs = 2_000;

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

export interface PrivateRedis {
  readonly url: string;
  /** The wrapper's; null when a server that was there already is used. */
  readonly pid: () => number | null;
  stop(): Promise<void>;
}

/**
 * A Redis of our own on a unix socket in the runtime folder (0700), nothing on disk: the queue is a hint. One that
 * already answers there is adopted. It is started again whenever it ends or stands still, and ends when this process
 * ends, however that ends: its wrapper waits on our pipe.
 */
export async function startPrivateRedis(
  server: string,
  runtimeFolder: string,
  onRestart: (reason: string) => void = () => undefined,
  lookMs: number = everyMs,
): Promise<PrivateRedis> {
  const socketFile = path.join(runtimeFolder, "redis.sock");
  let wrapper: ChildProcess | undefined;
  let watch: Socket | undefined;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let starting = Promise.resolve();

  async function ensure(): Promise<void> {
    let pid = await serverPid(socketFile);
    if (pid === undefined) {
      wrapper = startServer(server, socketFile, runtimeFolder);
      pid = await answering(wrapper, socketFile, server);
    }
    if (!stopping) {
      // An idle connection that closes says at once that the server has ended, whoever started it.
      const own = connect(socketFile).on("error", () => undefined);
      watch = own;
      let stoodStill = false;
      own.once("close", () => {
        watch = undefined;
        again(`the private ${path.basename(server)} ${stoodStill ? "stood still" : "ended"}`, 0);
      });
      lookAgain(own, () => {
        stoodStill = true;
        kill(pid);
      });
    }
  }
  /** As long as this connection is the watch. */
  function lookAgain(own: Socket, onStandsStill: () => void, silentBefore = false): void {
    timer = setTimeout(() => void look(own, onStandsStill, silentBefore), lookMs);
  }
  async function look(own: Socket, onStandsStill: () => void, silentBefore: boolean): Promise<void> {
    const isSilent = (await serverPid(socketFile)) === undefined;
    if (watch !== own || stopping) {
      return;
    }
    if (isSilent && silentBefore) {
      onStandsStill();
    }
    lookAgain(own, onStandsStill, isSilent);
  }
  function again(reason: string, delayMs: number): void {
    if (stopping) {
      return;
    }
    clearTimeout(timer);
    onRestart(reason);
    wrapper?.stdin?.end();
    wrapper = undefined;
    timer = setTimeout(() => {
      starting = ensure().catch((error: unknown) => {
        const code = error instanceof AppError ? error.code : "redis-start-failed";
        again(code, Math.min(Math.max(200, delayMs * 2), longestBackOffMs));
      });
    }, delayMs);
  }
  await ensure();
  return {
    url: `unix://${socketFile}`,
    pid: () => wrapper?.pid ?? null,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await starting;
      watch?.destroy();
      // Asked also past a wrapper that was killed, or whose reader was: neither would end the server any more.
      const shutdown = ask(socketFile, (client) => client.shutdown("NOSAVE"));
      await Promise.all([shutdown, wrapper === undefined ? undefined : ended(wrapper)]);
    },
  };
}

/** Of whoever answers on the socket within a second; undefined where nobody does. */
function serverPid(socketFile: string): Promise<number | undefined> {
  return ask(socketFile, async (client) => Number(/process_id:(\d+)/.exec(await client.info("server"))?.[1]));
}
async function ask<T>(socketFile: string, what: (client: Redis) => Promise<T>): Promise<T | undefined> {
  const client = new Redis(socketFile, {
    lazyConnect: true,
    enableReadyCheck: false,
    // Nobody who hangs is waited for after that.
    disconnectTimeout: 100,
    retryStrategy: () => null,
    connectTimeout: 1_000,
    commandTimeout: 1_000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await what(client);
  } catch {
    return undefined;
  } finally {
    client.disconnect();
  }
}

function startServer(server: string, socketFile: string, runtimeFolder: string): ChildProcess {
  const place = ["--unixsocket", socketFile, "--dir", runtimeFolder];
  const settings = [...place, "--unixsocketperm", "600", "--port", "0", "--save", "", "--appendonly", "no"];
  // The inner `read` returns when our end of the pipe closes, even by kill -9: then the server is ended, by the shell
  // if that still lives. When the server ends by itself, so does the shell.
  const script = `
exec 3<&0
"$@" >/dev/null 3<&- &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server"; exit 0' TERM
( read line <&3; kill -TERM $$ || kill "$server" ) 2>/dev/null &
reader=$!
wait "$server"
kill "$reader" 2>/dev/null`;
  const child = spawn("/bin/sh", ["-c", script, "sh", server, ...settings], {
    stdio: ["pipe", "ignore", "ignore"],
    // A terminal's Ctrl-C must not end it before those who use it.
    detached: true,
    // It needs nothing of what this process knows.
    env: { PATH: process.env.PATH ?? "" },
  });
  child.on("error", () => undefined);
  child.stdin.on("error", () => undefined);
  return child;
}

async function answering(child: ChildProcess, socketFile: string, server: string): Promise<number> {
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    const pid = await serverPid(socketFile);
    if (pid !== undefined) {
      return pid;
    }
    if (performance.now() > deadline || hasEnded(child)) {
      child.stdin?.end();
      throw new AppError(
        "redis-start-failed",
        `the private ${path.basename(server)} did not answer on its socket`,
      );
    }
    await delay(20);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}
/** The wrapper has ended, and with it the server: by itself, or by force. */
function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => killGroup(child), endMs);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    child.stdin?.end();
    if (hasEnded(child)) {
      clearTimeout(timer);
      resolve();
    }
  });
}
/** Wrapper, reader and server: the wrapper leads a group of its own. */
function killGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) {
    kill(-pid);
  }
}
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // ended meanwhile
  }
}
