import assert from "node:assert/strict";
import compliance from "../../agents/compliance.ts";
import type { Json, Signed } from "../../src/domain.ts";
import { type AppError, toErrorInfo } from "../../src/errors.ts";
import type { CheckpointStatement } from "../../src/journal.ts";
import { createWitness, type Witness } from "../../src/link/witness.ts";
import type { OutgoingEnvelope, ReceivedEnvelope } from "../../src/link-types.ts";
import type { JournalEntry } from "../../src/record-types.ts";
import { ManualTime } from "./manual-time.ts";
import { MemoryBooks } from "./memory-books.ts";
import { MemoryValues } from "./memory-values.ts";
import { SampleJournal } from "./sample-journal.ts";
import { silentLogger } from "./silent-logger.ts";
import { fakeSign, skillContext } from "./skill-context.ts";

const skill = compliance.skills.witness;

/** A bot's journal and the real skill of compliance, with a wire between them that tests may cut. */
export class WitnessWorld {
  readonly time = new ManualTime();
  readonly journal = new SampleJournal();
  readonly values = new MemoryValues();
  readonly entries: JournalEntry[] = [];
  readonly requests: OutgoingEnvelope[] = [];
  readonly acks: OutgoingEnvelope[] = [];
  readonly context = skillContext({ agent: "compliance", books: new MemoryBooks() });
  reaches = true;
  answers = true;
  forge: (signed: Signed<CheckpointStatement>) => Signed<CheckpointStatement> = (signed) => signed;
  fail: AppError | undefined;
  witness: Witness = this.open();

  open(): Witness {
    this.witness = createWitness({
      source: this.journal,
      link: { send: (envelope) => this.send(envelope) },
      role: "compliance",
      address: () => ({ atSign: "@cs-compliance", instance: "main" }),
      sign: (statement) => fakeSign(statement, "bot"),
      verify: (signed) => this.context.trust.verify(signed, "compliance"),
      values: this.values,
      journal: async (entries) => {
        this.entries.push(...entries);
        this.journal.add("bot-1", entries.length, "witness");
      },
      clock: this.time,
      timers: this.time,
      log: silentLogger,
    });
    return this.witness;
  }

  async send(envelope: OutgoingEnvelope): Promise<void> {
    if (envelope.kind === "ack") {
      this.acks.push(envelope);
      return;
    }
    this.requests.push(envelope);
    // The link writes what it sends into the journal.
    this.journal.add("bot-1", 1, "witness");
    if (this.reaches) {
      const answer = await this.handle(envelope);
      if (this.answers) {
        setImmediate(() => void this.witness.receive(answer));
      }
    }
  }

  async handle({ subject, body, expiresAt }: OutgoingEnvelope): Promise<ReceivedEnvelope> {
    const { skill: name, input } = JSON.parse(JSON.stringify(body)) as { skill: string; input: unknown };
    assert.equal(name, "witness");
    let kind: "result" | "error" = "result";
    let answer: unknown;
    try {
      if (this.fail !== undefined) {
        throw this.fail;
      }
      answer = { output: this.forge(await skill.run(this.context, skill.input.parse(input), null)) };
    } catch (error) {
      kind = "error";
      answer = toErrorInfo(error);
    }
    return {
      from: { atSign: "@cs-compliance", instance: "main", role: "compliance" },
      kind,
      subject,
      sequence: null,
      fencing: 1,
      messageId: `m${this.requests.length}`,
      hash: "ab".repeat(32),
      body: answer as Json,
      expiresAt,
    };
  }

  /** The heads of the latest checkpoint that the bot keeps, as "writer:seq". */
  kept(): readonly string[] {
    const text = this.values.values.get("journal:checkpoint");
    const signed = text === undefined ? undefined : (JSON.parse(text) as Signed<CheckpointStatement>);
    return (signed?.statement.heads ?? []).map(({ writer, seq }) => `${writer}:${seq}`);
  }
  sizes(): readonly number[] {
    return this.requests.map(
      ({ body }) => (body as unknown as { input: { records: readonly unknown[] } }).input.records.length,
    );
  }
}
