import { randomUUID, type X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import type { Enrollment, Identity } from "./identity.ts";
import { ServerError } from "./server-error.ts";

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

const newline = 0x0a;
const maxCommandBytes = 10_240_000;
const maxBytesBeforeLogin = 8_192;
const maxUnsentBytes = 32_000_000;
const loginIdleMs = 600_000;

/** One inbound connection: commands framed by line and answered strictly in order, each reply in a single write. */
export class ServerConnection {
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
  readonly #socket: TLSSocket;
  readonly #atSign: string;
  readonly #handle: CommandHandler;
  readonly #lines: string[] = [];
  #parts: Buffer[] = [];
  #size = 0;
  #busy = false;

  constructor(socket: TLSSocket, atSign: string, handle: CommandHandler) {
    this.#socket = socket;
    this.#atSign = atSign;
    this.#handle = handle;
    socket.setNoDelay(true);
    socket.setTimeout(loginIdleMs, () => {
      if (this.identity.kind === "none") socket.destroy();
    });
    socket.on("error", () => {}); // "close" follows
    socket.once("close", () => this.onClose());
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.write("@");
  }

  /** True for the atSign itself, whichever way it logged in. */
  get isOwner(): boolean {
    return this.identity.kind === "cram" || this.identity.kind === "owner";
  }

  /** The enrollment that limits what this connection may do; undefined when nothing does. */
  get enrollment(): Enrollment | undefined {
    return this.identity.kind === "owner" ? this.identity.enrollment : undefined;
  }

  /** The certificate the client presented. */
  get clientCertificate(): "none" | "untrusted" | X509Certificate {
    const certificate = this.#socket.getPeerX509Certificate();
    if (!certificate) return "none";
    return this.#socket.authorized ? certificate : "untrusted";
  }

  /** Writes text that is no reply in the usual form. */
  write(text: string): void {
    this.#socket.write(text);
  }

  /** Writes a line to a monitor; a client that does not read is cut off and finds everything again by its resume point. */
  push(line: string): void {
    if (this.#socket.writableLength > maxUnsentBytes) this.#socket.destroy();
    else this.#socket.write(line);
  }

  /** Resolves when most of what was pushed has been sent; false when the connection is gone. */
  async drained(): Promise<boolean> {
    while (this.#socket.writable && this.#socket.writableNeedDrain) {
      await Promise.race([once(this.#socket, "drain"), once(this.#socket, "close")]).catch(() => {});
    }
    return this.#socket.writable;
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    let start = 0;
    let seenCommand = false;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      if (!this.#keep(chunk.subarray(start, end))) return;
      start = end + 1;
      const line = Buffer.concat(this.#parts, this.#size).toString("utf8").trim();
      this.#parts = [];
      this.#size = 0;
      // Some clients end a command with two newlines; a lone empty line is a probe that wants an answer.
      if (line !== "" || !seenCommand) this.#lines.push(line);
      seenCommand ||= line !== "";
    }
    if (!this.#keep(chunk.subarray(start))) return;
    if (this.#busy) this.#socket.pause();
    else void this.#work();
  }

  /** Keeps part of a line; false when the line has become too long and the connection ends. */
  #keep(bytes: Buffer): boolean {
    this.#size += bytes.length;
    this.#parts.push(bytes);
    if (this.#size <= (this.identity.kind === "none" ? maxBytesBeforeLogin : maxCommandBytes)) return true;
    this.#parts = [];
    this.#socket.end(`error:${new ServerError("AT0005", "Buffer limit exceeded").format(this)}\n`);
    this.#socket.removeAllListeners("data").resume();
    return false;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (
      let line = this.#lines.shift();
      line !== undefined && this.#socket.writable;
      line = this.#lines.shift()
    ) {
      if (line === "@exit") this.#socket.destroy();
      else await this.#answer(line);
    }
    this.#busy = false;
    this.#socket.resume();
  }

  async #answer(command: string): Promise<void> {
    try {
      const payload = await this.#handle(this, command);
      if (payload !== undefined) this.#reply(`data:${payload}`, this.#prompt());
    } catch (error) {
      if (error instanceof ServerError) {
        this.#reply(`error:${error.format(this)}`, this.#errorPrompt());
        if (error.closes) this.#socket.end();
        return;
      }
      // The text of an unexpected failure stays here; the client learns that there was one.
      this.#reply(`error:${new ServerError("AT0011", "Internal error").format(this)}`, this.#errorPrompt());
      this.#socket.end();
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }

  #reply(text: string, prompt: string): void {
    this.#socket.write(`${text}\n${this.hasPrompt ? prompt : ""}`);
  }

  #prompt(): string {
    return this.identity.kind === "pol" ? `${this.identity.atSign}@` : this.#errorPrompt();
  }

  /** Another server is told of errors as a guest is. */
  #errorPrompt(): string {
    return this.isOwner ? `${this.#atSign}@` : "@";
  }
}
