import type { ChildProcess } from "node:child_process";
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";

/** A private PostgreSQL for the tests of one process: own folder, unix socket only, gone afterwards. */
export interface TestPostgres {
  /** The server's own process. */
  readonly pid: number | undefined;
  /** The URL of a new, empty database. */
  createDatabase(): Promise<string>;
  /** Ends it as a crash would ("immediate" shutdown), and starts it again after `restMs`. */
  crash(restMs: number): Promise<void>;
  /** Makes all its processes stand still, or go on. */
  signal(name: "SIGSTOP" | "SIGCONT"): void;
  stop(): Promise<void>;
}

let started: Promise<TestPostgres> | undefined;

/** Why there can be no PostgreSQL here, or false; with REQUIRE_SERVERS=1 its absence fails the tests instead. */
export function postgresMissing(): string | false {
  if (binaries() !== undefined || process.env["REQUIRE_SERVERS"] === "1") {
    return false;
  }
  return "no PostgreSQL server (initdb, postgres) found in PATH or /usr/lib/postgresql";
}

/**
 * The one server of this process, started on first use. Whoever starts it stops it (`after`). With a port it listens
 * there on loopback and waits for the disk, as in production.
 */
export function startPostgres(port?: number): Promise<TestPostgres> {
  started ??= start(port);
  return started;
}

async function start(port: number | undefined): Promise<TestPostgres> {
  const bin = binaries();
  if (bin === undefined) {
    throw new Error("REQUIRE_SERVERS=1, but no PostgreSQL server was found");
  }
  // The server refuses to run as root, and its user must reach the folder.
  const user = process.getuid?.() === 0 ? postgresUser() : undefined;
  const folder = mkdtempSync(join(tmpdir(), "cs-pg-"));
  if (user !== undefined) {
    chownSync(folder, user.uid, user.gid);
  }
  chmodSync(folder, 0o700);
  const data = join(folder, "data");
  const run = { ...user, cwd: folder };
  const settings = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "--locale=C"];
  execFileSync(join(bin, "initdb"), ["-D", data, ...settings], { ...run, stdio: "ignore" });
  const flags = [
    ...(port === undefined
      ? ["-c", "listen_addresses=", "-c", "fsync=off"]
      : ["-c", "listen_addresses=127.0.0.1", "-p", String(port)]),
    "-c",
    "deadlock_timeout=50ms",
    "-c",
    `unix_socket_directories=${folder}`,
  ];
  const launch = (): ChildProcess =>
    spawn(join(bin, "postgres"), ["-D", data, ...flags], { ...run, stdio: "ignore" });
  let server = launch();
  // Also where a test file ends by an error; only SIGKILL leaves the server behind.
  const killed = (): void => {
    server.kill("SIGQUIT");
  };
  process.on("exit", killed);
  const url = (database: string): string =>
    port === undefined
      ? `postgres://postgres@/${database}?host=${encodeURIComponent(folder)}`
      : `postgres://postgres@127.0.0.1:${port}/${database}`;
  try {
    await untilReady(url("postgres"), server);
  } catch (error) {
    await end(server, folder);
    throw error;
  }
  return {
    get pid() {
      return server.pid;
    },
    async crash(restMs) {
      const exited = once(server, "exit");
      server.kill("SIGQUIT");
      await exited;
      await delay(restMs);
      server = launch();
      await untilReady(url("postgres"), server);
    },
    signal(name) {
      const pid = server.pid ?? 0;
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
      // Those that began meanwhile are few, and wait for the first one's word.
      [pid, ...children.filter((each) => each !== "").map(Number)].forEach((each) =>
        process.kill(each, name),
      );
    },
    async createDatabase() {
      const name = `t${randomBytes(6).toString("hex")}`;
      await query(url("postgres"), `create database ${name}`);
      return url(name);
    },
    async stop() {
      started = undefined;
      process.off("exit", killed);
      await end(server, folder);
    },
  };
}

async function untilReady(url: string, server: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (server.exitCode !== null) {
      throw new Error(`PostgreSQL ended at start with code ${server.exitCode}`);
    }
    try {
      await query(url, "select 1");
      return;
    } catch {
      await delay(50);
    }
  }
  throw new Error("PostgreSQL did not answer within 10 s");
}

async function end(server: ChildProcess, folder: string): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    const exited = once(server, "exit");
    // SIGINT is PostgreSQL's "fast" shutdown: open sessions are ended.
    server.kill("SIGINT");
    await exited;
  }
  rmSync(folder, { recursive: true, force: true });
}

async function query(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

function binaries(): string | undefined {
  const root = "/usr/lib/postgresql";
  const installed = existsSync(root)
    ? readdirSync(root)
        .toSorted((a, b) => Number(b) - Number(a))
        .map((version) => join(root, version, "bin"))
    : [];
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...installed];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
}

function postgresUser(): { uid: number; gid: number } {
  const id = (flag: string): number =>
    Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }).trim());
  return { uid: id("-u"), gid: id("-g") };
}
