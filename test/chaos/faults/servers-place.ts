import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { ExtraBot, firstBot } from "../../e2e/extra-bot.ts";
import { noProcFolder } from "../../e2e/our-processes.ts";
import { CutProxy } from "../../fakes/cut-proxy.ts";
import { postgresMissing, startPostgres, type TestPostgres } from "../../fakes/postgres.ts";
import { RedisProcess } from "../../fakes/redis-process.ts";
import { ChaosSystem } from "../chaos-system.ts";
import { type Place, type PlaceKind, redisMissing, redisServer } from "./place.ts";

/** As long as another bot holds a lease, with what clocks and pauses may add. */
const frozenMs = 12_500;
/** Another bot has made up for a frozen one by then. */
const takeoverMs = 40_000;
const lookAgainMs = 100;

const strikes = {
  /** Again and again: what comes meanwhile is lost as well. */
  "redis-flush": async ({ redis }, ms) => {
    for (const end = performance.now() + ms; performance.now() < end;) {
      await redis.ask((client) => client.flushall());
      await pause(lookAgainMs);
    }
  },
  "redis-restart": async ({ redis }, ms) => {
    await redis.kill();
    await pause(ms);
    await redis.start();
  },
  "redis-stop": async ({ redis }, ms) => {
    redis.signal("SIGSTOP");
    await pause(ms);
    redis.signal("SIGCONT");
  },
  "redis-pause": async ({ redis }, ms) => {
    await redis.ask((client) => client.call("client", "pause", ms));
    await pause(ms);
  },
  "redis-cut": async ({ toRedis }, ms) => {
    for (const end = performance.now() + ms; performance.now() < end;) {
      toRedis.cut();
      await pause(lookAgainMs);
    }
  },
  "redis-hang": async ({ toRedis }, ms) => {
    toRedis.stall();
    await pause(ms);
    toRedis.go();
  },
  "redis-vanish": async ({ toRedis }) => toRedis.abandon(),
  "postgres-restart": ({ postgres }, ms) => postgres.crash(ms),
  "postgres-stop": async ({ postgres }, ms) => {
    postgres.signal("SIGSTOP");
    await pause(ms);
    postgres.signal("SIGCONT");
  },
  /** The bot that was asked stands still until its lease is over and another one has gone on without it. */
  "bot-stop": async (place) => {
    const pid = firstBot(place.chaos.system);
    process.kill(pid, "SIGSTOP");
    try {
      await pause(frozenMs);
      await place.movedOn();
    } finally {
      process.kill(pid, "SIGCONT");
    }
  },
} satisfies Readonly<Record<string, (place: ServersPlace, ms: number) => Promise<void>>>;
export type ServersFault = keyof typeof strikes;

/** Two bots on a PostgreSQL, with the agents' books, and a Redis behind a proxy; all of them are its own. */
export class ServersPlace implements Place {
  readonly redis: RedisProcess;
  readonly toRedis: CutProxy;
  readonly postgres: TestPostgres;
  readonly chaos: ChaosSystem;
  readonly #folder: string;
  #second: ExtraBot | undefined;

  private constructor(
    o: { readonly redis: RedisProcess; readonly toRedis: CutProxy; readonly postgres: TestPostgres },
    chaos: ChaosSystem,
    folder: string,
  ) {
    this.redis = o.redis;
    this.toRedis = o.toRedis;
    this.postgres = o.postgres;
    this.chaos = chaos;
    this.#folder = folder;
  }

  static async open(): Promise<ServersPlace> {
    const folder = mkdtempSync(path.join(tmpdir(), "cs-faults-"));
    const redis = await RedisProcess.start(redisServer(), folder);
    const toRedis = await CutProxy.open(redis.port);
    const postgres = await startPostgres();
    const chaos = new ChaosSystem({
      REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
      DATABASE_URL: await postgres.createDatabase(),
      BOOKS_DATABASE_URL: await postgres.createDatabase(),
    });
    const place = new ServersPlace({ redis, toRedis, postgres }, chaos, folder);
    try {
      await chaos.start();
      place.#second = await ExtraBot.start(chaos.system, "run-2");
      return place;
    } catch (error) {
      await place.close();
      throw error;
    }
  }

  strike(fault: ServersFault, ms: number): Promise<void> {
    return strikes[fault](this, ms);
  }

  /** Waits until the second bot knows of no run that is being worked on. */
  async movedOn(): Promise<void> {
    for (const end = performance.now() + takeoverMs; performance.now() < end;) {
      const runs = shownRuns.parse(JSON.parse((await this.#second?.run("runs", "--json")) ?? "[]"));
      if (runs.length > 0 && runs.every(({ status }) => status !== "running")) {
        return;
      }
      await pause(lookAgainMs);
    }
    throw new Error("no other bot took over from the one that stands still");
  }

  async close(): Promise<readonly string[]> {
    await this.#second?.stop();
    const faults = await this.chaos.stop();
    await this.chaos.remove();
    await this.toRedis.close();
    await this.redis.kill();
    await this.postgres.stop();
    rmSync(this.#folder, { recursive: true, force: true });
    return faults;
  }
}
const shownRuns = z.array(z.object({ status: z.string() }));

export const serversPlace: PlaceKind = {
  faults: Object.keys(strikes),
  missing: () => noProcFolder || postgresMissing() || redisMissing(),
  open: () => ServersPlace.open(),
};
