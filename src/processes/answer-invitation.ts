import type { AtClient, Enrollment } from "@atsign/atsdk";
import type { AtSign } from "../domain.ts";
import { toErrorInfo } from "../errors.ts";
import { grantInstance, type OwnInstance } from "../trust/instance-papers.ts";
import type { InstanceRegister, OpenInvitation } from "../trust/instance-register.ts";
import { enrollmentName, readGrantRequest } from "../trust/invitation.ts";
import { grantRequestKey, instanceNamespaces } from "./enroll-instance.ts";
import { publishInstanceGrants } from "./public-trust.ts";

/** What was done about an invitation. */
export interface KeyHolderStep {
  readonly instance: string;
  readonly did: "approved" | "granted" | "enrolled" | "expired" | "denied" | "refused" | "not taken up";
  readonly reason?: string;
}
/** An open key-holder, with the atSign's own keys. */
export interface AnsweringHolder {
  readonly client: AtClient;
  readonly agent: string;
  readonly atSign: AtSign;
  /** The data folder. */
  readonly data: string;
  readonly now: () => number;
  readonly own: (instance: string) => OwnInstance;
  readonly revokeEnrollment: (id: string | undefined) => Promise<void>;
}

/**
 * Does the next of what an invited instance waits for: its enrollment, its grant, the end of its former keys. The
 * invitation and the register are changed accordingly.
 */
export async function answerInvitation(
  holder: AnsweringHolder,
  register: InstanceRegister,
  invitation: OpenInvitation,
  pending: readonly Enrollment[],
): Promise<readonly KeyHolderStep[]> {
  const { instance } = invitation;
  if (invitation.state !== "granted" && Date.parse(invitation.expiresAt) <= holder.now()) {
    await holder.revokeEnrollment(invitation.enrollmentId);
    drop(register, invitation);
    return [{ instance, did: "expired" }];
  }
  const steps: (KeyHolderStep | undefined)[] = [];
  if (invitation.state === "invited") {
    steps.push(await letIn(holder, invitation, pending));
  }
  if (invitation.state === "approved") {
    steps.push(await grant(holder, invitation));
  } else if (invitation.state === "granted") {
    steps.push(await settle(holder, register, invitation));
  }
  return steps.filter((each) => each !== undefined);
}

/** Lets the request in that the holder of this invitation made; others are not its own. */
async function letIn(
  { client, agent, atSign }: AnsweringHolder,
  invitation: OpenInvitation,
  pending: readonly Enrollment[],
): Promise<KeyHolderStep | undefined> {
  const { enrollments } = client;
  const { instance, secret } = invitation;
  for (const each of pending.filter(({ deviceName }) => deviceName === instance)) {
    // A request without a readable key is none of ours.
    const fingerprint = await enrollments.fingerprint(each.id).catch(() => "");
    const isOurs = each.appName === enrollmentName({ atSign, instance, secret }, fingerprint);
    if (isOurs && isSame(each.namespaces, instanceNamespaces(agent, instance))) {
      await enrollments.approve(each.id, { fingerprint });
      invitation.state = "approved";
      invitation.enrollmentId = each.id;
      return { instance, did: "approved" };
    }
  }
  return undefined;
}

async function grant(
  { client, atSign, data, now, own }: AnsweringHolder,
  invitation: OpenInvitation,
): Promise<KeyHolderStep | undefined> {
  const { instance, secret } = invitation;
  const text = await client.get(grantRequestKey(instance));
  if (text === undefined) {
    return undefined;
  }
  try {
    await grantInstance(own(instance), readGrantRequest({ atSign, instance, secret }, text), now());
  } catch (error) {
    const { code, message } = toErrorInfo(error);
    if (code !== "grant-request-forged") {
      throw error;
    }
    await client.delete(grantRequestKey(instance));
    return { instance, did: "refused", reason: message };
  }
  await publishInstanceGrants(client, data, atSign);
  invitation.state = "granted";
  return { instance, did: "granted" };
}

/** Once the instance has its new keys, what it had before ends. */
async function settle(
  { client, now, revokeEnrollment }: AnsweringHolder,
  register: InstanceRegister,
  invitation: OpenInvitation,
): Promise<KeyHolderStep | undefined> {
  const { instance, enrollmentId } = invitation;
  if (enrollmentId === undefined || (await client.get(grantRequestKey(instance))) !== undefined) {
    return undefined;
  }
  const before = register.instances[instance];
  register.instances[instance] = { enrollmentId, state: "enrolled", at: new Date(now()).toISOString() };
  drop(register, invitation);
  if (before?.state === "enrolled") {
    await revokeEnrollment(before.enrollmentId);
  }
  return { instance, did: "enrolled" };
}

function drop(register: InstanceRegister, invitation: OpenInvitation): void {
  register.invitations = register.invitations.filter((each) => each !== invitation);
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return (
    Object.keys(a).length === Object.keys(b).length && Object.entries(b).every(([name, to]) => a[name] === to)
  );
}
