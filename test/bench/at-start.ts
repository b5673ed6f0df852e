import { generateAtKeys } from "@atsign/atsdk";
import { atSignsOf, startServers, withFolder } from "./at-servers.ts";
import { type Figure, figure, median, times } from "./figure.ts";

const atServers = 16;

/** Seconds until atServers answer: when they start for the first time with keys to be made, and later. */
export async function atStarts(n: number): Promise<readonly Figure[]> {
  const [first, later, node]: [number[], number[], number[]] = [[], [], []];
  const atSigns = atSignsOf(atServers);
  for (let count = 0; count < n; count += 1) {
    await withFolder(async (folder, children) => {
      const start = async (): Promise<number> => {
        const [ms = Number.NaN] = await times(1, () => startServers(children, folder, atSigns));
        await children.stop();
        return ms / 1_000;
      };
      first.push(await start());
      later.push(await start());
      const [bare = Number.NaN] = await times(1, () => children.start("./bare-node.ts", []));
      node.push(bare / 1_000);
    });
  }
  const keys = await times(1, () => Promise.all(atSigns.map(() => generateAtKeys())));
  const [makeKeys, bare] = [median(keys) / 1_000, median(node)];
  return [
    figure("start of a bare Node.js process", "s", node),
    figure(`first start of ${atServers} atServers`, "s", first, {
      target: 15,
      limit: {
        value: makeKeys + bare,
        of: `the keys of ${atServers} atSigns (${2 * atServers} RSA pairs) + a bare process`,
      },
    }),
    figure(`start of ${atServers} atServers with existing keys`, "s", later, {
      target: 1,
      limit: { value: bare, of: "a bare process" },
      note: `${(median(later) / bare).toFixed(1)} × that`,
    }),
  ];
}
