import { randomUUID, type X509Certificate } from "node:crypto";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { CommitError } from "./at-database.ts";
import type { Enrollment, Identity } from "./identity.ts";
import type { Inbound, InboundConnections } from "./inbound-connections.ts";
import type { Limits } from "./limits.ts";
import { LineBuffer, splitLines } from "./line-buffer.ts";
import { ServerError, type ServerErrorCode, syntaxError } from "./server-error.ts";

/** Answers one command line: the payload after `data:`, or undefined for verbs without a reply. Throws ServerError. */
export type CommandHandler = (
  connection: ServerConnection,
  command: string,
) => string | undefined | Promise<string | undefined>;

export interface PeerChallenge {
  readonly atSign: string;
  readonly uuid: string;
  readonly expiresAt: number;
}

/** What a connection needs to know of its server. */
export interface ConnectionHost {
  readonly atSign: string;
  readonly clock: () => number;
  readonly limits: Limits;
  readonly connections: InboundConnections;
  /** Told of what may be an attack; `peer`: whose connection it was, null for a guest. */
  refused(refusal: { readonly peer: string | null; readonly code: string }): void;
}

/** How long a client that was refused may take to read why. */
const farewellMs = 1_000;
const keepAliveMs = 60_000;
/** From here on it matters who else leaves something unread. */
const muchBytes = 65_536;

/** One inbound connection: commands framed by line and answered strictly in order, each reply in a single write. */
export class ServerConnection implements Inbound {
  /** Names this connection in challenges. */
  readonly sessionId = `_${randomUUID()}`;
  /** Who has logged in, and how. */
  identity: Identity = { kind: "none" };
  /** Set once `monitor` was given. */
  isMonitor = false;
  /** Set on monitors whose replies carry no prompt, which would glue to the next frame. */
  hasPrompt = true;
  /** Set when the client announced a version that reads errors as JSON. */
  jsonErrors = false;
  /** The challenge of the last `from:`, good for one attempt. */
  challenge: { readonly text: string; readonly expiresAt: number } | undefined;
  /** What another atSign's server must sign, after its `from:`; good for one attempt. */
  peerChallenge: PeerChallenge | undefined;
  onClose: () => void = () => {};
  readonly since: number;
  lastWrite: number;
  readonly #closed = new AbortController();
  readonly #socket: TLSSocket;
  readonly #host: ConnectionHost;
  readonly #handle: CommandHandler;
  readonly #lines: string[] = [];
  readonly #line = new LineBuffer();
  #busy = false;
  /** Commands that a guest may give at once, and when that was counted. */
  #allowance: number;
  #allowanceAt: number;

