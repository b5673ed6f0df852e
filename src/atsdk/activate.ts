import { AtConnection } from "./at-connection.ts";
import type { AtKeys } from "./at-keys.ts";
import { toAtSign } from "./at-sign.ts";
import { authenticateCram, authenticatePkam } from "./authenticate.ts";
import { lookUp, type LookUpOptions } from "./directory.ts";
import { rsaPrivateKey } from "./rsa.ts";
import { tlsTransport } from "./transport.ts";

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
  const { cramSecret, keys, ca, transport = tlsTransport, timeoutMs = 10_000 } = options;
  const atSign = toAtSign(options.atSign);
  const address = await lookUp(atSign, options);
  const connection = await AtConnection.open(transport, {
    ...address,
    timeoutMs,
    ...(ca === undefined ? {} : { ca }),
  });
  try {
    await authenticateCram(connection, atSign, cramSecret, timeoutMs);
    await connection.request(`update:privatekey:at_pkam_publickey ${keys.pkamPublicKey}`, timeoutMs);
    await authenticatePkam(connection, atSign, rsaPrivateKey(keys.pkamPrivateKey), { timeoutMs });
    await connection.request(`update:public:publickey${atSign} ${keys.encryptionPublicKey}`, timeoutMs);
    await connection.request("delete:privatekey:at_secret", timeoutMs);
  } finally {
    connection.close();
  }
}
