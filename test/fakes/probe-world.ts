import type { Party } from "./host-world.ts";
import { HostWorld } from "./host-world.ts";
import { grantedSkills, resetProbe } from "./probe-agent.ts";

/** A host's world for `probeAgent`, which has done nothing yet, and the bot that talks to it. */
export async function probeWorld(): Promise<{ readonly world: HostWorld; readonly bot: Party }> {
  resetProbe();
  const world = await HostWorld.open(grantedSkills);
  return { world, bot: await world.party("bot") };
}
