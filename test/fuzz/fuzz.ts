import { checkCommands, checkReplies } from "./client-codec.ts";
import { FuzzRandom } from "./fuzz-random.ts";
import { checkFraming, checkSegments, FuzzServer } from "./server-codec.ts";

const wholeServerEvery = 50;
const checks = [checkReplies, checkCommands, checkFraming, checkSegments];

export interface FuzzOptions {
  readonly seed: number;
  /** The first input, and how many. */
  readonly from: number;
  readonly inputs: number;
  /** Told now and then which input comes next. */
  readonly onProgress?: (next: number) => void;
}

/**
 * Puts inputs to both codecs of the atProtocol, one in fifty of them to a whole atServer. Throws, naming the input, at
 * the first that crashes one, leaves a buffer unbounded or gives another result than it should.
 */
export async function fuzz({ seed, from, inputs, onProgress }: FuzzOptions): Promise<void> {
  const server = new FuzzServer();
  try {
    for (let index = from; index < from + inputs; index++) {
      const random = new FuzzRandom(seed, index);
      try {
        if (index % wholeServerEvery === 0) await server.check(random);
        else checks[index % checks.length]?.(random);
      } catch (error) {
        throw new Error(`input ${index} of seed ${seed} fails: --seed ${seed} --from ${index} --inputs 1`, {
          cause: error,
        });
      }
      if (index % 100_000 === 99_999) onProgress?.(index + 1);
    }
  } finally {
    server.close();
  }
}
