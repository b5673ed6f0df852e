import { Cluster, Redis } from "ioredis";
import { doneWithin } from "./done-within.ts";
import type { RedisPlace } from "./redis-url.ts";

/**
 * A connection whose other end has vanished without a word is made anew after this: it may be a master that another one
 * has taken over from. Longer than BullMQ waits for a job at a time, which is 10 s.
 */
const silenceMs = { blocking: 15_000, other: 5_000 };

/** A connection to a Redis in one of its forms. `blocking`: it waits for jobs, however long the Redis is away. */
export function connectRedis(
  place: RedisPlace,
  o: { readonly blocking: boolean; readonly commandMs: number },
): Redis | Cluster {
  const patience = o.blocking
    ? { maxRetriesPerRequest: null, socketTimeout: silenceMs.blocking }
    : { maxRetriesPerRequest: 3, commandTimeout: o.commandMs, socketTimeout: silenceMs.other };
  if (place.kind === "socket") {
    return new Redis(place.path, patience);
  }
  const { username, password } = place;
  const options = {
    ...patience,
    ...(place.tls ? { tls: {} } : {}),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
  switch (place.kind) {
    case "single":
      return new Redis({ ...options, ...place.node, db: place.database });
    case "sentinel":
      return new Redis({
        ...options,
        sentinels: [...place.sentinels],
        name: place.master,
        db: place.database,
        enableTLSForSentinelMode: place.tls,
        // Not its `failoverDetector`: told of a new master while it connects, it ends the connection for good.
        reconnectOnError: (error) => (error.message.startsWith("READONLY") ? 2 : false),
      });
    case "cluster":
      return new Cluster([...place.nodes], { redisOptions: options });
  }
}

/** Whether a Redis answers within `ms`: one that stands still does not, though it takes connections. */
export async function redisAnswers(place: RedisPlace, ms: number): Promise<boolean> {
  const client = connectRedis(place, { blocking: false, commandMs: ms });
  client.on("error", () => undefined);
  try {
    return await doneWithin(client.ping(), ms);
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

/** Before the names of the queue's keys. In a Cluster all keys of a queue must lie on one node: the braces see to it. */
export function keyPrefix(place: RedisPlace): string {
  return place.kind === "cluster" ? "{countersign}" : "bull";
}
