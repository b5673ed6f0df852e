import { z } from "zod";
import { sha256Hex } from "./canonical.ts";
import type { Approval, ApprovalId, Json, PlanDocument } from "./domain.ts";
import { AppError } from "./errors.ts";
import type { ApprovalPaper } from "./mandate-types.ts";
import { signedAttestationSchema } from "./plan/plan-schema.ts";
import type { Store } from "./ports.ts";
import type { Content } from "./record-types.ts";

/** The texts of an approval, wherever they are read. */

/** The text of this name that belongs to the approval's own step and revision. */
export function textOf(
  contents: readonly Content[],
  { step, revision }: Pick<Approval, "step" | "revision">,
  name: string,
): Json | undefined {
  return contents.find((each) => each.step === step && each.revision === revision && each.name === name)
    ?.value;
}

/** The plan's canonical text; "altered" where it is not what the approval's hash names. */
export function planTextOf(
  contents: readonly Content[],
  approval: Pick<Approval, "step" | "revision" | "planHash">,
): { readonly plan: string } | "missing" | "altered" {
  const plan = textOf(contents, approval, "plan");
  if (plan === undefined) {
    return "missing";
  }
  return typeof plan === "string" && sha256Hex(plan) === approval.planHash ? { plan } : "altered";
}

/** What `planTextOf` found, read; undefined where it found none. */
export function planDocumentOf(found: ReturnType<typeof planTextOf>): PlanDocument | undefined {
  // Written by this bot from a value that the plan schema had passed, and unaltered by its hash.
  return typeof found === "string" ? undefined : (JSON.parse(found.plan) as PlanDocument);
}

/** The plan that an approval is about; fails with "sealed-broken" where it is not the one put up. */
export async function approvalPlan(
  store: Pick<Store, "contents">,
  approval: Approval,
): Promise<PlanDocument> {
  const { id, run, step } = approval;
  const plan = planDocumentOf(planTextOf(await store.contents(run, [{ step, name: "plan" }]), approval));
  if (plan === undefined) {
    throw new AppError("sealed-broken", `the stored plan of approval "${id}" is not the one put up`);
  }
  return plan;
}

/** Undefined when the approval is not open, or what is stored is not what its hash names: that is shown to nobody. */
export async function approvalPaper(
  store: Pick<Store, "approval" | "contents">,
  id: ApprovalId,
): Promise<ApprovalPaper | undefined> {
  const approval = await store.approval(id);
  if (approval?.status !== "open") {
    return undefined;
  }
  const { run, step } = approval;
  const contents = await store.contents(run, [
    { step, name: "plan" },
    { step, name: "attestations" },
  ]);
  const found = planTextOf(contents, approval);
  const attestations = z.array(signedAttestationSchema).safeParse(textOf(contents, approval, "attestations"));
  return typeof found !== "string" && attestations.success
    ? { approval, plan: found.plan, attestations: attestations.data }
    : undefined;
}
