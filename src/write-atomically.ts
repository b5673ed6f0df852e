import { rename, writeFile } from "node:fs/promises";

/** Replaces a file in a single step: readers see the old or the new text, never a part. 0600 unless `mode` says else. */
export async function writeAtomically(
  file: string,
  text: string,
  o: { readonly mode?: number; readonly flush?: boolean } = {},
): Promise<void> {
  const { mode = 0o600, flush = false } = o;
  await writeFile(`${file}.new`, text, { mode, flush });
  await rename(`${file}.new`, file);
}
