import { existsSync } from "node:fs";
import { activate, AtClient, generateAtKeys, writeAtKeysFile } from "@atsign/atsdk";
import { AppError } from "../errors.ts";
import { readPrivateAtKeys } from "./private-at-keys.ts";

/**
 * Sees to it that an atSign is activated with the keys in `file`, which are made when it is new. Keys are written
 * before they are used, so that a kill in between is repaired by the next call. `cramSecret` is undefined once the
 * atSign was activated; then its keys must be there (`keys-missing`).
 */
export async function activateAtSign(o: {
  readonly atSign: string;
  readonly file: string;
  readonly cramSecret: string | undefined;
  readonly directory: { readonly host: string; readonly port: number };
  /** PEM text. */
  readonly ca: string;
}): Promise<void> {
  const { atSign, file, cramSecret, directory, ca } = o;
  if (!existsSync(file)) {
    if (cramSecret === undefined) {
      throw new AppError(
        "keys-missing",
        `${atSign} is activated, but its keys are not in ${file}: restore them from a backup`,
      );
    }
    await writeAtKeysFile(file, await generateAtKeys());
  }
  if (cramSecret === undefined) {
    return;
  }
  const address = { atSign, directory, ca, keys: await readPrivateAtKeys(file) };
  try {
    await activate({ ...address, cramSecret });
  } catch (error) {
    // Activated with these keys already, by a call that was ended before anybody noted that.
    const client = await AtClient.open(address).catch(() => undefined);
    if (client === undefined) {
      throw error;
    }
    await client.close();
  }
}
