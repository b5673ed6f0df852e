import { isIP } from "node:net";
import { connect, type SecureContext, type TLSSocket } from "node:tls";
import { ServerError } from "../server-error.ts";

interface Pending {
  readonly command: string;
  readonly timeoutMs: number;
  /** Text that, as everything the peer has sent, is the whole answer. */
  readonly bareAnswer: string | undefined;
  /** May be sent while others like it are unanswered. */
  readonly pipelines: boolean;
  resolve(payload: string): void;
  reject(error: ServerError | PeerRefusal): void;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** The authority to trust, and the certificate to present. */
  readonly secureContext: SecureContext;
  readonly timeoutMs: number;
}

const newline = 0x0a;
const maxInFlight = 16;
const maxReplyBytes = 10_240_000;

/** What another server answered instead of data: its code and text as they came. */
export class PeerRefusal extends Error {
  override readonly name = "PeerRefusal";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A connection to another atSign's server: commands are queued and sent one at a time, or where both sides agree several
 * before the first is answered, which the peer does in order. A time-out ends it.
 */
export class OutboundConnection {
  readonly #socket: TLSSocket;
  readonly #queue: Pending[] = [];
  readonly #inFlight: Pending[] = [];
  /** True once the peer is known to take its commands line by line, whatever comes in one read. */
  canPipeline = false;
  #timer: NodeJS.Timeout | undefined;
  #parts: Buffer[] = [];
  #size = 0;
  #ended: ServerError | undefined;
  onClose: () => void = () => {};

  /** Connects. Throws ServerError AT0021. */
  static open(o: DialOptions): Promise<OutboundConnection> {
    const { promise, resolve, reject } = Promise.withResolvers<OutboundConnection>();
    const socket = connect({
      host: o.host,
      port: o.port,
      ...(isIP(o.host) ? {} : { servername: o.host }),
      secureContext: o.secureContext,
      minVersion: "TLSv1.2",
    });
    const fail = (reason: string) => {
      clearTimeout(timer);
      socket.destroy();
      reject(new ServerError("AT0021", `Unable to connect to ${o.host}:${o.port}: ${reason}`));
    };
    const timer = setTimeout(() => fail(`no answer within ${o.timeoutMs} ms`), o.timeoutMs);
    const onError = (error: Error) => fail(error.message);
    socket.setNoDelay(true);
    socket.once("error", onError);
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      socket.off("error", onError);
      resolve(new OutboundConnection(socket));
    });
    return promise;
  }

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("error", () => {}); // "close" follows
    socket.once("close", () =>
      this.#end(new ServerError("AT0021", "The other atServer closed the connection")),
    );
    socket.on("data", (chunk) => this.#receive(chunk));
  }

  get isClosed(): boolean {
    return this.#ended !== undefined;
  }

  /**
   * Sends a command and resolves with what follows `data:`. `bareAnswer` is an answer without `data:` and newline, as
   * `pol` has. Throws PeerRefusal for an error of the peer, ServerError AT0021 or AT0023 when there is no answer.
   */
  request(
    command: string,
    o: { timeoutMs: number; bareAnswer?: string; pipelines?: boolean },
  ): Promise<string> {
    if (this.#ended) return Promise.reject(this.#ended);
    const { timeoutMs, bareAnswer, pipelines = false } = o;
    return new Promise((resolve, reject) => {
      this.#queue.push({ command, timeoutMs, bareAnswer, pipelines, resolve, reject });
      this.#sendQueued();
    });
  }

  close(): void {
    this.#end(new ServerError("AT0021", "The connection to the other atServer was ended"));
  }

  #sendQueued(): void {
    while (!this.#ended) {
      const [next] = this.#queue;
      const isAlone = this.#inFlight.length === 0;
      const mayJoin =
        this.canPipeline &&
        next?.pipelines === true &&
        this.#inFlight.length < maxInFlight &&
        this.#inFlight.every((each) => each.pipelines);
      if (!next || !(isAlone || mayJoin)) return;
      this.#queue.shift();
      this.#inFlight.push(next);
      if (isAlone) {
        this.#parts = []; // the prompt of the last answer
        this.#size = 0;
        this.#startTimer();
      }
      this.#socket.write(`${next.command}\n`);
    }
  }

  /** Counts from now how long the peer may take for the first answer that is missing. */
  #startTimer(): void {
    clearTimeout(this.#timer);
    const [first] = this.#inFlight;
    if (!first) return;
    this.#timer = setTimeout(
      () =>
        this.#end(
          new ServerError("AT0023", `The other atServer gave no answer within ${first.timeoutMs} ms`),
        ),
      first.timeoutMs,
    );
  }

  #receive(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#size += chunk.length;
    if (this.#size > maxReplyBytes) {
      this.#end(new ServerError("AT0005", "The other atServer's answer is too long"));
      return;
    }
    const bareAnswer = this.#inFlight[0]?.bareAnswer;
    if (bareAnswer !== undefined && this.#size <= bareAnswer.length * 4 + 1) {
      // The greeting or a prompt may still stand before it.
      const text = Buffer.concat(this.#parts)
        .toString("utf8")
        .replace(/^@(?=@)/, "");
      if (text === bareAnswer) {
        this.#parts = [];
        this.#size = 0;
        this.#complete((pending) => pending.resolve(bareAnswer));
        return;
      }
    }
    if (chunk.includes(newline)) this.#readLines(Buffer.concat(this.#parts, this.#size));
  }

  /** Takes the whole lines off what was received; what follows the last is a prompt, or more. */
  #readLines(received: Buffer): void {
    let start = 0;
    for (let end = received.indexOf(newline); end >= 0; end = received.indexOf(newline, start)) {
      const line = received.toString("utf8", start, end).trimEnd();
      start = end + 1;
      this.#parts = [received.subarray(start)];
      this.#size = received.length - start;
      const colon = line.indexOf(":");
      const answer = line.startsWith("@") ? line.slice(line.lastIndexOf("@", colon) + 1) : line;
      this.#complete((pending) => {
        if (answer.startsWith("data:")) pending.resolve(answer.slice(5));
        else pending.reject(refusal(answer));
      });
      if (!answer.startsWith("data:") && !answer.startsWith("error:")) this.close();
      if (this.#ended) return;
    }
  }

  #complete(settle: (pending: Pending) => void): void {
    const first = this.#inFlight.shift();
    if (!first) return; // said without being asked
    this.#startTimer();
    settle(first);
    this.#sendQueued();
  }

  #end(error: ServerError): void {
    if (this.#ended) return;
    this.#ended = error;
    clearTimeout(this.#timer);
    this.#socket.destroy();
    const open = [...this.#inFlight, ...this.#queue];
    this.#inFlight.length = 0;
    this.#queue.length = 0;
    for (const pending of open) pending.reject(error);
    this.onClose();
  }
}

/** Reads `error:AT0015-text`, `error:AT0025:text` and errors as JSON. */
function refusal(answer: string): PeerRefusal {
  const [, code, text = ""] = /^error:(AT\d{4})[-:](.*)$/s.exec(answer) ?? [];
  if (code !== undefined) return new PeerRefusal(code, text);
  try {
    const { errorCode, errorDescription } = JSON.parse(answer.replace(/^error:/, "")) as Record<
      string,
      unknown
    >;
    if (typeof errorCode === "string") return new PeerRefusal(errorCode, String(errorDescription));
  } catch {
    // no JSON either
  }
  return new PeerRefusal("AT0011", `The other atServer answered ${JSON.stringify(answer.slice(0, 80))}`);
}
