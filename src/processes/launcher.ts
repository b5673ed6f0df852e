import { chmodSync, mkdirSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { findRedisServer, startPrivateRedis } from "../../adapters/bullmq/private-redis.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { loadAgents } from "../load.ts";
import { type Child, startChild } from "./child.ts";
import { readPeople } from "./company-books.ts";
import { lockFolder } from "./folder-lock.ts";
import type { SandboxInfo } from "./sandbox.ts";
import { allAtSigns, setUpCompany } from "./setup.ts";
import { startError } from "./start-error.ts";

const dayMs = 86_400_000;

export interface System {
  readonly consoleUrl: string;
  readonly links: Readonly<Record<string, string>>;
  readonly pids: () => Readonly<Record<string, number>>;
  readonly directory: string;
  readonly caFile: string;
  readonly queue: string;
  stop(): Promise<void>;
}

/**
 * Starts everything on one machine and keeps it running: sandbox, then keys and trust, then gateway, agents and bot
 * side by side. Refused when the data folder is in use; what was started is stopped again when a start fails.
 */
export async function launch(o: {
  readonly settings: Settings;
  readonly config: CompanyConfig;
  readonly demo: boolean;
  readonly isolate: boolean;
  readonly tell: (line: string) => void;
  /** Aborted: a start under way is given up, and what was started is stopped. */
  readonly signal?: AbortSignal;
}): Promise<System> {
  const { settings, config, tell, signal } = o;
  if (o.isolate && settings.booksDatabaseUrl === undefined) {
    throw new AppError("usage", "--isolate needs BOOKS_DATABASE_URL: SQLite books have one owner");
  }
  const lock = lockFolder(settings.data, "Countersign");
  const stops: (() => Promise<void> | void)[] = [];
  let ending = Promise.resolve();
  /** Whoever calls it meanwhile waits for the same end. */
  const stop = (): Promise<void> => {
    ending = ending.then(async () => {
      for (let each = stops.pop(); each !== undefined; each = stops.pop()) {
        await each();
      }
    });
    return ending;
  };
  const stopAll = async (): Promise<void> => {
    await stop();
    lock.release();
  };
  signal?.addEventListener("abort", () => void stop(), { once: true });
  try {
    makeRuntimeFolder(settings.runtime);
    const agents = await loadAgents();
    const environment: Record<string, string | undefined> = {
      COUNTERSIGN_DATA: settings.data,
      COUNTERSIGN_RUNTIME: settings.runtime,
      REDIS_URL: settings.redisUrl,
    };
    const children: Child[] = [];
    const child = (name: string, args: readonly string[]): Child => {
      signal?.throwIfAborted();
      const started = startChild({
        name,
        args,
        environment: () => environment,
        onRestart: (who, reason) => tell(`${who} ${reason}; starting it again`),
      });
      children.push(started);
      return started;
    };

    const redis = settings.redisUrl === undefined ? findRedisServer(process.env.PATH ?? "") : undefined;
    const queue = redis === undefined ? undefined : startPrivateRedis(redis, settings.runtime);
    stops.push(() =>
      queue?.then(
        (started) => started.stop(),
        () => undefined,
      ),
    );
    const sandbox = child("sandbox", ["sandbox"]);
    stops.push(() => sandbox.stop());
    const world = (await sandbox.ready) as Readonly<Record<string, unknown>> & SandboxInfo;
    Object.assign(environment, worldEnvironment(world));

    const people = await readPeople(settings, o.demo);
    const setUp = () => setUpCompany({ settings, config, agents, people, place: world, demo: o.demo });
    await setUp();
    // The document must stay younger than a week, and the demo's signer is this launcher.
    const renewal = setInterval(() => {
      setUp().catch((error: unknown) => tell(`trust was not renewed: ${String(error)}`));
    }, dayMs);
    stops.push(() => clearInterval(renewal));

    const privateRedis = await queue;
    if (privateRedis !== undefined) {
      environment.REDIS_URL = privateRedis.url;
    }
    const agentProcesses = o.isolate
      ? agents.map(({ id }) => child(id, ["agent", id]))
      : [child("agents", ["agent", ...agents.map(({ id }) => id)])];
    const others = [child("gateway", ["gateway"]), ...agentProcesses];
    const bot = child("bot", ["bot"]);
    // Agents finish what they do before the bot, and all before what they stand on.
    stops.push(async () => {
      await Promise.all([bot, ...others].map((each) => each.stop()));
    });
    const [info] = await Promise.all([bot.ready, ...others.map((each) => each.ready)]);
    return {
      consoleUrl: String(info.console),
      links: (info.links ?? {}) as Record<string, string>,
      directory: `${world.directory.host}:${world.directory.port}`,
      caFile: world.caFile,
      queue: queueName(settings, privateRedis !== undefined),
      pids: () =>
        Object.fromEntries([
          ["launcher", process.pid] as const,
          ...children.map((each) => [each.name, each.pid() ?? 0] as const),
        ]),
      stop: stopAll,
    };
  } catch (error) {
    await stopAll();
    throw startError(error);
  }
}

function queueName(settings: Settings, started: boolean): string {
  if (settings.redisUrl !== undefined) {
    return "Redis (REDIS_URL)";
  }
  return started
    ? "private Redis on a unix socket"
    : "in-memory PostgreSQL (PGlite, about 300 MB): install redis-server for less";
}
function worldEnvironment(world: SandboxInfo): Record<string, string> {
  return {
    COUNTERSIGN_AT_DIRECTORY: `${world.directory.host}:${world.directory.port}`,
    COUNTERSIGN_AT_CA_FILE: world.caFile,
    COUNTERSIGN_MAILBOX_URL: world.mailbox,
    // The wholesaler that works by mail has an address in the books already.
    COUNTERSIGN_WORLD: Object.entries(world.world)
      .filter(([, endpoint]) => URL.canParse(endpoint) && endpoint.startsWith("http"))
      .map(([id, url]) => `${id}=${url}`)
      .join(","),
  };
}

/** 0700 and ours: sockets in it are as safe as the folder. */
export function makeRuntimeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid } = statSync(folder);
  if (process.platform !== "win32" && uid !== os.userInfo().uid) {
    throw new AppError(
      "data-not-writable",
      `the runtime folder ${folder} belongs to another user; set COUNTERSIGN_RUNTIME`,
    );
  }
  chmodSync(folder, 0o700);
  const longest = path.join(folder, "agents.sock");
  if (Buffer.byteLength(longest) > 100) {
    throw new AppError(
      "bad-setting",
      `COUNTERSIGN_RUNTIME "${folder}" is too long for unix sockets: use a shorter folder`,
    );
  }
}
