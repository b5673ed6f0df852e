import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Compose, mounts, type Service } from "./compose-file.ts";

const mainFile = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const patience = 60_000;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The commands of our services in docker-compose.yml as processes of this machine: each with the environment of its
 * service (hosts mapped to loopback), its own runtime folder, and a data folder that holds its volumes and no others.
 */
export class ComposeServices {
  readonly folder = mkdtempSync(path.join(tmpdir(), "cs-compose-"));
  readonly #compose: Compose;
  readonly #replace: readonly (readonly [RegExp, string])[];
  readonly #running = new Map<string, ChildProcess>();
  readonly #errors = new Map<string, string>();

  private constructor(compose: Compose, replace: readonly (readonly [RegExp, string])[]) {
    this.#compose = compose;
    this.#replace = replace;
  }
  static async open(
    compose: Compose,
    servers: { postgres: string; redis: string },
  ): Promise<ComposeServices> {
    const text = JSON.stringify(compose.services);
    const fixed = [
      ...new Set([...text.matchAll(/\b(?:sandbox:|[a-z-]+=)(6\d{3})\b/g)].map((each) => each[1])),
    ];
    const ports = await freePorts(fixed.length + 1);
    return new ComposeServices(compose, [
      [/^postgres:\/\/.*@postgres\/.*$/, servers.postgres],
      [/^redis:\/\/redis:6379$/, servers.redis],
      [/^0\.0\.0\.0$/, "127.0.0.1"],
      [/\bsandbox(?=:6\d{3})/g, "127.0.0.1"],
      [/^sandbox$/, "127.0.0.1"],
      ...fixed.map((port, at) => [new RegExp(`\\b${port}\\b`, "g"), String(ports[at])] as const),
      [/^8674$/, String(ports.at(-1))],
    ]);
  }
  /** Starts a service and resolves with nothing; how it is doing is asked by `run`. */
  start(name: string): void {
    const child = this.#spawn(name, this.#service(name).command?.slice(1) ?? [], [
      "ignore",
      "ignore",
      "pipe",
    ]);
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#errors.set(name, (this.#errors.get(name) ?? "") + chunk.toString());
    });
    this.#running.set(name, child);
  }
  /** A command in a service's place, as `docker compose exec` would run it. */
  run(name: string, ...args: readonly string[]): Promise<Ended> {
    const child = this.#spawn(name, args, ["ignore", "pipe", "pipe"]);
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    return new Promise((resolve) => {
      child.once("close", (code) => resolve({ code, stdout, stderr }));
    });
  }
  /** Asks for a service's health until it is well. */
  async healthy(name: string, ...args: readonly string[]): Promise<void> {
    const deadline = performance.now() + patience;
    for (;;) {
      const { code, stderr } = await this.run(name, ...args);
      if (code === 0) {
        return;
      }
      if (performance.now() > deadline || this.#running.get(name)?.exitCode !== null) {
        throw new Error(`${name} is not well: ${stderr}${this.#errors.get(name) ?? ""}`);
      }
      await pause(500);
    }
  }
  /** SIGTERM to all at once; how each ended and what it said. */
  async stop(): Promise<readonly { readonly name: string; readonly ended: string; readonly said: string }[]> {
    const all = [...this.#running];
    this.#running.clear();
    return Promise.all(
      all.map(async ([name, child]) => {
        if (child.exitCode === null && child.signalCode === null) {
          const ended = new Promise((resolve) => child.once("exit", resolve));
          child.kill("SIGTERM");
          await ended;
        }
        const how = child.signalCode ?? `code ${child.exitCode}`;
        return { name, ended: how, said: this.#errors.get(name) ?? "" };
      }),
    );
  }
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #service(name: string): Service {
    const service = this.#compose.services[name];
    if (service === undefined) {
      throw new Error(`docker-compose.yml has no service ${name}`);
    }
    return service;
  }
  #spawn(name: string, args: readonly string[], stdio: readonly ("ignore" | "pipe")[]): ChildProcess {
    return spawn(process.execPath, [mainFile, ...args], {
      env: { PATH: process.env.PATH ?? "", ...this.#environment(name) },
      stdio: [...stdio],
    });
  }
  #environment(name: string): Readonly<Record<string, string>> {
    const data = path.join(this.folder, name);
    const given = Object.entries(this.#service(name).environment).map(([key, value]) => {
      const mapped = this.#replace.reduce((text, [from, to]) => text.replace(from, to), value);
      // What `.env` may leave out: here it does.
      const filled = mapped.replace(/\$\{\w+:-([^}]*)\}/g, "$1");
      return [key, filled.replace(/^\/data(?=\/|$)/, data)] as const;
    });
    const environment = Object.fromEntries(given);
    this.#mount(name, data);
    return {
      ...environment,
      COUNTERSIGN_RUNTIME: path.join(this.folder, "run", name),
      ...("COUNTERSIGN_CONSOLE_HOST" in environment ? { COUNTERSIGN_CONSOLE_PORT: "0" } : {}),
    };
  }
  /** Each volume once, and links to it where services mount it. */
  #mount(name: string, data: string): void {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    for (const { volume, place } of mounts(this.#service(name))) {
      const target = path.join(this.folder, "volumes", volume);
      const link = place.replace(/^\/data/, data);
      mkdirSync(target, { recursive: true, mode: 0o700 });
      mkdirSync(path.dirname(link), { recursive: true, mode: 0o700 });
      try {
        symlinkSync(target, link);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
          throw error;
        }
      }
    }
  }
}

/** Ports that were free a moment ago, for services that need to know each other's in advance. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            resolve(typeof address === "object" && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
