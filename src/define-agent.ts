import type { ZodType } from "zod";
import type { AgentId, Assurance, Effect, Person, PlanDocument, Signed } from "./domain.ts";
import type { Mandate } from "./mandate-types.ts";
import type { MessageSubject } from "./link-types.ts";
import { AppError } from "./errors.ts";
import type { Books, Clock, Ids, LanguageModel, Logger, Suppliers } from "./ports.ts";
import type { Policy } from "./policy-types.ts";

/** What is known of people and policy from the signed trust document. */
export interface TrustView {
  readonly serial: number;
  readonly demo: boolean;
  readonly policy: Policy;
  person(id: string): Person | undefined;
  /** True when a granted, unrevoked instance with this role made the signature over the statement. */
  verify(signed: Signed<unknown>, role: string): boolean;
}
export interface VerifiedMandate {
  readonly mandate: Mandate;
  readonly plan: PlanDocument;
  readonly planHash: string;
  readonly decidedBy: readonly string[];
  /** The weakest of the verdicts. */
  readonly assurance: Assurance;
}
/** All a skill may touch. */
export interface SkillContext {
  readonly subject: MessageSubject;
  /** The role of the verified sender of the request. */
  readonly caller: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** "write": inside the one transaction that also stores the reply. Otherwise reads only, outside any transaction. */
  readonly books: Books;
  /** Only for effect "irreversible": a unit of its own, committed before this resolves (truth first, then effects). */
  transact<T>(unit: (books: Books) => Promise<T>): Promise<T>;
  readonly suppliers: Suppliers;
  readonly model: LanguageModel;
  readonly trust: TrustView;
  /** Signs a statement (which carries its own domain tag) with this instance's key. */
  sign<T extends { readonly tag: string }>(statement: T): Signed<T>;
  /** Aborted at the request's deadline, on cancel and on shutdown. */
  readonly signal: AbortSignal;
}

export interface Skill<I = unknown, O = unknown> {
  readonly effect: Effect;
  /** The skill of the same agent that undoes this one; it takes {} and finds its work by run and revision. */
  readonly undo?: string;
  /**
   * Of an irreversible skill: the skill of the same agent that finds out by run and revision, from {}, whether it was
   * done, and keeps it from being done later. It ends well where nothing was done, ever; fails with "effect-stands",
   * naming what was, and with a retryable error where that cannot be said yet.
   */
  readonly reconcile?: string;
  /** What a person can do where `undo` or `reconcile` does not work; a sentence or two. */
  readonly byHand?: string;
  /** Set where the skill commits the company: it then takes a verified mandate and nothing else. */
  readonly requires?: "mandate";
  /** Set where it is no effect of the company's business: it is done while the company is frozen too. */
  readonly duringFreeze?: true;
  /** Roles that may ask for it, where these are others than the host's: by default only the bot. */
  readonly callers?: readonly string[];
  readonly input: ZodType<I>;
  readonly output: ZodType<O>;
  run(context: SkillContext, input: I, mandate: VerifiedMandate | null): Promise<O>;
  /**
   * What it says in shadow mode instead, where `run` needs what only an effect brings about. Without it `run` works as
   * ever: on books that are the run's own from its first change on, and with suppliers that take no order.
   */
  readonly shadow?: (context: SkillContext, input: I, mandate: VerifiedMandate | null) => Promise<O>;
}

/** One skill of an agent; see `Skill`. */
export function skill<I, O>(definition: Skill<I, O>): Skill<I, O> {
  return definition;
}

// Skill<any> erases the input type: a function's parameters are contravariant, and definitions are kept in maps.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnySkill = Skill<any, any>;

export interface AgentDefinition<
  S extends Readonly<Record<string, AnySkill>> = Readonly<Record<string, AnySkill>>,
> {
  readonly id: AgentId;
  readonly description: string;
  readonly skills: S;
}

const namePattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Declares an agent; refuses names that are not kebab-case, unknown undo skills and mandates on reads. */
export function defineAgent<S extends Readonly<Record<string, AnySkill>>>(
  definition: AgentDefinition<S>,
): AgentDefinition<S> {
  const { id, skills } = definition;
  const names = [id, ...Object.keys(skills)];
  const bad = names.find((name) => !namePattern.test(name));
  if (bad !== undefined) {
    throw new AppError("bad-definition", `agent "${id}": name "${bad}" must be kebab-case`);
  }
  const undoing = new Set(Object.values(skills).flatMap(({ undo, reconcile }) => [undo, reconcile]));
  for (const [name, each] of Object.entries(skills)) {
    if (each.undo !== undefined && !Object.hasOwn(skills, each.undo)) {
      throw new AppError(
        "bad-definition",
        `agent "${id}": skill "${name}" is undone by "${each.undo}", which is not a skill of it`,
      );
    }
    if (
      each.reconcile !== undefined &&
      (each.effect !== "irreversible" || !Object.hasOwn(skills, each.reconcile))
    ) {
      throw new AppError(
        "bad-definition",
        `agent "${id}": skill "${name}" is reconciled by "${each.reconcile}": it must be irreversible, and that a skill of the agent`,
      );
    }
    if (each.effect === "irreversible" && each.requires !== "mandate" && !undoing.has(name)) {
      throw new AppError(
        "bad-definition",
        `agent "${id}": skill "${name}" acts outside the books and must require a mandate`,
      );
    }
  }
  return definition;
}
