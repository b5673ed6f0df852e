import { AtError, toAtError } from "./at-error.ts";
import { checkLine } from "./codec/commands.ts";
import { type AtFrame, ReplyReader } from "./codec/reply-reader.ts";
import type { ByteStream, ConnectOptions, Transport } from "./transport.ts";

interface Pending {
  readonly line: string;
  readonly timeoutMs: number;
  resolve(payload: string): void;
  reject(error: AtError): void;
}

const maxWaiting = 10_000;
const maxWaitingUnits = 64_000_000; // UTF-16 units of the lines

/**
 * One connection to an atServer: commands are queued and sent one at a time, because replies carry no id.
 * A time-out closes it, since a late reply would answer the wrong command.
 */
export class AtConnection {
  readonly #stream: ByteStream;
  readonly #reader = new ReplyReader();
  readonly #queue: Pending[] = [];
  #waitingUnits = 0;
  #current: Pending | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closedWith: AtError | undefined;
  #onClose: (error: AtError) => void = () => {};
  /** Called for each notification frame with its JSON text. */
  onNotification: (json: string) => void = () => {};

  static async open(transport: Transport, options: ConnectOptions): Promise<AtConnection> {
    return new AtConnection(await transport(options));
  }

  private constructor(stream: ByteStream) {
    this.#stream = stream;
    stream.listen({
      data: (chunk) => this.#receive(chunk),
      closed: (cause) => this.#end(new AtError("closed", "The atServer closed the connection.", { cause })),
    });
  }

  get isClosed(): boolean {
    return this.#closedWith !== undefined;
  }

  /** Called once when the connection has ended, for whatever reason; at once when it has ended already. */
  set onClose(listener: (error: AtError) => void) {
    this.#onClose = listener;
    if (this.#closedWith) listener(this.#closedWith);
  }

  /**
   * Sends one command (without newline) and resolves with the text after `data:`. Server errors keep their code;
   * `busy` when too many commands wait already.
   */
  request(line: string, timeoutMs: number): Promise<string> {
    if (this.#closedWith) return Promise.reject(this.#closedWith);
    return new Promise((resolve, reject) => {
      checkLine(line);
      if (this.#queue.length >= maxWaiting || this.#waitingUnits + line.length > maxWaitingUnits)
        throw new AtError("busy", "Too many commands wait for the atServer.");
      this.#queue.push({ line, timeoutMs, resolve, reject });
      this.#waitingUnits += line.length;
      this.#sendNext();
    });
  }

  /** Sends a command that has no reply (`monitor`). */
  send(line: string): void {
    checkLine(line);
    if (!this.#closedWith) this.#stream.write(`${line}\n`);
  }

  /** Stops reading, so that a slow consumer slows the server down. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  close(): void {
    this.#end(new AtError("closed", "The connection was closed."));
  }

  #sendNext(): void {
    if (this.#current || this.#closedWith) return;
    const next = this.#queue.shift();
    if (!next) return;
    this.#waitingUnits -= next.line.length;
    this.#current = next;
    this.#stream.write(`${next.line}\n`);
    if (this.#current !== next) return; // answered, or the connection ended, meanwhile
    this.#timer = setTimeout(
      () => this.#end(new AtError("timeout", `No reply from the atServer within ${next.timeoutMs} ms.`)),
      next.timeoutMs,
    );
  }

  #receive(chunk: Buffer): void {
    let frames: AtFrame[];
    try {
      frames = this.#reader.push(chunk);
    } catch (error) {
      this.#end(toAtError(error, "bad-reply", "The atServer sent something unreadable."));
      return;
    }
    for (const frame of frames) {
      if (this.#closedWith) return;
      if (frame.kind === "notification") this.onNotification(frame.payload);
      else this.#complete(frame);
    }
  }

  #complete(frame: Exclude<AtFrame, { kind: "notification" }>): void {
    const current = this.#current;
    if (!current) {
      // Unasked-for: only the refusal of the connection itself (AT0012, AT0024) comes like this.
      if (frame.kind === "error") this.#end(new AtError(frame.code, frame.message));
      return;
    }
    clearTimeout(this.#timer);
    this.#current = undefined;
    if (frame.kind === "data") current.resolve(frame.payload);
    else current.reject(new AtError(frame.code, frame.message));
    this.#sendNext();
  }

  #end(error: AtError): void {
    if (this.#closedWith) return;
    this.#closedWith = error;
    clearTimeout(this.#timer);
    this.#stream.close();
    const open = this.#current ? [this.#current, ...this.#queue] : [...this.#queue];
    this.#current = undefined;
    this.#queue.length = 0;
    for (const pending of open) pending.reject(error);
    this.#onClose(error);
  }
}