  constructor(socket: TLSSocket, host: ConnectionHost, handle: CommandHandler) {
    this.#socket = socket;
    this.#host = host;
    this.#handle = handle;
    this.since = this.lastWrite = this.#allowanceAt = host.clock();
    this.#allowance = host.limits.guestBurst;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs); // finds out about peers that vanished
    socket.on("error", () => {}); // "close" follows
    if (!host.connections.add(this, this.since)) {
      this.#refuse("AT0012", "AT0012-Inbound connection limit exceeded");
      return;
    }
    socket.once("close", () => {
      host.connections.delete(this);
      host.connections.buffer(-this.#line.size);
      this.onClose();
      this.#closed.abort();
    });
    socket.on("data", (chunk) => this.#receive(chunk));
    this.write("@");
  }

  /** True for the atSign itself, whichever way it logged in. */
  get isOwner(): boolean {
    return this.identity.kind === "cram" || this.identity.kind === "owner";
  }

  get isGuest(): boolean {
    return this.identity.kind === "none";
  }

  /** The enrollment that limits what this connection may do; undefined when nothing does. */
  get enrollment(): Enrollment | undefined {
    return this.identity.kind === "owner" ? this.identity.enrollment : undefined;
  }

  /** Aborts when the connection has ended. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** The certificate the client presented. */
  get clientCertificate(): "none" | "untrusted" | X509Certificate {
    const certificate = this.#socket.getPeerX509Certificate();
    if (!certificate) return "none";
    return this.#socket.authorized ? certificate : "untrusted";
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** Writes text that is no reply in the usual form. */
  write(text: string): void {
    this.lastWrite = this.#host.clock();
    if (Math.max(text.length, this.unsent) > muchBytes) this.#host.connections.makeRoom(text.length);
    this.#socket.write(text);
  }

  /**
   * Writes a line to a monitor; a client that does not read is cut off and finds everything again by its resume point.
   */
  push(line: string): void {
    if (this.unsent > this.#host.limits.maxUnsentBytes) this.#socket.destroy();
    else {
      this.#gather();
      this.write(line);
    }
  }

  /** Sends at once what was pushed. */
  flush(): void {
    this.#socket.uncork();
  }

  /** Sends what is written in one piece of work as one record: most of the cost is per record. */
  #gather(): void {
    if (this.#socket.writableCorked > 0) return;
    this.#socket.cork();
    process.nextTick(() => this.#socket.uncork());
  }

  /** Resolves when most of what was pushed has been sent; false when the connection is gone. */
  async drained(): Promise<boolean> {
    while (this.#socket.writable && this.#socket.writableNeedDrain) {
      await once(this.#socket, "drain", { signal: this.closed }).catch(() => {}); // closed
    }
    return this.#socket.writable;
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    let seenLine = false;
    for (const { bytes, ends } of splitLines(chunk)) {
      if (!this.#keep(bytes, ends)) {
        this.#refuse("AT0005", new ServerError("AT0005", "Buffer limit exceeded").format(this));
        return;
      }
      if (this.#line.hasLongVerb) {
        this.#refuse("AT0003", syntaxError("invalid command").format(this));
        return;
      }
      if (!ends) break;
      const line = this.#takeLine();
      // Some clients end a command with two newlines; a lone empty line is a probe that wants an answer.
      if (line !== "" || !seenLine) this.#lines.push(line);
      seenLine = true;
    }
    if (this.#busy) this.#socket.pause();
    else void this.#work();
  }

  /** Keeps part of a line; false when it gets too long, or all connections together keep too much. */
  #keep(bytes: Buffer, ends: boolean): boolean {
    const { limits, connections } = this.#host;
    const before = this.#line.size;
    const max = this.isGuest ? limits.maxGuestCommandBytes : limits.maxCommandBytes;
    const fits = this.#line.add(bytes, max, ends);
    return connections.buffer(this.#line.size - before) && fits;
  }

  #takeLine(): string {
    const { size } = this.#line;
    const line = this.#line.take().trim();
    this.#host.connections.buffer(-size);
    return line;
  }

  /** Says why, listens no more and ends. */
  #refuse(code: ServerErrorCode, error: string): void {
    const socket = this.#socket;
    this.#tell(code);
    this.#host.connections.buffer(-this.#line.size);
    this.#line.clear();
    this.#lines.length = 0;
    socket.removeAllListeners("data").resume();
    socket.end(`error:${error}\n`);
    setTimeout(() => socket.destroy(), farewellMs).unref();
  }

  #tell(code: ServerErrorCode): void {
    const { identity } = this;
    const peer =
      identity.kind === "none" ? null : identity.kind === "pol" ? identity.atSign : this.#host.atSign;
    this.#host.refused({ peer, code });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (
      let line = this.#lines.shift();
      line !== undefined && this.#socket.writable;
      line = this.#lines.shift()
    ) {
      if (this.isGuest) await this.#takeTurn();
      if (line === "@exit") this.#socket.destroy();
      else await this.#answer(line);
      await this.drained(); // who does not read its replies gets no more
    }
    this.#busy = false;
    this.#socket.resume();
  }

  /** Lets a guest that asks without pause wait, so that others have their turn. */
  async #takeTurn(): Promise<void> {
    const { clock, limits } = this.#host;
    const now = clock();
    const earned = ((now - this.#allowanceAt) / 1000) * limits.guestCommandsPerSecond;
    this.#allowance = Math.min(limits.guestBurst, this.#allowance + Math.max(0, earned));
    this.#allowanceAt = now;
    if (this.#allowance >= 1) this.#allowance--;
    else await delay(1000 / limits.guestCommandsPerSecond, undefined, { ref: false });
  }

  async #answer(command: string): Promise<void> {
    try {
      const payload = await this.#handle(this, command);
      // A value that came with newlines must not look like more than one line.
      if (payload !== undefined) this.#reply(`data:${payload.replaceAll("\n", "~NL~")}`, this.#prompt());
    } catch (error) {
      if (error instanceof ServerError) {
        this.#reply(`error:${error.format(this)}`, this.#errorPrompt());
        if (error.isEvident) this.#tell(error.code);
        if (error.closes) this.#socket.end();
        return;
      }
      process.emitWarning(error instanceof Error ? error : String(error));
      // A receiver may have it although it is not kept. No answer lets the client repeat it; a refusal would be untrue.
      if (error instanceof CommitError) {
        this.#socket.destroy();
        return;
      }
      // The text of an unexpected failure stays here; the client learns that there was one.
      this.#reply(`error:${new ServerError("AT0011", "Internal error").format(this)}`, this.#errorPrompt());
      this.#socket.end();
    }
  }

  #reply(text: string, prompt: string): void {
    this.write(`${text}\n${this.hasPrompt ? prompt : ""}`);
  }

  #prompt(): string {
    return this.identity.kind === "pol" ? `${this.identity.atSign}@` : this.#errorPrompt();
  }

  /** Another server is told of errors as a guest is. */
  #errorPrompt(): string {
    return this.isOwner ? `${this.#host.atSign}@` : "@";
  }
}
