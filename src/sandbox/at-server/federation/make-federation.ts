import type { AtServer, Federation } from "../at-server.ts";
import { NotificationSender } from "../notification-sender.ts";
import { type Network, OutboundPool } from "./outbound-pool.ts";
import { SigningKeys } from "./signing-keys.ts";

/** What connects a server with those of other processes. */
export function makeFederation(server: AtServer, network: Network): Federation {
  return {
    outbound: new OutboundPool(server, network),
    sender: new NotificationSender(server),
    signingKeys: new SigningKeys(server),
    async hostOf(atSign) {
      const address = await network.find(atSign).catch(() => undefined);
      return address?.host;
    },
  };
}
