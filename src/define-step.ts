import type { ZodType, output as ZodOutput } from "zod";
import type { AgentDefinition, AnySkill } from "./define-agent.ts";
import type { PersonId, PlanDocument, PlannedStep, RunId, Signed, StepId, StepKind } from "./domain.ts";
import type { PlanEdit } from "./edit-types.ts";
import type { AttestationStatement, DecisionStatement } from "./mandate-types.ts";

/** The steps of a workflow: how they are declared, and what the engine keeps of them. */

/** Exists in types only: carries a step's output type along its handle. */
declare const outputType: unique symbol;

/** One step as a value: what other steps name in their `needs`. Only `StepBuilder` makes them. */
export interface StepHandle<O> {
  readonly kind: StepKind;
  readonly [outputType]?: O;
}
export interface ApprovalHandle extends StepHandle<readonly Signed<DecisionStatement>[]> {
  readonly kind: "approval";
}
/** What a mandate is made of: a gate's plan and decision, and attestations of that plan made after the decision. */
export interface MandateHandles {
  readonly gate: ApprovalHandle;
  readonly attestations: readonly StepHandle<Signed<AttestationStatement>>[];
}
export type Needs = Readonly<Record<string, StepHandle<unknown>>>;
export type Outputs<N extends Needs> = {
  readonly [K in keyof N]: N[K] extends StepHandle<infer O> ? O : never;
};

/** What a definition's callbacks may know of the run. */
export interface RunFacts {
  readonly id: RunId;
  readonly revision: number;
  readonly requester: PersonId;
  readonly policySerial: number;
  /** ISO 8601 UTC: when the step became ready; the same at every attempt. */
  readonly at: string;
  /** Suppliers excluded by a revision. */
  readonly excluded: readonly string[];
  /** What people changed of the plan so far, and who they are. */
  readonly edit?: PlanEdit;
  readonly editors?: readonly PersonId[];
  /** The run has no effects, and its plan must say so. */
  readonly shadow?: true;
}
export interface StepContext<I, N> {
  readonly input: I;
  readonly needs: N;
  readonly run: RunFacts;
  /** RFC 8785 canonical JSON, given here because definitions load no package. */
  readonly canonicalJson: (value: unknown) => string;
}

export type Skills = Readonly<Record<string, AnySkill>>;
type NoNeeds = Readonly<Record<string, never>>;
export interface CallTiming {
  /** From dispatch until a result must have been applied; default one hour. */
  readonly timeoutMs?: number;
  /** Dispatches before the failure is triaged; default 3. */
  readonly attempts?: number;
  /** Wait before the second attempt, doubled for each further one; default 1,000. */
  readonly backoffMs?: number;
}
/** A mandate step takes the mandate and nothing else, and needs its parts; every other call says what it sends. */
type CallOptions<I, N extends Needs, SkillInput> = CallTiming & { readonly needs?: N } & (
    | { readonly with: (context: StepContext<I, Outputs<N>>) => SkillInput; readonly mandate?: never }
    | { readonly mandate: MandateHandles; readonly with?: never }
  );

/** Declares the steps of one workflow whose input is `I`. */
export interface StepBuilder<I> {
  /** A skill of an agent, reached by a sealed envelope. */
  call<S extends Skills, K extends keyof S & string, N extends Needs = NoNeeds>(
    agent: AgentDefinition<S>,
    skill: K,
    options: CallOptions<I, N, ZodOutput<S[K]["input"]>>,
  ): StepHandle<ZodOutput<S[K]["output"]>>;
  /** A pure function, run in the bot. */
  compute<O, N extends Needs = NoNeeds>(options: {
    readonly needs?: N;
    readonly output: ZodType<O>;
    readonly run: (context: StepContext<I, Outputs<N>>) => NoInfer<O>;
  }): StepHandle<O>;
  /** A person's decision on a plan that financial and compliance attested; its output is the signed decision. */
  approval<N extends Needs>(options: {
    readonly action: string;
    readonly needs: N;
    readonly plan: (context: StepContext<I, Outputs<N>>) => PlanDocument;
    readonly attestations: (context: StepContext<I, Outputs<N>>) => readonly Signed<AttestationStatement>[];
  }): ApprovalHandle;
  /** A clarifying question to the requester. */
  ask<N extends Needs = NoNeeds>(options: {
    readonly needs?: N;
    readonly question: (context: StepContext<I, Outputs<N>>) => {
      readonly text: string;
      readonly options: readonly string[];
    };
  }): StepHandle<{ readonly answer: string }>;
}

// The runtime form erases input and output types: definitions of all workflows are kept in one list, and what the
// callbacks are given was parsed by the very schemas the types came from.
// oxlint-disable-next-line typescript/no-explicit-any
export type Erased = any;
interface StepDefinitionBase {
  readonly id: StepId;
  /** From the name used in the definition to the step's id. */
  readonly needs: Readonly<Record<string, StepId>>;
  readonly planned: PlannedStep;
}
export type StepDefinition = StepDefinitionBase &
  (
    | {
        readonly kind: "call";
        readonly agent: AgentDefinition;
        readonly skill: string;
        readonly output: ZodType;
        readonly with: ((context: StepContext<Erased, Erased>) => unknown) | null;
      }
    | {
        readonly kind: "compute";
        readonly output: ZodType;
        readonly run: (context: StepContext<Erased, Erased>) => unknown;
      }
    | {
        readonly kind: "approval";
        readonly action: string;
        readonly plan: (context: StepContext<Erased, Erased>) => PlanDocument;
        readonly attestations: (
          context: StepContext<Erased, Erased>,
        ) => readonly Signed<AttestationStatement>[];
      }
    | {
        readonly kind: "ask";
        readonly question: (context: StepContext<Erased, Erased>) => {
          readonly text: string;
          readonly options: readonly string[];
        };
      }
  );
