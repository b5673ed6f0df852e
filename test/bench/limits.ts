import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect } from "node:tls";
import { WebSocket } from "ws";
import { findRedisServer, startPrivateRedis } from "../../adapters/bullmq/private-redis.ts";
import { openMemoryQueue, openRedisQueue } from "../../adapters/bullmq/step-queue.ts";
import type { StepQueue } from "../../src/ports.ts";
import { loadIdentity } from "../../src/sandbox/at-server/certificates.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { Children } from "./child.ts";
import { times } from "./figure.ts";

export type QueueBackend = "redis" | "memory";
const pageBytes = 4_096;

/** Milliseconds of single appends of one page, each with its fdatasync: what no durable commit can be under. */
export async function commitTimes(n: number): Promise<readonly number[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-bench-"));
  const file = openSync(path.join(folder, "log"), "w");
  try {
    return await times(n, async (index) => {
      writeSync(file, Buffer.alloc(pageBytes, index), 0, pageBytes, index * pageBytes);
      fdatasyncSync(file);
    });
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

interface Sizes {
  readonly requestBytes: number;
  readonly replyBytes: number;
}
/** Milliseconds of so many round trips over open TLS connections between processes, direct and through one relay. */
export type TlsTimes = (
  n: number,
) => Promise<{ readonly direct: readonly number[]; readonly relayed: readonly number[] }>;

/** Runs `work` while two processes answer and relay bare TLS. */
export async function withTls<T>(o: Sizes, work: (tlsTimes: TlsTimes) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "cs-bench-"));
  const children = new Children();
  try {
    const { ca } = loadIdentity(folder, ["127.0.0.1"], Date.now());
    const sizes = [folder, String(o.requestBytes), String(o.replyBytes)];
    const port = async (args: readonly string[]): Promise<number> =>
      ((await children.start("./tls-peer.ts", args)).ready as { port: number }).port;
    const echo = await port(sizes);
    const relay = await port([...sizes, String(echo)]);
    return await work(async (n) => ({
      direct: await roundTrips(n, echo, ca, o),
      relayed: await roundTrips(n, relay, ca, o),
    }));
  } finally {
    await children.stop();
    rmSync(folder, { recursive: true });
  }
}

async function roundTrips(n: number, port: number, ca: string, o: Sizes): Promise<readonly number[]> {
  const socket = connect({ host: "127.0.0.1", port, ca });
  socket.setNoDelay(true);
  await once(socket, "secureConnect");
  const request = Buffer.alloc(o.requestBytes, 1);
  let missing = 0;
  let done = (): void => undefined;
  socket.on("data", (chunk) => {
    missing -= chunk.length;
    if (missing <= 0) {
      done();
    }
  });
  const one = (): Promise<void> =>
    new Promise((resolve) => {
      missing = o.replyBytes;
      done = resolve;
      socket.write(request);
    });
  try {
    await times(Math.ceil(n / 4), one);
    return await times(n, one);
  } finally {
    socket.destroy();
  }
}

/** Milliseconds of round trips of so many bytes over an open WebSocket to another process. */
export async function webSocketTimes(n: number, bytes: number): Promise<readonly number[]> {
  const children = new Children();
  try {
    const { port } = (await children.start("./web-socket-peer.ts", [])).ready as { port: number };
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(socket, "open");
    const message = "x".repeat(bytes);
    const one = async (): Promise<void> => {
      socket.send(message);
      await once(socket, "message");
    };
    try {
      await times(Math.ceil(n / 4), one);
      return await times(n, one);
    } finally {
      socket.terminate();
    }
  } finally {
    await children.stop();
  }
}

/** Milliseconds from adding a job to its handler's start; undefined where this machine lacks the backend. */
export async function queueTimes(n: number, backend: QueueBackend): Promise<readonly number[] | undefined> {
  if (backend === "memory") {
    return jobTimes(n, await openMemoryQueue(silentLogger));
  }
  const server = findRedisServer(process.env.PATH ?? "");
  if (server === undefined) {
    return undefined;
  }
  const folder = mkdtempSync(path.join(tmpdir(), "cs-bench-"));
  const redis = await startPrivateRedis(server, folder);
  try {
    return await jobTimes(n, await openRedisQueue(redis.url, silentLogger));
  } finally {
    await redis.stop();
    rmSync(folder, { recursive: true });
  }
}

async function jobTimes(n: number, queue: StepQueue): Promise<readonly number[]> {
  let started = (): void => undefined;
  await queue.work(async () => started());
  const one = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      started = resolve;
      queue
        .add({ run: "bench", revision: 1, step: "step", attempt: index + 1, dispatch: 1, ready: false })
        .catch(reject);
    });
  try {
    await times(5, (index) => one(-1 - index));
    return await times(n, one);
  } finally {
    await queue.close();
  }
}
