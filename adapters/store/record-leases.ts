import { farWaitMs } from "../../src/clock-ahead.ts";
import type { LeaseRecord } from "../../src/record-types.ts";
import { beginDraw } from "./record-cards.ts";
import type { Database } from "./database.ts";
import type { RecordTables } from "./record-schema.ts";

/** See `LeaseRecord`. */
export function recordLeases(database: Database<RecordTables>): LeaseRecord {
  return {
    async hold(name, holder, { now, leaseMs }) {
      const until = now + leaseMs;
      const held = await database.unit((tx) =>
        tx
          .insertInto("leases")
          .values({ name, holder, until })
          .onConflict((conflict) =>
            conflict
              .column("name")
              .doUpdateSet({ holder, until })
              .where((eb) =>
                eb.or([
                  eb("leases.holder", "=", holder),
                  eb("leases.until", "<=", now),
                  // Of a clock that was ahead.
                  eb("leases.until", ">", now + farWaitMs),
                ]),
              ),
          )
          .returning("name")
          .execute(),
      );
      return held.length === 1;
    },

    draw: (card, lease) => beginDraw(database, card, lease),

    async release(holder) {
      await database.unit((tx) => tx.deleteFrom("leases").where("holder", "=", holder).execute());
    },

    async held(prefix, now) {
      const rows = await database.read((db) =>
        db
          .selectFrom("leases")
          .select(["name", "holder"])
          .where("until", ">", now)
          .where("until", "<=", now + farWaitMs)
          .where((eb) => eb(eb.fn<string>("substr", ["name", eb.val(1), eb.val(prefix.length)]), "=", prefix))
          .orderBy("name")
          .execute(),
      );
      return rows;
    },
  };
}
