import { randomInt, timingSafeEqual } from "node:crypto";
import type { EnrollmentHost } from "./enrollment-host.ts";
import { isVisible } from "./record.ts";
import type { ServerConnection } from "./server-connection.ts";

const alphabet = "ABCDEFGHIJKLMNPQRSTUVWXYZ123456789"; // no O and no 0, which look alike
const length = 6;
const oneTimeMs = 300_000;
const firstDelayMs = 1_000;
const maxDelayMs = 55_000;
const forgiveAfterMs = 60_000;
const maxPunished = 200;

/**
 * The passcodes that let somebody ask for an enrollment: one-time ones, and one semi-permanent one. Each wrong one is
 * answered later than the one before (1, 1, 2, 3, ... 55 s), over all connections of this server; while very many wait
 * for their answer, or would if they had not hung up, no passcode is looked at.
 */
export class Passcodes {
  readonly #server: EnrollmentHost;
  #delays: readonly [previous: number, next: number] = [0, firstDelayMs];
  #lastWrongAt = -Infinity;
  /** When the punishments end. */
  #punished: number[] = [];

  constructor(server: EnrollmentHost) {
    this.#server = server;
  }

  /** Makes a passcode that is good once. */
  create(ttl = oneTimeMs): string {
    let code: string;
    do code = Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
    while (!/\d/.test(code));
    this.#server.putRecord(this.#keyOf(code), "one-time", { ttl });
    return code;
  }

  /** Keeps the passcode that is good until it is replaced, or `ttl` has passed. */
  keep(code: string, ttl = 0): void {
    this.#server.putRecord(this.#keyOf("spp"), code, { ttl });
  }

  /** True when so many passcodes were wrong lately that somebody is guessing. */
  get isUnderAttack(): boolean {
    const now = this.#server.clock();
    this.#punished = this.#punished.filter((end) => end > now);
    return this.#punished.length >= maxPunished;
  }

  /** True when the passcode is good, which also forgives the wrong ones before it. */
  isGood(code: string | undefined): boolean {
    const isGood =
      code !== undefined && isPasscode(code) && (this.#value(code) !== undefined || this.#isKept(code));
    if (isGood) this.#delays = [0, firstDelayMs];
    return isGood;
  }

  /** Waits as long as the answer to a wrong passcode takes, or until the connection ends. */
  async punish(connection: ServerConnection): Promise<void> {
    const now = this.#server.clock();
    if (now - this.#lastWrongAt >= forgiveAfterMs) this.#delays = [0, firstDelayMs];
    this.#lastWrongAt = now;
    const [previous, next] = this.#delays;
    this.#delays = [next, Math.min(previous + next, maxDelayMs)];
    this.#punished.push(now + next);
    await this.#server.delay(next, connection.closed).catch(() => {});
  }

  /** Uses a one-time passcode up. */
  use(code: string): void {
    if (isPasscode(code)) this.#server.deleteRecord(this.#keyOf(code));
  }

  #isKept(code: string): boolean {
    const kept = Buffer.from(this.#value("spp")?.toLowerCase() ?? "");
    const given = Buffer.from(code.toLowerCase());
    return kept.length === given.length && timingSafeEqual(kept, given);
  }

  #value(name: string): string | undefined {
    const record = this.#server.record(this.#keyOf(name));
    return record && isVisible(record.metadata, this.#server.clock()) ? record.value : undefined;
  }

  #keyOf(name: string): string {
    return `private:${name.toLowerCase()}.__otp${this.#server.atSign}`;
  }
}

/** At least six letters and digits: so none has the name under which the semi-permanent one is kept. */
function isPasscode(code: string): boolean {
  return /^\w{6,100}$/.test(code);
}
