import type { ZodType } from "zod";
import { canonicalHash } from "../../src/canonical.ts";
import type { SkillContext, TrustView } from "../../src/define-agent.ts";
import type { AgentAddress, Person, Signed } from "../../src/domain.ts";
import type { MessageSubject } from "../../src/link-types.ts";
import type { Policy } from "../../src/policy-types.ts";
import type { Books, Clock, LanguageModel, Logger, SupplierSystem } from "../../src/ports.ts";
import { AppError } from "../../src/errors.ts";
import { MemoryBooks } from "./memory-books.ts";
import { silentLogger } from "./silent-logger.ts";

/** The rules the fake trust document carries unless a test says otherwise. */
export const demoPolicy: Policy = {
  ask: ["employee", "manager"],
  cancel: ["manager", "admin"],
  approve: { roles: ["manager"], quorum: 1, assurances: ["local", "clicked"], expiresHours: 72 },
  separationOfDuties: true,
  ceilings: {
    perApproverPerDay: { amount: "1000000.00", currency: "USD" },
    perVendorPerDay: { amount: "500000.00", currency: "USD" },
  },
  priceTolerancePercent: "5",
  marginPercent: "20",
  dataMaxAgeDays: 30,
  companyCurrency: "USD",
};

export const demoPeople: readonly Person[] = [
  { id: "employee", name: "Emil Example", roles: ["employee"], active: true, accounts: [] },
  { id: "manager", name: "Mara Example", roles: ["manager"], active: true, accounts: [] },
  { id: "manager-2", name: "Milo Example", roles: ["manager"], active: true, accounts: [] },
];

/** A model that gives the next of its answers, whatever it is asked, checked by the caller's schema. */
export class ScriptedModel implements LanguageModel {
  readonly prompts: { readonly role: string; readonly prompt: string }[] = [];
  private readonly answers: unknown[];

  constructor(...answers: readonly unknown[]) {
    this.answers = [...answers];
  }

  async generate<T>(r: { readonly role: string; readonly prompt: string; readonly output: ZodType<T> }) {
    this.prompts.push({ role: r.role, prompt: r.prompt });
    if (this.answers.length === 0) {
      throw new AppError("model-unavailable", "the scripted model has no answer left", { retryable: true });
    }
    return { output: r.output.parse(this.answers.shift()), receipt: { model: "scripted" } };
  }
}

/**
 * A signature that only this fake makes and believes: it names the signer's role, so that tests can sign as anyone
 * and `trust.verify` still refuses another role or a changed statement.
 */
export function fakeSign<T extends { readonly tag: string }>(
  statement: T,
  role: string,
  signer: AgentAddress = { atSign: `@cs-${role}`, instance: "main" },
): Signed<T> {
  return { statement, signer, signature: fakeSignature(statement, role, signer) };
}

export interface SkillContextOptions {
  /** The agent whose skill runs; it signs as `@cs-AGENT`, instance "main". */
  readonly agent: string;
  readonly books?: Books;
  readonly subject?: Partial<MessageSubject>;
  /** Default: the bot. */
  readonly caller?: string;
  /** ISO 8601 UTC. */
  readonly now?: string;
  readonly policy?: Partial<Policy>;
  readonly people?: readonly Person[];
  readonly serial?: number;
  readonly model?: LanguageModel;
  /** By wholesaler id. */
  readonly suppliers?: Readonly<Record<string, SupplierSystem>>;
  readonly log?: Logger;
  readonly signal?: AbortSignal;
  /** Runs one unit of its own; by default on `books` as they are. */
  readonly transact?: <T>(unit: (books: Books) => Promise<T>) => Promise<T>;
}
export interface TestContext extends SkillContext {
  readonly clock: Clock & { set(iso: string): void };
}

/** All that a skill may touch, in memory and with a clock that the test owns. */
export function skillContext(options: SkillContextOptions): TestContext {
  const books = options.books ?? new MemoryBooks();
  let now = Date.parse(options.now ?? "2026-03-02T09:00:00.000Z");
  let ids = 0;
  return {
    subject: { run: "run1", revision: 1, step: options.agent, attempt: 1, ...options.subject },
    caller: options.caller ?? "bot",
    clock: {
      now: () => now,
      set: (iso) => {
        now = Date.parse(iso);
      },
    },
    ids: {
      next: (prefix) => {
        ids += 1;
        return `${prefix}${ids}`;
      },
    },
    log: options.log ?? silentLogger,
    books,
    transact: options.transact ?? ((unit) => unit(books)),
    suppliers: {
      open: (wholesaler) => {
        const system = options.suppliers?.[wholesaler.id];
        if (system === undefined) {
          throw new AppError("supplier-unavailable", `no supplier system for "${wholesaler.id}"`, {
            retryable: true,
          });
        }
        return system;
      },
    },
    model: options.model ?? new ScriptedModel(),
    trust: fakeTrust(options),
    sign: (statement) => fakeSign(statement, options.agent),
    signal: options.signal ?? new AbortController().signal,
  };
}

function fakeTrust(options: SkillContextOptions): TrustView {
  return {
    serial: options.serial ?? 1,
    demo: true,
    policy: { ...demoPolicy, ...options.policy },
    person: (id) => (options.people ?? demoPeople).find((each) => each.id === id),
    verify: (signed, role) => signed.signature === fakeSignature(signed.statement, role, signed.signer),
  };
}

function fakeSignature(statement: unknown, role: string, signer: AgentAddress): string {
  return canonicalHash({ statement, role, signer: { atSign: signer.atSign, instance: signer.instance } });
}
