import type { AtServer } from "../at-server.ts";
import { NotificationSender } from "../notification-sender.ts";
import type { Federation } from "./federation.ts";
import { type Network, OutboundPool } from "./outbound-pool.ts";
import { rememberPublicKey } from "./public-keys.ts";
import { SigningKeys } from "./signing-keys.ts";

/** What connects a server with those of other processes. `neighbours` are those of its own. */
export function makeFederation(
  server: AtServer,
  network: Network,
  neighbours: ReadonlyMap<string, AtServer>,
): Federation {
  const sender = new NotificationSender(server, server.store);
  let ephemeral: NotificationSender | undefined;
  return {
    outbound: new OutboundPool(server, network),
    sender: {
      start: () => sender.start(),
      enqueue(notification, sentAt) {
        if (notification.isEphemeral !== true) return sender.enqueue(notification, sentAt);
        ephemeral ??= new NotificationSender(server, server.store.held);
        return ephemeral.enqueue(notification, sentAt);
      },
      close() {
        sender.close();
        ephemeral?.close();
      },
    },
    signingKeys: new SigningKeys(server),
    publicKeyWritten(record) {
      // Those of other processes see it when they connect.
      for (const peer of neighbours.values())
        if (peer !== server && peer.record(`cached:${record.key}`))
          rememberPublicKey(peer, server.atSign, record);
    },
    async hostOf(atSign) {
      const address = await network.find(atSign).catch(() => undefined);
      return address?.host;
    },
  };
}
