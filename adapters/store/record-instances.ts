import type { Kysely } from "kysely";
import { z } from "zod";
import { givenAfter, limitWait } from "../../src/agent-limit.ts";
import type { Assignment, Bounded, HeldBack, InstanceStore } from "../../src/instance-types.ts";
import type { OutboxRow } from "../../src/record-types.ts";
import type { Database } from "./database.ts";
import type { RecordTables } from "./record-schema.ts";

/** Who was given the steps of new messages, each step once: the latest. */
export function assignmentsOf(rows: readonly OutboxRow[]): readonly RecordTables["assignments"][] {
  const latest = new Map<string, RecordTables["assignments"]>();
  for (const { instance, fencing: token, subject } of rows) {
    const { run, revision, step } = subject;
    const name = JSON.stringify([run, revision, step]);
    if (instance !== undefined && token !== undefined && token > (latest.get(name)?.token ?? 0)) {
      latest.set(name, { run, revision, step, instance, token });
    }
  }
  return [...latest.values()];
}

/** See `InstanceStore`. */
export function recordInstances(database: Database<RecordTables>): InstanceStore {
  return {
    assign: (row, instance) => database.unit((tx) => assign(tx, row, instance)),

    assignWithin: (bounded, row, instance) =>
      database.unit(async (tx) => (await takePlace(tx, row, bounded)) ?? assign(tx, row, instance)),

    assignment: ({ run, revision, step }) =>
      database.read((db) =>
        db
          .selectFrom("assignments")
          .select(["instance", "token"])
          .where("run", "=", run)
          .where("revision", "=", revision)
          .where("step", "=", step)
          .executeTakeFirst(),
      ),

    assigned: () =>
      database.read((db) =>
        db
          .selectFrom("outbox")
          .select(["id", "recipient as agent", "instance"])
          .where("closed_at", "is", null)
          .where("kind", "=", "request")
          .where("instance", "is not", null)
          .$narrowType<{ instance: string }>()
          .execute(),
      ),

    async release(agent, instance, now) {
      await database.unit((tx) =>
        tx
          .updateTable("outbox")
          .set({ due_at: now })
          .where("recipient", "=", agent)
          .where("instance", "=", instance)
          .where("closed_at", "is", null)
          .where("due_at", ">", now)
          .execute(),
      );
    },

    async keep({ agent, instance, announcement }) {
      await database.unit((tx) =>
        tx
          .insertInto("instances")
          .values({ agent, instance, announcement })
          .onConflict((conflict) => conflict.columns(["agent", "instance"]).doUpdateSet({ announcement }))
          .execute(),
      );
    },

    async drop(agent, instance) {
      await database.unit((tx) =>
        tx.deleteFrom("instances").where("agent", "=", agent).where("instance", "=", instance).execute(),
      );
    },

    kept: () => database.read((db) => db.selectFrom("instances").selectAll().execute()),
  };
}

const times = z.array(z.int());

/** Counts a request against its agent's limit. The agent's row is locked first: all bots take turns at it. */
async function takePlace(
  tx: Kysely<RecordTables>,
  { id, to: agent }: OutboxRow,
  { limit, now, held }: Bounded,
): Promise<HeldBack | undefined> {
  const row = await tx
    .insertInto("agent_loads")
    .values({ agent, given: "[]" })
    .onConflict((conflict) =>
      conflict.column("agent").doUpdateSet((eb) => ({ given: eb.ref("agent_loads.given") })),
    )
    .returning("given")
    .executeTakeFirstOrThrow();
  const given = times.parse(JSON.parse(row.given));
  if (held) {
    const { inFlight } = await tx
      .selectFrom("outbox")
      .select((eb) => eb.cast<number>(eb.fn.countAll(), "bigint").as("inFlight"))
      .where("recipient", "=", agent)
      .where("instance", "is not", null)
      .where("closed_at", "is", null)
      .where("kind", "=", "request")
      .where("id", "<>", id)
      .executeTakeFirstOrThrow();
    const waitMs = limitWait(limit, { inFlight, given }, now);
    if (waitMs !== 0) {
      return { waitMs };
    }
  }
  await tx
    .updateTable("agent_loads")
    .set({ given: JSON.stringify(givenAfter(limit, given, now)) })
    .where("agent", "=", agent)
    .execute();
  return undefined;
}

async function assign(
  tx: Kysely<RecordTables>,
  row: OutboxRow,
  instance: string,
): Promise<Assignment | undefined> {
  const { run, revision, step } = row.subject;
  const { token } = await tx
    .insertInto("assignments")
    .values({ run, revision, step, instance, token: 1 })
    .onConflict((conflict) =>
      conflict.columns(["run", "revision", "step"]).doUpdateSet((eb) => ({
        instance,
        token: eb
          .case()
          .when("assignments.instance", "=", instance)
          .then(eb.ref("assignments.token"))
          .else(eb("assignments.token", "+", 1))
          .end(),
      })),
    )
    .returning("token")
    .executeTakeFirstOrThrow();
  const open = await tx
    .updateTable("outbox")
    .set({ instance, fencing: token })
    .where("id", "=", row.id)
    .where("closed_at", "is", null)
    .returning("id")
    .execute();
  return open.length === 0 ? undefined : { instance, token };
}
