import { lockAgent } from "./agent-fences.ts";
import type { AgentStoreTables } from "./agent-store-tables.ts";
import type { Database } from "./database.ts";
import { inBatches, keptMs } from "./record-prune.ts";

/** Requests per unit: other agents wait for a unit. */
const batch = 200;

/**
 * Deletes an agent's old finished requests with the replies stored to them, in small units; resolves with the number
 * of requests. One whose reply is still to be delivered stays.
 */
export async function pruneAgent(
  database: Database<AgentStoreTables>,
  agent: string,
  now: number,
): Promise<number> {
  const before = now - keptMs;
  await database.unit(async (tx) => {
    await tx.deleteFrom("agent_fences").where("agent", "=", agent).where("at", "<", before).execute();
    await tx.deleteFrom("shadow_rows").where("at", "<", before).execute();
  });
  return inBatches(database, async (tx) => {
    // Another instance may be pruning too.
    await lockAgent(tx, agent);
    const old = await tx
      .selectFrom("agent_inbox")
      .innerJoin("agent_outbox", (join) =>
        join
          .onRef("agent_outbox.agent", "=", "agent_inbox.agent")
          .onRef("agent_outbox.id", "=", "agent_inbox.reply"),
      )
      .select(["agent_inbox.key", "agent_inbox.reply"])
      .where("agent_inbox.agent", "=", agent)
      .where("agent_inbox.at", "<", before)
      .where("agent_outbox.open", "=", 0)
      .limit(batch)
      .execute();
    if (old.length === 0) {
      return { numDeletedRows: 0n };
    }
    const keys = old.map((each) => each.key);
    const replies = old.map((each) => each.reply);
    // Both or neither: a request known without its reply could never be answered again.
    const [removed] = await Promise.all([
      tx.deleteFrom("agent_inbox").where("agent", "=", agent).where("key", "in", keys).executeTakeFirst(),
      tx.deleteFrom("agent_outbox").where("agent", "=", agent).where("id", "in", replies).execute(),
    ]);
    return removed;
  });
}
