import assert from "node:assert/strict";
import { canonicalHash, canonicalJson } from "../../src/canonical.ts";
import type { AgentDefinition, VerifiedMandate } from "../../src/define-agent.ts";
import type { StepDefinition } from "../../src/define-step.ts";
import type { WorkflowDefinition } from "../../src/define-workflow.ts";
import type { PlanDocument, Signed } from "../../src/domain.ts";
import type { AttestationStatement, DecisionStatement, EvidenceStatement } from "../../src/mandate-types.ts";
import hitl from "../../agents/hitl.ts";
import { fakeSign, ScriptedModel, skillContext, type SkillContextOptions } from "./skill-context.ts";

export interface Drive {
  readonly definition: WorkflowDefinition;
  readonly input: unknown;
  /** Books, suppliers and the rest of what every skill is given. */
  readonly world: Omit<SkillContextOptions, "agent" | "subject">;
  readonly run?: string;
  readonly revision?: number;
  readonly excluded?: readonly string[];
  /** The last step to do. */
  readonly until?: string;
}
export type StepOutputs = Record<string, unknown>;

const at = "2026-03-02T09:00:00.000Z";

/**
 * Does a workflow's steps one after the other with the real skills, through their schemas and JSON, as the engine
 * would on a day without faults; the manager approves. No engine, no link: only definitions and skills are under test.
 */
export async function driveWorkflow(drive: Drive): Promise<StepOutputs> {
  const outputs: StepOutputs = {};
  const run = {
    id: drive.run ?? "run1",
    revision: drive.revision ?? 1,
    requester: "employee",
    policySerial: 1,
    at,
    excluded: drive.excluded ?? [],
  };
  const input: unknown = drive.definition.input.parse(drive.input);
  for (const step of drive.definition.steps) {
    const needs = Object.fromEntries(
      Object.entries(step.needs).map(([name, id]) => {
        assert.ok(id in outputs, `${step.id} needs ${id}, which was not done before`);
        return [name, outputs[id]];
      }),
    );
    const output = await perform(drive, step, { input, needs, run, canonicalJson }, outputs);
    outputs[step.id] = JSON.parse(JSON.stringify(output));
    if (step.id === drive.until) {
      break;
    }
  }
  return outputs;
}

/** Undoes what was done, in reverse order, as the engine does after a rejection. */
export async function undoWorkflow(drive: Drive, done: StepOutputs): Promise<void> {
  for (const step of drive.definition.steps.toReversed()) {
    if (step.kind === "call" && step.planned.undo !== null && step.id in done) {
      await callSkill(drive, step.agent, step.planned.undo, `undo-${step.id}`, {}, null);
    }
  }
}

type Context = Parameters<Extract<StepDefinition, { kind: "approval" }>["plan"]>[0];

async function perform(
  drive: Drive,
  step: StepDefinition,
  context: Context,
  outputs: StepOutputs,
): Promise<unknown> {
  switch (step.kind) {
    case "call": {
      const { mandate } = step.planned;
      const verified = mandate === null ? null : mandateOf(drive, mandate, outputs, context);
      return callSkill(drive, step.agent, step.skill, step.id, step.with?.(context), verified);
    }
    case "compute":
      return step.output.parse(step.run(context));
    case "approval":
      return decide(drive, step.id, step.plan(context));
    case "ask":
      return assert.fail("no step of kind ask is expected here");
  }
}

async function callSkill(
  drive: Drive,
  agent: AgentDefinition,
  name: string,
  step: string,
  given: unknown,
  mandate: VerifiedMandate | null,
): Promise<unknown> {
  const skill = agent.skills[name];
  assert.ok(skill);
  const context = skillContext({
    model: new ScriptedModel({ wording: "For {quantity} {item} we ask {total}." }),
    ...drive.world,
    agent: agent.id,
    subject: subject(drive, step),
  });
  const input: unknown = skill.input.parse(
    given === undefined ? undefined : JSON.parse(JSON.stringify(given)),
  );
  return skill.output.parse(await skill.run(context, input, mandate));
}

function decide(drive: Drive, step: string, plan: PlanDocument): Promise<unknown> {
  const evidence: EvidenceStatement = {
    tag: "countersign/evidence/1",
    approval: `${plan.run}-${plan.revision}-${step}`,
    planHash: canonicalHash(plan),
    run: plan.run,
    revision: plan.revision,
    verdict: "approved",
    person: "manager",
    requester: "employee",
    assurance: "clicked",
    adapter: "console",
    receivedAt: at,
  };
  const signed = fakeSign(evidence, "evidence", { atSign: "@cs-bot", instance: "evidence" });
  return callSkill(
    drive,
    hitl,
    "sign-decision",
    step,
    { plan: canonicalJson(plan), evidence: [signed] },
    null,
  );
}

/** What the link's host verifies and hands to the skill. */
function mandateOf(
  drive: Drive,
  { gate, attestations: renewed }: NonNullable<StepDefinition["planned"]["mandate"]>,
  outputs: StepOutputs,
  context: Context,
): VerifiedMandate {
  const approval = drive.definition.steps.find((each) => each.id === gate);
  assert.ok(approval?.kind === "approval");
  const needs = Object.fromEntries(Object.entries(approval.needs).map(([name, id]) => [name, outputs[id]]));
  const plan = approval.plan({ ...context, needs });
  const decisions = outputs[gate] as readonly Signed<DecisionStatement>[];
  const attestations = renewed.map((id) => outputs[id] as Signed<AttestationStatement>);
  const planHash = canonicalHash(plan);
  for (const { statement } of [...attestations, ...decisions]) {
    assert.equal(statement.planHash, planHash);
  }
  return {
    mandate: { plan: canonicalJson(plan), attestations, decisions },
    plan,
    planHash,
    decidedBy: decisions.map(({ statement }) => statement.person),
    assurance: "clicked",
  };
}

function subject(drive: Drive, step: string) {
  return { run: drive.run ?? "run1", revision: drive.revision ?? 1, step, attempt: 1 };
}
