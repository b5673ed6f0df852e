import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { activate, AtClient, type AtKeys, lookUp } from "@atsign/atsdk";
import {
  type AtSandbox,
  type AtSandboxOptions,
  startAtSandbox,
} from "../../../../src/sandbox/at-server/start-at-sandbox.ts";
import { rsaPrivateKey, signRsa } from "../../../../src/atsdk/rsa.ts";
import { aliceKeys, bobKeys } from "../../atsdk/vectors.ts";

const keysOf: Readonly<Record<string, AtKeys>> = { "@alice": aliceKeys, "@bob": bobKeys };

/** A temporary folder that is removed after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "at-sandbox-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A sandbox with @alice and @bob, closed and removed after the test. */
export async function startSandbox(
  t: TestContext,
  options: Partial<AtSandboxOptions> = {},
): Promise<AtSandbox> {
  const dataDir = options.dataDir ?? temporaryFolder(t);
  const sandbox = await startAtSandbox({ dataDir, atSigns: ["@alice", "@bob"], ...options });
  t.after(() => sandbox.close());
  return sandbox;
}

/** Activates @alice and @bob with the fixture's keys. */
export async function activateBoth(sandbox: AtSandbox): Promise<void> {
  for (const [atSign, cramSecret] of Object.entries(sandbox.cramSecrets))
    await activate({ ...sandbox, atSign, cramSecret, keys: keysOf[atSign] ?? aliceKeys });
}

export async function openClient(t: TestContext, sandbox: AtSandbox, atSign: string): Promise<AtClient> {
  const client = await AtClient.open({ ...sandbox, atSign, keys: keysOf[atSign] ?? aliceKeys });
  t.after(() => client.close());
  return client;
}

/** A bare TLS connection that shows what the server writes, chunk by chunk. */
export class RawConnection {
  readonly #socket: TLSSocket;
  readonly #chunks: string[] = [];
  #wake = () => {};

  static async open(t: TestContext, sandbox: AtSandbox, to: string): Promise<RawConnection> {
    const { host, port } = to === "directory" ? sandbox.directory : await lookUp(to, sandbox);
    const raw = new RawConnection(connect({ host, port, ca: sandbox.ca }));
    t.after(() => raw.#socket.destroy());
    return raw;
  }

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("error", () => {}); // shows as "<closed>"
    socket.on("data", (chunk) => this.#add(chunk.toString("utf8")));
    socket.once("close", () => this.#add("<closed>"));
  }

  #add(chunk: string): void {
    this.#chunks.push(chunk);
    this.#wake();
  }

  /** The next single write of the server. */
  async read(): Promise<string> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) return chunk;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  /** Hangs up. */
  end(): void {
    this.#socket.destroy();
  }

  async ask(line: string): Promise<string> {
    this.write(`${line}\n`);
    return this.read();
  }
}

/** A connection that has read its greeting. */
export async function guest(t: TestContext, sandbox: AtSandbox, atSign: string): Promise<RawConnection> {
  const raw = await RawConnection.open(t, sandbox, atSign);
  assert.equal(await raw.read(), "@");
  return raw;
}

export async function challengeOf(raw: RawConnection, atSign: string): Promise<string> {
  const reply = await raw.ask(`from:${atSign}`);
  return reply.slice("data:".length, reply.lastIndexOf("\n"));
}

/** What the answer has between `data:` and the prompt. */
export async function data(raw: RawConnection, line: string): Promise<string> {
  const [, payload] = /^data:(.*)\n@[^\n]*$/s.exec(await raw.ask(line)) ?? assert.fail(line);
  return payload ?? "";
}
export async function json(raw: RawConnection, line: string): Promise<unknown> {
  return JSON.parse(await data(raw, line));
}

/** A payload of any size, for @alice. */
export async function all(raw: RawConnection, line: string): Promise<string> {
  raw.write(`${line}\n`);
  const chunks: string[] = [];
  for (let end = ""; !end.endsWith("\n@alice@"); end = `${end}${chunks.at(-1)}`.slice(-20))
    chunks.push(await raw.read());
  return chunks.join("").slice("data:".length, -"\n@alice@".length);
}

/** A connection logged in with the fixture's keys. */
export async function owner(t: TestContext, sandbox: AtSandbox, atSign: string): Promise<RawConnection> {
  const raw = await guest(t, sandbox, atSign);
  const signature = signRsa(
    await challengeOf(raw, atSign),
    rsaPrivateKey((keysOf[atSign] ?? aliceKeys).pkamPrivateKey),
  );
  assert.equal(await raw.ask(`pkam:${signature}`), `data:success\n${atSign}@`);
  return raw;
}

/** A sandbox with both atSigns active and a clock the test moves. */
export async function startActivated(t: TestContext): Promise<{ sandbox: AtSandbox; time: { now: number } }> {
  const time = { now: 1_800_000_000_000 };
  const sandbox = await startSandbox(t, { clock: () => time.now });
  await activateBoth(sandbox);
  return { sandbox, time };
}
