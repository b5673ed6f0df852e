import { z } from "zod";
import { readSecret, writeSecret } from "../keys.ts";
import { instanceSchema, publicKeySchema } from "./trust-documents.ts";

/**
 * What an agent's key-holder knows of its instances: `instances.json` (0600) in the agent's key folder. The secrets of
 * invitations are gone from it as soon as those are used up.
 */
const registerSchema = z.strictObject({
  tag: z.literal("countersign/instances/1"),
  instances: z.record(
    instanceSchema,
    z.strictObject({
      /** Its enrollment at the atServer. */
      enrollmentId: z.string().min(1).max(100),
      state: z.enum(["enrolled", "revoked"]),
      /** Since when. */
      at: z.iso.datetime(),
    }),
  ),
  invitations: z.array(
    z.strictObject({
      instance: instanceSchema,
      secret: publicKeySchema,
      expiresAt: z.iso.datetime(),
      /** `approved`: it has its enrollment; `granted`: and its grant, but has not taken it up yet. */
      state: z.enum(["invited", "approved", "granted"]),
      enrollmentId: z.string().min(1).max(100).optional(),
    }),
  ),
});
export type InstanceRegister = z.infer<typeof registerSchema>;
export type OpenInvitation = InstanceRegister["invitations"][number];

const fileName = "instances.json";

/** An agent's register, empty when it never invited anybody. */
export async function readRegister(keyFolder: string): Promise<InstanceRegister> {
  const found = await readSecret(keyFolder, fileName, registerSchema);
  return found ?? { tag: "countersign/instances/1", instances: {}, invitations: [] };
}
export async function writeRegister(keyFolder: string, register: InstanceRegister): Promise<void> {
  await writeSecret(keyFolder, fileName, registerSchema.parse(register));
}
