/**
 * How long to wait before try number `tries` (from 0), in whole milliseconds: twice as long each time, up to
 * `longestMs`; of that a random part, at most half, is left out, so that not all who were refused come back at once.
 * `random` gives 0 to 1.
 */
export function backOffMs(
  tries: number,
  o: { readonly firstMs: number; readonly longestMs: number; readonly random: () => number },
): number {
  const full = Math.min(o.firstMs * 2 ** tries, o.longestMs);
  return Math.round(full * (0.5 + o.random() / 2));
}
