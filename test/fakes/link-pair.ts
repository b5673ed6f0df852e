import type { Json } from "../../src/domain.ts";
import { type AtLinkOptions, createAtLink } from "../../src/link/at-link.ts";
import type { OutgoingEnvelope, ReceivedEnvelope } from "../../src/link-types.ts";
import type { AgentLink } from "../../src/link-port.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import { LoopServers } from "./loop-transport.ts";
import { ManualTime, settle } from "./manual-time.ts";
import { MemoryValues } from "./memory-values.ts";
import { silentLogger } from "./silent-logger.ts";
import { TrustWorld } from "./trust-world.ts";

/** One end of a pair, with what it received, wrote down and refused. */
export interface Side {
  readonly link: AgentLink;
  readonly received: ReceivedEnvelope[];
  readonly journal: JournalEntry[];
  readonly refused: string[];
  readonly memory: MemoryValues;
}
/** Bot and supply, each with a link over the same servers in memory. */
export class LinkPair {
  readonly time = new ManualTime();
  readonly servers = new LoopServers();
  readonly world = new TrustWorld(this.time, ["bot", "supply"]);

  async side(role: string, change: Partial<AtLinkOptions> = {}): Promise<Side> {
    const received: ReceivedEnvelope[] = [];
    const journal: JournalEntry[] = [];
    const refused: string[] = [];
    const memory = new MemoryValues();
    const link = createAtLink({
      transport: this.servers.transport(`@cs-${role}`),
      keys: this.world.keys(role),
      trust: await this.world.open(),
      memory,
      clock: this.time,
      timers: this.time,
      log: silentLogger,
      journal: async (entries) => void journal.push(...entries),
      onRefused: ({ code }) => refused.push(code),
      ...change,
    });
    return { link, received, journal, refused, memory };
  }

  async receiving(role: string, change: Partial<AtLinkOptions> = {}): Promise<Side> {
    const side = await this.side(role, change);
    await side.link.start(async (message) => void side.received.push(message));
    await settle();
    return side;
  }

  message(body: Json, change: Partial<OutgoingEnvelope> = {}): OutgoingEnvelope {
    return {
      to: { atSign: "@cs-supply", instance: "main" },
      kind: "request",
      subject: { run: "run1", revision: 1, step: "offers", attempt: 1 },
      body,
      expiresAt: this.time.now() + 60_000,
      ...change,
    };
  }
}
