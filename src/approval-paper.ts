import { z } from "zod";
import { sha256Hex } from "./canonical.ts";
import type { ApprovalId } from "./domain.ts";
import type { ApprovalPaper } from "./mandate-types.ts";
import { signedAttestationSchema } from "./plan/plan-schema.ts";
import type { Store } from "./ports.ts";

/** Undefined when the approval is not open, or what is stored is not what its hash names: that is shown to nobody. */
export async function approvalPaper(
  store: Pick<Store, "approval" | "contents">,
  id: ApprovalId,
): Promise<ApprovalPaper | undefined> {
  const approval = await store.approval(id);
  if (approval?.status !== "open") {
    return undefined;
  }
  const { run, step, revision, planHash } = approval;
  const contents = await store.contents(run, [
    { step, name: "plan" },
    { step, name: "attestations" },
  ]);
  const value = (name: string) =>
    contents.find((each) => each.name === name && each.step === step && each.revision === revision)?.value;
  const plan = z.string().safeParse(value("plan"));
  const attestations = z.array(signedAttestationSchema).safeParse(value("attestations"));
  return plan.success && attestations.success && sha256Hex(plan.data) === planHash
    ? { approval, plan: plan.data, attestations: attestations.data }
    : undefined;
}
