import { createContext, Script } from "node:vm";
import { ServerError, syntaxError } from "./server-error.ts";

const maxLength = 256;
const timeoutMs = 25;
const maxAlternatives = 8;
const test = new Script("names.map((name) => regex.test(name))");

/**
 * A filter made of a client's regular expression: unanchored, over key names of at most a few hundred characters.
 * Patterns that could backtrack for long run under a time limit, which ends in AT0022.
 */
export class ClientRegex {
  readonly #regex: RegExp;
  readonly #simple: boolean;

  constructor(source: string, flags: "" | "i" = "") {
    if (source.length > maxLength)
      throw new ServerError("AT0022", `A regular expression may have at most ${maxLength} characters`);
    try {
      this.#regex = new RegExp(source, flags);
    } catch {
      throw syntaxError(`Invalid regular expression. ${source} is not a valid regex`);
    }
    this.#simple = isSimple(source);
  }

  /** Those of `names` that match. Throws AT0022 when that takes too long. */
  filter(names: readonly string[]): string[] {
    if (this.#simple) return names.filter((name) => this.#regex.test(name));
    const context = createContext({ regex: this.#regex, names });
    try {
      const matches = test.runInContext(context, { timeout: timeoutMs }) as boolean[];
      return names.filter((_name, i) => matches[i]);
    } catch {
      throw new ServerError("AT0022", "The regular expression takes too long");
    }
  }
}

/**
 * Without groups and with one repetition at most, matching is at worst quadratic in a short name; with no repetition and
 * few alternatives, such as `(a|b)@`, there are few ways to match. A time limit would refuse these too on a busy
 * machine. `.*` at the ends, which many clients write, says nothing in a search.
 */
function isSimple(source: string): boolean {
  const unescaped = source
    .replaceAll(/\\./g, "")
    .replace(/^\^?\.\*/, "")
    .replace(/\.\*\$?$/, "");
  const repetitions = unescaped.match(/[*+?{]/g)?.length ?? 0;
  const alternatives = unescaped.match(/\|/g)?.length ?? 0;
  return (
    (/[(|]/.test(unescaped) ? repetitions === 0 && alternatives <= maxAlternatives : repetitions <= 1) &&
    !/\\[1-9k]/.test(source)
  );
}
