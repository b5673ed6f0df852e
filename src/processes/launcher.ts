import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { findRedisServer, startPrivateRedis } from "../../adapters/bullmq/private-redis.ts";
import { refuseTakenSocket } from "../../adapters/terminal/socket-server.ts";
import type { CompanyConfig, Settings } from "../config.ts";
import { AppError, toErrorInfo } from "../errors.ts";
import { loadAgents } from "../load.ts";
import { type Child, startChild } from "./child.ts";
import { type ChildKind, childEnvironment } from "./child-environment.ts";
import { readPeople } from "./company-books.ts";
import { signedAsDemo } from "./company-kind.ts";
import { lockFolder } from "./folder-lock.ts";
import { makeRuntimeFolder } from "./runtime-folder.ts";
import { removeLauncherState, waitForOrphans, writeLauncherState } from "./launcher-state.ts";
import type { SandboxInfo } from "./sandbox.ts";
import { setUpCompany } from "./setup.ts";
import { startError } from "./start-error.ts";

const dayMs = 86_400_000;
const renewAgainMs = 60_000;
/** Children of a launcher that was killed have drained by then, or are ended by their own deadline soon after. */
const orphansMs = 10_000;
/** People wait for the bot, the others have deadlines: where processors are short it gets ten times their share. */
const helperNiceness = 10;

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
 * side by side. Refused when the data folder is in use; children that a killed launcher left are waited for. What was
 * started is stopped again when a start fails.
 */
export async function launch(o: {
  readonly settings: Settings;
  readonly config: CompanyConfig;
  /** Of a company that is new; one that is signed stays what it is. */
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
  // What this process and its children create is for their user only, whoever creates it.
  process.umask(0o077);
  const lock = lockFolder(settings.data, "Countersign");
  const stops: (() => Promise<void> | void)[] = [];
  let ending = Promise.resolve();
  const drain = async (earlier: Promise<void>): Promise<void> => {
    await earlier;
    for (let each = stops.pop(); each !== undefined; each = stops.pop()) {
      await each();
    }
  };
  /** Whoever calls it meanwhile waits for the same end. */
  const stop = (): Promise<void> => {
    ending = drain(ending);
    return ending;
  };
  const stopAll = async (): Promise<void> => {
    await stop();
    removeLauncherState(settings.data);
    lock.release();
  };
  signal?.addEventListener("abort", () => void stop(), { once: true });
  try {
    makeRuntimeFolder(settings.runtime);
    await waitForOrphans(settings.data, orphansMs, signal);
    await refuseTakenSocket(path.join(settings.runtime, "bot.sock"));
    const demo = await chosenKind(settings, o.demo);
    const agents = await loadAgents();
    const environment: Record<string, string | undefined> = {
      // Loading our sources costs half as much where their compiled form is kept.
      NODE_COMPILE_CACHE: path.join(settings.data, "cache"),
      ...process.env,
      COUNTERSIGN_DATA: settings.data,
      COUNTERSIGN_RUNTIME: settings.runtime,
      REDIS_URL: settings.redisUrl,
    };
    const children: Child[] = [];
    const keepState = (): void =>
      writeLauncherState(settings.data, {
        launcher: process.pid,
        children: children.flatMap((each) => each.pid() ?? []),
      });
    keepState();
    /** Only a next start looks at it: not worth ending this one. */
    const keepStateLater = (): void => {
      setImmediate(() => {
        try {
          keepState();
        } catch (error) {
          tell(`the list of processes was not written: ${String(error)}`);
        }
      });
    };
    const child = (kind: ChildKind, args: readonly string[], name: string = kind): Child => {
      signal?.throwIfAborted();
      const started = startChild({
        name,
        args,
        environment: () => childEnvironment(kind, environment),
        ...(kind === "bot" ? {} : { niceness: helperNiceness }),
        onStart: keepStateLater,
        onRestart: (who, reason) => tell(`${who} ${reason}; starting it again`),
        onSlow: (who) => tell(`${who} is not ready yet; its log may say what it waits for`),
      });
      children.push(started);
      return started;
    };

    const redis = settings.redisUrl === undefined ? findRedisServer(process.env.PATH ?? "") : undefined;
    const queue =
      redis === undefined
        ? undefined
        : startPrivateRedis(redis, settings.runtime, (reason) => tell(`${reason}; starting it again`));
    stops.push(() =>
      queue?.then(
        (started) => started.stop(),
        () => undefined,
      ),
    );
    const sandbox = child("sandbox", ["sandbox"]);
    stops.push(() => sandbox.stop());
    let world = sandboxInfo(await sandbox.ready);
    Object.assign(environment, worldEnvironment(world));
    sandbox.onReadyAgain((info) => {
      const before = worldEnvironment(world);
      world = sandboxInfo(info);
      const now = worldEnvironment(world);
      if (!isDeepStrictEqual(now, before)) {
        // A port was taken while it was away: whoever knows the old addresses would look there for ever.
        Object.assign(environment, now);
        children.filter((each) => each !== sandbox).forEach((each) => each.restart());
      }
    });

    const setUp = async () => {
      const people = await readPeople(settings, demo);
      await setUpCompany({ settings, config, agents, people, place: world, demo });
    };
    await setUp();
    stops.push(renewDaily(setUp, tell));

    const privateRedis = await queue;
    if (privateRedis !== undefined) {
      environment.REDIS_URL = privateRedis.url;
    }
    const agentProcesses = o.isolate
      ? agents.map(({ id }) => child("agents", ["agent", id], id))
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

async function chosenKind(settings: Settings, demo: boolean): Promise<boolean> {
  const signed = await signedAsDemo(settings);
  if (signed === true && !demo) {
    throw new AppError(
      "usage",
      `--empty: ${settings.data} holds the demo company already; set COUNTERSIGN_DATA to another folder`,
    );
  }
  return signed ?? demo;
}

/** The document must stay younger than a week, and its signer is this launcher. Gives what ends it. */
function renewDaily(setUp: () => Promise<void>, tell: (line: string) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const plan = (ms: number): void => {
    timer = setTimeout(() => {
      setUp().then(
        () => plan(dayMs),
        (error: unknown) => {
          const { code, message } = toErrorInfo(error);
          tell(`trust was not renewed (${code}): ${message}`);
          plan(renewAgainMs);
        },
      );
    }, ms);
  };
  plan(dayMs);
  return () => clearTimeout(timer);
}

function queueName(settings: Settings, started: boolean): string {
  if (settings.redisUrl !== undefined) {
    return "Redis (REDIS_URL)";
  }
  return started
    ? "private Redis on a unix socket"
    : "in-memory PostgreSQL (PGlite, about 300 MB): install redis-server for less";
}
function sandboxInfo(info: Readonly<Record<string, unknown>>): SandboxInfo {
  return info as Readonly<Record<string, unknown>> & SandboxInfo;
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
