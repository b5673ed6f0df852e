import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { AtServer } from "../../src/sandbox/at-server/at-server.ts";
import { AtStore } from "../../src/sandbox/at-server/at-store.ts";
import { defaultBehaviour } from "../../src/sandbox/at-server/behaviour.ts";
import { commandHandler } from "../../src/sandbox/at-server/commands.ts";
import { defaultLimits } from "../../src/sandbox/at-server/limits.ts";
import { LineBuffer, splitLines } from "../../src/sandbox/at-server/line-buffer.ts";
import { type MetadataChange, SegmentReader } from "../../src/sandbox/at-server/metadata-fields.ts";
import { ServerConnection } from "../../src/sandbox/at-server/server-connection.ts";
import { ServerError } from "../../src/sandbox/at-server/server-error.ts";
import type { FuzzRandom } from "./fuzz-random.ts";
import { atomsOf, bytesOf, commandText, cut } from "./fuzz-text.ts";

const maxLine = 400;
const inputsPerServer = 2_000;
const now = 1_800_000_000_000;

/** Lines come out as they went in, however they are cut; a line that gets too long is refused and takes no memory. */
export function checkFraming(random: FuzzRandom): void {
  const bytes = bytesOf(random, commandText(random));
  const buffer = new LineBuffer();
  const found: string[] = [];
  for (const piece of cut(random, bytes))
    for (const { bytes: part, ends } of splitLines(piece)) {
      const fits = buffer.add(part, maxLine, ends);
      assert.ok(buffer.size <= Math.max(maxLine, 1_024), "the buffer is bounded");
      if (!fits) return;
      if (ends) found.push(buffer.take());
    }
  const expected = bytes.toString("latin1").split("\n").slice(0, -1);
  assert.deepEqual(
    found,
    expected.map((line) => Buffer.from(line, "latin1").toString("utf8")),
  );
}

/** Metadata segments are read to their end or refused, in either order of a server's liking. */
export function checkSegments(random: FuzzRandom): void {
  const text = atomsOf(random, "command");
  const reader = new SegmentReader(text, random.pick(["any", "times-first"] as const));
  const change: MetadataChange = {};
  try {
    for (let rest = reader.rest; reader.metadata(change); rest = reader.rest)
      assert.ok(reader.rest.length < rest.length, "each step takes something");
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    return;
  }
  assert.ok(text.endsWith(reader.rest));
}

/** A socket whose other end is the fuzzer. */
class FuzzSocket extends EventEmitter {
  readonly written: string[] = [];
  writable = true;
  readonly writableLength = 0;
  readonly writableNeedDrain = false;
  readonly authorized = false;
  setNoDelay = () => this;
  setKeepAlive = () => this;
  pause = () => this;
  resume = () => this;
  getPeerX509Certificate = () => undefined;

  write(text: string): boolean {
    this.written.push(text);
    return true;
  }

  end(text?: string): this {
    if (text !== undefined) this.written.push(text);
    return this.destroy();
  }

  destroy(): this {
    if (!this.writable) return this;
    this.writable = false;
    this.emit("close");
    return this;
  }
}

/** Whole commands given to an atServer with its data in memory. */
export class FuzzServer {
  #store: AtStore | undefined;
  #server: AtServer | undefined;
  #inputs = 0;
  readonly #folder = mkdtempSync(path.join(tmpdir(), "fuzz-"));

  /** Every command is answered by one write, nothing fails unexpectedly, and an ordinary client is served after it. */
  async check(random: FuzzRandom): Promise<void> {
    const server = this.#fresh();
    const { socket, connection } = connect(server);
    connection.identity = random.pick([
      { kind: "owner" },
      { kind: "owner" },
      { kind: "none" },
      { kind: "pol", atSign: "@bob" },
      { kind: "owner", enrollment: { id: "e", namespaces: { app: "rw" } } },
    ] as const);
    const bytes = bytesOf(random, withoutWaits(commandText(random)));
    for (const piece of cut(random, Buffer.concat([bytes, Buffer.from("\n")]))) socket.emit("data", piece);
    await settled(socket, connection);
    for (const text of socket.written) {
      assert.doesNotMatch(text, /AT0011-(?:Internal error|Internal server exception : Internal error)/);
      assert.match(text, /^[^\n]*(?:\n(?:@|@[^\n@]+@)?)?$/, "a reply is one line and a prompt");
    }
    socket.destroy();
    const other = connect(server);
    other.connection.identity = { kind: "owner" };
    other.socket.emit("data", Buffer.from("llookup:none@alice\n"));
    await settled(other.socket, other.connection);
    assert.match(other.socket.written.at(-1) ?? "", /^error:AT0015-/);
    other.socket.destroy();
    assert.equal(server.monitors.size, 0, "a monitor ends with its connection");
  }

  close(): void {
    this.#store?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Servers are replaced now and then: what a few thousand commands store is not what is looked for here. */
  #fresh(): AtServer {
    if (this.#server === undefined || ++this.#inputs % inputsPerServer === 0) {
      this.#store?.close();
      this.#store = new AtStore(path.join(this.#folder, `${this.#inputs}.db`));
      this.#server = makeServer(this.#store);
    }
    return this.#server;
  }
}

function connect(server: AtServer): { socket: FuzzSocket; connection: ServerConnection } {
  const socket = new FuzzSocket();
  const connection = new ServerConnection(socket as unknown as TLSSocket, server, commandHandler(server));
  socket.written.length = 0;
  return { socket, connection };
}

/** Until everything sent was answered: a last command is answered last. */
async function settled(socket: FuzzSocket, connection: ServerConnection): Promise<void> {
  connection.hasPrompt = true;
  socket.emit("data", Buffer.from("@exit\n"));
  for (let turns = 0; socket.writable; turns++) {
    assert.ok(turns < 10_000, "the server does not finish");
    await turn();
  }
}

/** `noop` and the like would only make the fuzzer wait. */
function withoutWaits(text: string): string {
  return text.replaceAll(/noop\s*:\s*[^0\n]+/gi, "noop:0");
}

function makeServer(store: AtStore): AtServer {
  const peers = new Map<string, AtServer>();
  const unreachable = () => Promise.reject(new ServerError("AT0007", "no network"));
  const options = {
    store,
    clock: () => now,
    delay: () => Promise.resolve(),
    peers,
    behaviour: defaultBehaviour,
    limits: { ...defaultLimits, guestBurst: Number.MAX_SAFE_INTEGER },
    federation: () => ({
      hostOf: () => Promise.resolve(undefined),
      publicKeyWritten: () => undefined,
      outbound: {
        size: 0,
        request: unreachable,
        closeIdle: () => undefined,
        close: () => Promise.resolve(),
      },
      sender: { start: () => undefined, enqueue: () => undefined, close: () => undefined },
      signingKeys: {
        isReady: true,
        ready: () => Promise.resolve(),
        sign: () => Promise.resolve("AA=="),
      },
    }),
  };
  for (const atSign of ["@alice", "@bob"]) {
    store.commits.addAtSign(atSign);
    peers.set(atSign, new AtServer(atSign, options));
  }
  return peers.get("@alice") as AtServer;
}
