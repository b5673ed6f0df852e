import { type AtKeys, readAtKeysFile } from "@atsign/atsdk";
import { refuseOpenFile } from "../keys.ts";

/**
 * Keys of a `.atKeys` file, which are as good as clear: throws `key-file-open` when others may read them, ENOENT when
 * there is none, and what `readAtKeysFile` throws.
 */
export async function readPrivateAtKeys(file: string): Promise<AtKeys> {
  await refuseOpenFile(file);
  return readAtKeysFile(file);
}
