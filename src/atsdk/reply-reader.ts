import { AtError, type AtErrorCode } from "./at-error.ts";

/** One complete line of an atServer, without its prompt. */
export type AtFrame =
  | { readonly kind: "data"; readonly payload: string }
  | { readonly kind: "error"; readonly code: AtErrorCode; readonly message: string }
  | { readonly kind: "notification"; readonly payload: string };

const maxLineBytes = 10_240_000;
const newline = 0x0a;

/**
 * Turns the byte stream of an atServer into frames, however the bytes are split.
 * Prompts have no terminator and so prefix the next line; they are removed. Lines that are no reply are ignored.
 */
export class ReplyReader {
  #parts: Buffer[] = [];
  #size = 0;

  /** Takes the next bytes and returns the frames they complete. Throws `bad-reply` on a line over 10,240,000 bytes. */
  push(chunk: Buffer): AtFrame[] {
    const frames: AtFrame[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(newline, start);
      if (end < 0) break;
      this.#keep(chunk.subarray(start, end));
      const frame = parseLine(this.#takeLine());
      if (frame) frames.push(frame);
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return frames;
  }

  #keep(bytes: Buffer): void {
    this.#size += bytes.length;
    if (this.#size > maxLineBytes)
      throw new AtError("bad-reply", `The server sent a line of more than ${maxLineBytes} bytes.`);
    this.#parts.push(bytes);
  }

  #takeLine(): string {
    const line = Buffer.concat(this.#parts, this.#size).toString("utf8");
    this.#parts = [];
    this.#size = 0;
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }
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
