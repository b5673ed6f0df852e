import type { AtConnection } from "./at-connection.ts";
import type { AtKeys } from "./at-keys.ts";
import { toAtSign } from "./at-sign.ts";
import { authenticateCram, authenticatePkam } from "./authenticate.ts";
import { deleteCommand, updateCommand } from "./codec/commands.ts";
import type { LookUpOptions } from "./directory.ts";
import { loginKey } from "./login-key.ts";
import { defaultTimeoutMs, withConnection } from "./with-connection.ts";

export interface ActivateOptions extends LookUpOptions {
  readonly atSign: string;
  readonly cramSecret: string;
  /** Write them to disk before calling: after activation nothing else opens the atSign. */
  readonly keys: AtKeys;
}

/**
 * Binds a new atSign to its keys (specification 8.2, legacy flow). Until the last step the secret stays valid, so a
 * broken-off activation can be repeated with the same keys; afterwards the server refuses it with AT0401.
 */
export async function activate(options: ActivateOptions): Promise<void> {
  const { cramSecret, keys, timeoutMs = defaultTimeoutMs } = options;
  const atSign = toAtSign(options.atSign);
  await withConnection(atSign, options, async (connection) => {
    await authenticateCram(connection, atSign, cramSecret, timeoutMs);
    await connection.request(
      updateCommand("privatekey:at_pkam_publickey", {}, keys.pkamPublicKey),
      timeoutMs,
    );
    await authenticatePkam(connection, atSign, loginKey(keys.pkamPrivateKey), { timeoutMs });
    await finishActivation(connection, atSign, keys, timeoutMs);
  });
}

/** The last steps of both flows: publishes the encryption key, then gives the activation secret up. */
export async function finishActivation(
  connection: AtConnection,
  atSign: string,
  keys: AtKeys,
  timeoutMs: number,
): Promise<void> {
  await connection.request(
    updateCommand(`public:publickey${atSign}`, {}, keys.encryptionPublicKey),
    timeoutMs,
  );
  await connection.request(deleteCommand("privatekey:at_secret"), timeoutMs);
}
