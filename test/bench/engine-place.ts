import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Redis } from "ioredis";
import { Client } from "pg";
import { findRedisServer } from "../../adapters/bullmq/private-redis.ts";
import { startPostgres, type TestPostgres } from "../fakes/postgres.ts";
import { treeUsage, type TreeUsage } from "./process-tree.ts";

export type RecordKind = "postgres" | "sqlite";

/** What the stores have done since they were started. */
export interface StoreCounts {
  readonly commits: number;
  readonly walKb: number;
  readonly redisCommands: number;
}

/** Where an engine is measured: a Redis without persistence, as ours is a hint, and a durable PostgreSQL or a folder. */
export class EnginePlace {
  readonly kind: RecordKind;
  readonly folder = mkdtempSync(path.join(tmpdir(), "cs-bench-"));
  redisUrl = "";
  postgresUrl: string | undefined;
  #redis: ChildProcess | undefined;
  #postgres: TestPostgres | undefined;

  constructor(kind: RecordKind) {
    this.kind = kind;
  }

  async start(): Promise<void> {
    const server = findRedisServer(process.env["PATH"] ?? "");
    if (server === undefined) {
      throw new Error("no redis-server found in PATH");
    }
    const port = await freePort();
    const settings = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    this.#redis = spawn(server, [...settings, "--maxmemory-policy", "noeviction"], {
      cwd: this.folder,
      stdio: "ignore",
    });
    this.redisUrl = `redis://127.0.0.1:${port}`;
    await this.#redisInfo();
    if (this.kind === "postgres") {
      this.#postgres = await startPostgres(await freePort());
      this.postgresUrl = await this.#postgres.createDatabase();
    }
  }

  async counts(): Promise<StoreCounts> {
    const info = await this.#redisInfo();
    const redisCommands = Number(/^total_commands_processed:(\d+)/m.exec(info)?.[1] ?? 0);
    if (this.postgresUrl === undefined) {
      return { commits: 0, walKb: 0, redisCommands };
    }
    const client = new Client({ connectionString: this.postgresUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ xid: string; wal: string }>(
        "select pg_current_xact_id()::text as xid, pg_current_wal_lsn() - '0/0'::pg_lsn as wal",
      );
      const [row] = rows;
      return { commits: Number(row?.xid), walKb: Number(row?.wal) / 1_024, redisCommands };
    } finally {
      await client.end();
    }
  }

  /** Redis and PostgreSQL with all their processes. */
  usage(): TreeUsage {
    const pids = [this.#redis?.pid, this.#postgres?.pid].filter((pid) => pid !== undefined);
    const all = pids.map((pid) => treeUsage(pid));
    return {
      cpuMs: all.reduce((sum, each) => sum + each.cpuMs, 0),
      memoryMb: all.reduce((sum, each) => sum + each.memoryMb, 0),
    };
  }

  /** Size of the record's files, in kilobytes. */
  async diskKb(): Promise<number> {
    if (this.postgresUrl === undefined) {
      return folderBytes(path.join(this.folder, "record")) / 1_024;
    }
    const client = new Client({ connectionString: this.postgresUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ size: string }>(
        "select pg_database_size(current_database()) as size",
      );
      return Number(rows[0]?.size) / 1_024;
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    if (this.#redis !== undefined && this.#redis.exitCode === null) {
      this.#redis.kill();
      await once(this.#redis, "exit");
    }
    await this.#postgres?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #redisInfo(): Promise<string> {
    const redis = new Redis(this.redisUrl, { maxRetriesPerRequest: 50 });
    redis.on("error", () => undefined);
    try {
      return await redis.info();
    } finally {
      redis.disconnect();
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
}
