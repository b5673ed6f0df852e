import { AtError } from "./at-error.ts";
import { toAtSign } from "./at-sign.ts";
import { lookUpCommand } from "./codec/commands.ts";
import { readObject } from "./codec/replies.ts";
import type { LookUpOptions } from "./directory.ts";
import { defaultTimeoutMs, withConnection } from "./with-connection.ts";

export interface RegistrarOptions {
  /** The constant value of the `Authorization` header that the registrar expects of all clients. */
  readonly authorization: string;
  /** Default: Atsign's registrar. Must be https, but for a loopback address. */
  readonly baseUrl?: string;
  /** Default: the global one, which checks certificates. */
  readonly fetch?: typeof fetch;
  readonly timeoutMs?: number;
}

/** What confirming a registration came to: the secret for `activate`, or the atSigns that the e-mail address has already. */
export type Registration =
  | { readonly status: "registered"; readonly atSign: string; readonly cramSecret: string }
  | {
      readonly status: "has-others";
      readonly atSign: string | undefined;
      readonly others: readonly string[];
    };

const publicRegistrar = "https://my.atsign.com/api/app/v3/";
const mostAnswerUnits = 65_536;

/**
 * The registrar's HTTP interface, as its public clients use it (specification 8.1); not proven against the real one.
 * Throws `registrar-refused` with its words, `connect-failed` (retryable), `timeout`, `bad-reply`.
 */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #base: URL;

  constructor(options: RegistrarOptions) {
    const { baseUrl = publicRegistrar } = options;
    const base = URL.canParse(baseUrl) ? new URL(baseUrl.endsWith("/") ? baseUrl : `${baseUrl}/`) : undefined;
    if (base?.protocol !== "https:" && !(base?.protocol === "http:" && isLoopback(base.hostname)))
      throw new AtError("invalid-value", "The registrar's baseUrl must be an https address.");
    this.#options = options;
    this.#base = base;
  }

  /** Suggests an atSign that is free. */
  async suggestAtSign(): Promise<string> {
    const { data } = await this.#call("get-free-atsign");
    return readAtSign(isObject(data) ? (data["atsign"] ?? data["atSign"]) : undefined);
  }

  /** Reserves an atSign for an e-mail address, to which a code is sent. */
  async register(atSign: string, email: string): Promise<void> {
    const answer = await this.#call("register-person", { atsign: bareName(atSign), email });
    expectWords(answer, "success");
  }

  /** Confirms with the code. After `has-others` call again with `confirm`, to register a further atSign. */
  async confirm(o: {
    readonly atSign: string;
    readonly email: string;
    readonly code: string;
    readonly confirm?: boolean;
  }): Promise<Registration> {
    const { atSign, email, code, confirm = false } = o;
    const answer = await this.#call("validate-person", {
      atsign: bareName(atSign),
      email,
      otp: code,
      confirmation: String(confirm),
    });
    const { data, cramkey } = answer;
    if (cramkey !== undefined) return { status: "registered", ...readSecret(cramkey) };
    if (isObject(data) && Array.isArray(data["atsign"])) {
      const { newAtsign } = data;
      return {
        status: "has-others",
        atSign: newAtsign === undefined ? undefined : readAtSign(newAtsign),
        others: data["atsign"].map(readAtSign),
      };
    }
    throw refused(answer);
  }

  /** Has a code sent to the owner of an atSign that is registered, but not activated. */
  async requestCode(atSign: string): Promise<void> {
    expectWords(await this.#call("authenticate/atsign", { atsign: bareName(atSign) }), "sent successfully");
  }

  /** Exchanges that code for the secret that `activate` needs. */
  async cramSecret(atSign: string, code: string): Promise<string> {
    const answer = await this.#call("authenticate/atsign/activate", { atsign: bareName(atSign), otp: code });
    if (answer["cramkey"] === undefined) throw refused(answer);
    return readSecret(answer["cramkey"]).cramSecret;
  }

  async #call(path: string, body?: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
    const { authorization, fetch: send = fetch, timeoutMs = 30_000 } = this.#options;
    let text: string;
    try {
      const response = await send(new URL(path, this.#base), {
        method: body === undefined ? "GET" : "POST",
        headers: { authorization, "content-type": "application/json" },
        redirect: "error", // codes and secrets go nowhere else
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await readText(response);
      if (!response.ok) throw refused({ message: `${messageIn(text)} (HTTP ${response.status})` });
    } catch (error) {
      if (error instanceof AtError) throw error;
      const isLate = error instanceof Error && error.name === "TimeoutError";
      throw new AtError(
        isLate ? "timeout" : "connect-failed",
        isLate ? `No answer from the registrar within ${timeoutMs} ms.` : "The registrar cannot be reached.",
        { cause: error },
      );
    }
    return readObject(text);
  }
}

/** How far an atSign has come: unknown to the atDirectory, without keys yet, or in use. */
export type AtSignState = "not-in-directory" | "not-activated" | "activated";

/** Asks for the state of an atSign. After a registration its atServer takes up to minutes to appear: ask again. */
export async function atSignState(atSign: string, options: LookUpOptions): Promise<AtSignState> {
  const name = toAtSign(atSign);
  try {
    const line = lookUpCommand("lookup", `publickey${name}`, { bypassCache: false });
    const key = await withConnection(name, options, (connection) =>
      connection.request(line, options.timeoutMs ?? defaultTimeoutMs),
    );
    return key === "null" ? "not-activated" : "activated";
  } catch (error) {
    if (error instanceof AtError && error.code === "not-in-directory") return "not-in-directory";
    if (error instanceof AtError && error.code === "AT0015") return "not-activated";
    throw error;
  }
}

async function readText(response: Response): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > mostAnswerUnits) throw new AtError("bad-reply", "The registrar's answer is too long.");
  }
  return text + decoder.decode();
}

function bareName(atSign: string): string {
  return toAtSign(atSign).slice(1);
}

function readAtSign(value: unknown): string {
  if (typeof value !== "string") throw new AtError("bad-reply", "The registrar named no atSign.");
  return toAtSign(value);
}

/** `@alice:<secret>`. */
function readSecret(cramkey: unknown): { atSign: string; cramSecret: string } {
  const match = /^(@?[^:]+):(\S+)$/.exec(typeof cramkey === "string" ? cramkey : "");
  if (!match?.[1] || !match[2]) throw new AtError("bad-reply", "The registrar's cramkey has another form.");
  return { atSign: toAtSign(match[1]), cramSecret: match[2] };
}

function expectWords(answer: Record<string, unknown>, words: string): void {
  const { message } = answer;
  if (typeof message !== "string" || !message.toLowerCase().includes(words)) throw refused(answer);
}

function refused({ message }: { readonly message?: unknown }): AtError {
  const words = typeof message === "string" ? message.slice(0, 300).replaceAll(/\p{Cc}/gu, " ") : "no reason";
  return new AtError("registrar-refused", `The registrar refused: ${words}`);
}

function messageIn(text: string): string {
  try {
    const { message } = readObject(text);
    return typeof message === "string" ? message : "no reason";
  } catch {
    return "no reason";
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "127.0.0.1" || host === "[::1]";
}
