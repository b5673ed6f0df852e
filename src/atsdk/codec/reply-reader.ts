import { AtError, type AtErrorCode } from "../at-error.ts";

/** One complete line of an atServer, without its prompt. */
export type AtFrame =
  | { readonly kind: "data"; readonly payload: string }
  | { readonly kind: "error"; readonly code: AtErrorCode; readonly message: string }
  | { readonly kind: "notification"; readonly payload: string };

const maxLineBytes = 10_240_000;
const keptBytes = 65_536; // of the buffer between long lines
const newline = 0x0a;
const empty = Buffer.alloc(0);

/**
 * Turns the byte stream of an atServer into frames, however the bytes are split.
 * Prompts have no terminator and so prefix the next line; they are removed. Lines that are no reply are ignored.
 * It holds one unfinished line, in a buffer at most twice as long: single bytes cost no more than large chunks.
 */
export class ReplyReader {
  #line = empty;
  #size = 0;

  /** Takes the next bytes and returns the frames they complete. Throws `bad-reply` on a line over 10,240,000 bytes. */
  push(chunk: Buffer): AtFrame[] {
    const frames: AtFrame[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(newline, start);
      if (end < 0) break;
      const frame = parseLine(this.#complete(chunk, start, end));
      if (frame) frames.push(frame);
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk, start, chunk.length);
    return frames;
  }

  /** The line that ends at `end`, without copying its bytes when they came in one chunk. */
  #complete(chunk: Buffer, start: number, end: number): string {
    let line: string;
    if (this.#size === 0) {
      checkSize(end - start);
      line = chunk.toString("utf8", start, end);
    } else {
      this.#keep(chunk, start, end);
      line = this.#line.toString("utf8", 0, this.#size);
      this.#size = 0;
      if (this.#line.length > keptBytes) this.#line = empty;
    }
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const size = this.#size + end - start;
    checkSize(size);
    if (size > this.#line.length) {
      const longer = Buffer.allocUnsafe(Math.max(size, Math.min(2 * size, maxLineBytes)));
      this.#line.copy(longer, 0, 0, this.#size);
      this.#line = longer;
    }
    chunk.copy(this.#line, this.#size, start, end);
    this.#size = size;
  }
}

function checkSize(bytes: number): void {
  if (bytes > maxLineBytes)
    throw new AtError("bad-reply", `The server sent a line of more than ${maxLineBytes} bytes.`);
}

function parseLine(line: string): AtFrame | undefined {
  const colon = line.indexOf(":");
  if (colon < 0) return undefined;
  const text = line.startsWith("@") ? line.slice(line.lastIndexOf("@", colon) + 1) : line;
  if (text.startsWith("data:")) return { kind: "data", payload: text.slice(5) };
  if (text.startsWith("error:")) return { kind: "error", ...parseError(text.slice(6)) };
  if (text.startsWith("notification:")) return { kind: "notification", payload: text.slice(13).trim() };
  return undefined;
}

/** Reads the three forms of an error: `AT0015-text`, `AT0025:text` and JSON. */
function parseError(text: string): { code: AtErrorCode; message: string } {
  if (text.startsWith("{")) {
    try {
      const { errorCode, errorDescription } = JSON.parse(text) as Record<string, unknown>;
      if (typeof errorCode === "string" && isServerCode(errorCode))
        return { code: errorCode, message: typeof errorDescription === "string" ? errorDescription : "" };
    } catch {
      // not JSON after all: reported below as it came
    }
  }
  const code = text.slice(0, 6);
  return isServerCode(code)
    ? { code, message: text.slice(7) }
    : { code: "bad-reply", message: `The server answered an error without a code: ${text.slice(0, 200)}` };
}

function isServerCode(code: string): code is `AT${number}` {
  return /^AT\d{4}$/.test(code);
}
