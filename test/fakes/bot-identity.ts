import assert from "node:assert/strict";
import type { CompanyConfig, Settings } from "../../src/config.ts";
import { type Identity, openIdentity } from "../../src/processes/identity.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import type { JournalWorld } from "./journal-world.ts";
import { MemoryValues } from "./memory-values.ts";
import { silentLogger } from "./silent-logger.ts";

/** The bot's way into its atSign, as its process goes it, and what it journals on the way. */
export class BotIdentity {
  readonly entries: JournalEntry[] = [];
  readonly #world: JournalWorld;

  constructor(world: JournalWorld) {
    this.#world = world;
  }

  open(
    config: CompanyConfig = this.#world.config,
    settings: Settings = this.#world.settings,
    o: Partial<Parameters<typeof openIdentity>[0]> = {},
  ): Promise<Identity> {
    return openIdentity({
      settings,
      config,
      id: "bot",
      memory: new MemoryValues(),
      journal: async (added) => void this.entries.push(...added),
      clock: { now: () => Date.now() },
      log: silentLogger,
      onFatal: (error) => assert.fail(error),
      signal: new AbortController().signal,
      ...o,
    });
  }
}
