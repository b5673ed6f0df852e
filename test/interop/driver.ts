import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const answerMs = 300_000; // starting a Java client, on a busy machine
const keptLog = 4_000;

/** A program around another client, asked one thing at a time. */
export class Driver {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #log = "";

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    const child = spawn(command, [...args], { env: { ...process.env, ...env }, stdio: "pipe" });
    const keep = (text: string) => (this.#log = `${this.#log}${text}`.slice(-keptLog));
    child.stderr.setEncoding("utf8").on("data", keep);
    child.on("error", (error) => keep(error.message));
    this.#child = child;
    this.#answers = answersOf(createInterface({ input: child.stdout }), keep);
  }

  /** The answer to a command. Throws what the client said when it failed. */
  async ask(...words: readonly string[]): Promise<string> {
    this.#child.stdin?.write(`${words.join("\t")}\n`);
    const what = words.slice(0, 3).join(" ");
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(this.#failure(`${what}: no answer`)), answerMs);
    const answer = await Promise.race([this.#answers.next(), late.promise]).finally(() =>
      clearTimeout(timer),
    );
    if (answer.done === true) throw this.#failure(`${what}: the client ended`);
    const [kind, text = ""] = answer.value.split("\t");
    assert.equal(kind, "=ok", `${what}: ${text}`);
    return text;
  }

  async end(): Promise<void> {
    const { exitCode, signalCode, pid } = this.#child;
    if (exitCode !== null || signalCode !== null || pid === undefined) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  #failure(text: string): Error {
    return new Error(`${text}\n${this.#log}`);
  }
}

/** Clients write what they like to the standard output; answers are marked. */
async function* answersOf(
  lines: AsyncIterable<string>,
  other: (text: string) => void,
): AsyncGenerator<string> {
  for await (const line of lines) {
    if (line.startsWith("=")) yield line;
    else other(`${line}\n`);
  }
}
