import { setTimeout as pause } from "node:timers/promises";
import path from "node:path";
import companyConfig from "../../countersign.config.ts";
import { readSettings } from "../../src/config.ts";
import type { Json } from "../../src/domain.ts";
import type { MessageSubject, ReceivedEnvelope } from "../../src/link-types.ts";
import { type Identity, openIdentity } from "../../src/processes/identity.ts";
import { signAs, type Statement } from "../../src/trust/sign-statement.ts";
import { MemoryValues } from "../fakes/memory-values.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import type { Ready, TestSystem } from "./system.ts";

const patience = 20_000;

/** What an attack was answered with. */
interface Answer {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
  readonly output: Json;
}

/**
 * An attacker who took over a participant's engine: its atSign, its envelope keys and its connection are his, and he
 * sends what he likes to whom he likes. The bot's evidence key is not: that one lies with whoever receives clicks.
 */
export class HostileEngine {
  readonly #identity: Identity;
  readonly #received: ReceivedEnvelope[] = [];
  readonly #stop: AbortController;
  /** Far from the attempts of the real engine, whose requests must still be answered afterwards. */
  #attempt = 1_000;

  private constructor(identity: Identity, stop: AbortController) {
    this.#identity = identity;
    this.#stop = stop;
  }
  static async open(system: TestSystem, ready: Ready, id = "bot"): Promise<HostileEngine> {
    const stop = new AbortController();
    const settings = readSettings({
      COUNTERSIGN_DATA: system.data,
      COUNTERSIGN_RUNTIME: path.join(system.folder, "run"),
      COUNTERSIGN_AT_DIRECTORY: ready.atDirectory,
      COUNTERSIGN_AT_CA_FILE: ready.ca,
    });
    const identity = await openIdentity({
      settings,
      config: companyConfig,
      id,
      memory: new MemoryValues(),
      journal: () => Promise.resolve(),
      onFatal: (error) => stop.abort(error),
      clock: { now: () => Date.now() },
      log: silentLogger,
      signal: stop.signal,
    });
    const engine = new HostileEngine(identity, stop);
    await identity.link.start(async (message) => void engine.#received.push(message));
    return engine;
  }
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#identity.link.stop();
    await this.#identity.close();
  }
  /** Signs with the keys he has. */
  sign<T extends Statement>(statement: T): ReturnType<typeof signAs<T>> {
    const { keys } = this.#identity;
    return signAs(statement, keys, keys.ed25519);
  }
  /** Signs with the keys he has, and says that another instance did. */
  signAs<T extends Statement>(
    statement: T,
    signer: { atSign: `@${string}`; instance: string },
  ): ReturnType<typeof signAs<T>> {
    return signAs(statement, signer, this.#identity.keys.ed25519);
  }
  /** Sends a request and waits for the answer; "silence" when there is none within `ms`. */
  async request(
    to: string,
    subject: Pick<MessageSubject, "run" | "step"> & { readonly revision?: number },
    body: Json,
    ms = patience,
  ): Promise<Answer> {
    this.#attempt += 1;
    const attempt = this.#attempt;
    await this.#identity.link.send({
      to: this.#identity.trust.agent(to),
      kind: "request",
      subject: { revision: 1, ...subject, attempt },
      body,
      expiresAt: Date.now() + patience,
    });
    const deadline = performance.now() + ms;
    while (performance.now() < deadline) {
      const answer = this.#received.find(
        (each) => each.subject.run === subject.run && each.subject.attempt === attempt,
      );
      if (answer !== undefined) {
        const { code = "", message = "", output = null } = answer.body as Partial<Answer>;
        return { kind: answer.kind, code, message, output };
      }
      await pause(20);
    }
    return { kind: "silence", code: "", message: "", output: null };
  }
}
