import type { Kysely } from "kysely";
import { z } from "zod";
import type { KnownFreeze } from "../../src/safety-types.ts";
import type { AgentStoreTables } from "./agent-store-tables.ts";
import { lockAgent } from "./agent-fences.ts";

/** What an agent knows of the company's freeze: its papers as a value, and in the agent's row what every unit looks at. */

const key = "freeze";
const known = z.strictObject({ serial: z.int(), frozen: z.boolean(), papers: z.string() });

export async function readFreeze(
  db: Kysely<AgentStoreTables>,
  agent: string,
): Promise<KnownFreeze | undefined> {
  const row = await db
    .selectFrom("agent_values")
    .select("value")
    .where("agent", "=", agent)
    .where("key", "=", key)
    .executeTakeFirst();
  return row && known.parse(JSON.parse(row.value));
}

/** True when it was news. Units of the agent that are under way are over first. */
export async function writeFreeze(
  tx: Kysely<AgentStoreTables>,
  agent: string,
  freeze: KnownFreeze,
): Promise<boolean> {
  await lockAgent(tx, agent);
  const before = await readFreeze(tx, agent);
  const isOld =
    before !== undefined &&
    (before.serial > freeze.serial ||
      (before.serial === freeze.serial && (before.frozen === freeze.frozen || freeze.frozen)));
  if (isOld) {
    return false;
  }
  const { serial, frozen, papers } = freeze;
  const value = JSON.stringify({ serial, frozen, papers });
  await tx
    .insertInto("agent_values")
    .values({ agent, key, value })
    .onConflict((conflict) => conflict.columns(["agent", "key"]).doUpdateSet({ value }))
    .execute();
  await tx
    .updateTable("agent_leases")
    .set({ frozen: frozen ? serial : null })
    .where("agent", "=", agent)
    .execute();
  return true;
}
