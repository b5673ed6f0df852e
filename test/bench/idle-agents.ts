import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { atSignsOf, withAtServers } from "./at-servers.ts";
import type { Child } from "./child.ts";
import type { Figure } from "./figure.ts";

const stateSchema = z.object({ sockets: z.number() });

/** What agents cost that wait for messages: their atServers, and the process of one of them. */
export async function idleAgents(agents: number, ms: number): Promise<readonly Figure[]> {
  const atSigns = atSignsOf(agents);
  return withAtServers(atSigns, async ({ children, servers, clients }) => {
    const bare = await children.start("./bare-node.ts", []);
    const alone = await servers.residentMb();
    const one = await clients("idle", atSigns.slice(0, 1));
    await clients("idle", atSigns.slice(1));
    const cpu = async (child: Child): Promise<number> => (await child.usage()).cpu;
    const before = { servers: await cpu(servers), one: await cpu(one) };
    await delay(ms);
    const percent = {
      servers: (100 * ((await cpu(servers)) - before.servers)) / ms,
      one: (100 * ((await cpu(one)) - before.one)) / ms,
    };
    const { sockets } = stateSchema.parse(await one.ask({ state: true }));
    const [node, server, client] = [
      await bare.residentMb(),
      await servers.residentMb(),
      await one.residentMb(),
    ];
    const value = (id: string, unit: string, seen: number, more: Partial<Figure> = {}): Figure => ({
      id,
      unit,
      value: seen,
      n: 1,
      ...more,
    });
    return [
      value("bare Node.js process, resident", "MB", node),
      value(`${agents} idle agents: atServers, resident`, "MB", server, {
        note: `${(server / node).toFixed(1)} × a bare Node.js process; ${alone.toFixed(0)} MB before the agents connected`,
      }),
      value(`${agents} idle agents: atServers, CPU`, "%", percent.servers, {
        note: `of one core over ${ms / 1_000} s`,
      }),
      value("one idle client process, resident", "MB", client, {
        note: `${(client / node).toFixed(1)} × a bare Node.js process`,
      }),
      value("one idle client process, CPU", "%", percent.one, { note: `of one core over ${ms / 1_000} s` }),
      value("connections of one instance", "", sockets, { target: 2 }),
    ];
  });
}
