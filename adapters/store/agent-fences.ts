import type { Kysely } from "kysely";
import { AppError } from "../../src/errors.ts";
import type { Fence, InstanceLease } from "../../src/instance-types.ts";
import type { AgentStoreTables } from "./agent-store-tables.ts";

type Tx = Kysely<AgentStoreTables>;

/** The next lease of an agent, from now on the one of this instance. */
export async function newLease(tx: Tx, agent: string, instance: string): Promise<InstanceLease> {
  const { token: number } = await tx
    .insertInto("agent_leases")
    .values({ agent, instance, token: 1, frozen: null })
    .onConflict((conflict) =>
      conflict.column("agent").doUpdateSet((eb) => ({ instance, token: eb("agent_leases.token", "+", 1) })),
    )
    .returning("token")
    .executeTakeFirstOrThrow();
  await tx
    .insertInto("agent_instances")
    .values({ agent, instance, lease: number })
    .onConflict((conflict) => conflict.columns(["agent", "instance"]).doUpdateSet({ lease: number }))
    .execute();
  return { instance, number };
}

interface Held {
  readonly agent: string;
  readonly lease: InstanceLease;
  readonly fence: Fence;
  readonly now: number;
  readonly effect: boolean;
}

/**
 * Fails with "fenced" unless the lease is its instance's newest and no higher token was seen for the step; a token above
 * 1 is remembered. Fails with "frozen" for an effect while a freeze is known. Begins with an update that changes nothing: on PostgreSQL it locks the agent's row until the
 * commit, so that all units of an agent, of whatever instance, run one after the other there too.
 */
export async function holdFence(tx: Tx, held: Held): Promise<void> {
  const { agent, lease, fence } = held;
  const [frozen, current, passed] = await Promise.all([
    lockAgent(tx, agent),
    tx
      .selectFrom("agent_instances")
      .select("lease")
      .where("agent", "=", agent)
      .where("instance", "=", lease.instance)
      .where("lease", "=", lease.number)
      .executeTakeFirst(),
    passFence(tx, held),
  ]);
  if (current === undefined) {
    throw new AppError(
      "fenced",
      `lease ${lease.number} of instance "${lease.instance}" of agent "${agent}" is not its current one`,
    );
  }
  if (held.effect && frozen !== null) {
    throw new AppError("frozen", "the company is frozen: no effects until two people lift it", {
      retryable: true,
    });
  }
  if (!passed) {
    const { run, revision, step } = fence.inbox.subject;
    throw new AppError(
      "fenced",
      `token ${fence.token} of ${run}.${revision}.${step} is not the highest: another instance has taken over`,
    );
  }
}

/** Puts the units of an agent in order, see `holdFence`; gives the serial of the freeze in force, or null. */
export async function lockAgent(tx: Tx, agent: string): Promise<number | null> {
  const row = await tx
    .updateTable("agent_leases")
    .set((eb) => ({ token: eb.ref("token") }))
    .where("agent", "=", agent)
    .returning("frozen")
    .executeTakeFirst();
  return row?.frozen ?? null;
}

async function passFence(tx: Tx, { agent, fence, now }: Held): Promise<boolean> {
  const { token, inbox } = fence;
  const { run, revision, step } = inbox.subject;
  if (token > 1) {
    const raised = await tx
      .insertInto("agent_fences")
      .values({ agent, sender: inbox.sender, run, revision, step, token, at: now })
      .onConflict((conflict) =>
        conflict
          .columns(["agent", "sender", "run", "revision", "step"])
          .doUpdateSet({ token, at: now })
          .where("agent_fences.token", "<=", token),
      )
      .returning("token")
      .execute();
    return raised.length === 1;
  }
  // Nearly every step is done by the instance chosen first: nothing is written for it.
  const taken = await tx
    .selectFrom("agent_fences")
    .select("token")
    .where("agent", "=", agent)
    .where("sender", "=", inbox.sender)
    .where("run", "=", run)
    .where("revision", "=", revision)
    .where("step", "=", step)
    .executeTakeFirst();
  return taken === undefined;
}
