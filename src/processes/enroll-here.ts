import { readToken } from "../trust/invitation.ts";
import { type EnrollOptions, enrollInstance } from "./enroll-instance.ts";
import type { KeyHolder } from "./key-holder.ts";

const lifetimeMs = 600_000;
const mostLooks = 100;

/**
 * Enrolls an instance on the machine of its key-holder: the same invitation, request and answers as between two, with
 * nobody in between. An instance that has keys gets new ones, and the old ones end.
 */
export async function enrollHere(
  holder: KeyHolder,
  instance: string,
  o: Pick<EnrollOptions, "data" | "ca"> & { readonly now?: () => number },
): Promise<void> {
  const { now = () => Date.now() } = o;
  const { token } = await holder.invite(instance, lifetimeMs);
  let looks = 0;
  await enrollInstance({
    ...o,
    now,
    invitation: readToken(token, now()),
    // The answer is there when this is done: there is nothing to wait for.
    async wait() {
      await holder.approve();
      looks += 1;
      if (looks > mostLooks) {
        throw new Error(`instance ${instance} was not let in`);
      }
    },
  });
  await holder.approve();
}
