import type { Redis } from "ioredis";

/** All that a Redis server holds, as bytes; its own dumps are compressed. */
export async function keysAndValues(client: Redis): Promise<Buffer> {
  const parts: string[] = [];
  for (const key of await client.keys("*")) {
    parts.push(key, await valueOf(client, key));
  }
  return Buffer.from(parts.join("\n"));
}
async function valueOf(client: Redis, key: string): Promise<string> {
  const type = await client.type(key);
  switch (type) {
    case "string":
      return (await client.get(key)) ?? "";
    case "hash":
      return JSON.stringify(await client.hgetall(key));
    case "list":
      return JSON.stringify(await client.lrange(key, 0, -1));
    case "set":
      return JSON.stringify(await client.smembers(key));
    case "zset":
      return JSON.stringify(await client.zrange(key, "0", "-1"));
    case "stream":
      return JSON.stringify(await client.xrange(key, "-", "+"));
    default:
      throw new Error(`the queue holds a value of type ${type}, which this test cannot look into`);
  }
}
