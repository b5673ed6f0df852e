import assert from "node:assert/strict";
import { verifyMandate, type VerifyMandateOptions } from "../../src/link/mandate.ts";
import { ManualTime } from "./manual-time.ts";
import { mandateRoles, SampleMandate } from "./sample-mandate.ts";
import { TrustWorld } from "./trust-world.ts";

/** A verifier with real trust, the mandates that it is given, and the envelope's subject that they came under. */
export async function mandateBench() {
  const time = new ManualTime();
  const world = new TrustWorld(time, [...mandateRoles, "supply"]);
  const trust = await world.open();
  const sample = new SampleMandate(world);
  const subject = { run: "run1", revision: 1, step: "orders", attempt: 1 };
  function check(
    mandate: unknown,
    change: Partial<VerifyMandateOptions> = {},
  ): ReturnType<typeof verifyMandate> {
    return verifyMandate({ mandate, subject, trust, now: time.now(), ...change });
  }
  function refused(code: string, mandate: unknown, change: Partial<VerifyMandateOptions> = {}): void {
    assert.throws(() => check(mandate, change), { name: "AppError", code: `mandate-${code}` });
  }
  return { time, world, trust, sample, subject, plan: sample.plan(), check, refused };
}
