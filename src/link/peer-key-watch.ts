import type { ResumeMemory } from "./resume-point.ts";

/** What the atProtocol client asks about the peers' encryption keys, which it knows from the servers alone. */
export interface PeerKeyWatch {
  readonly peerKeys: {
    get(peer: string): Promise<string | undefined>;
    set(peer: string, fingerprint: string): Promise<void>;
  };
  readonly onPeerKeyChange: (change: { readonly peer: string }) => true;
}

/**
 * Remembers the peers' atProtocol keys over restarts and tells of each that changed. A changed key is used all the same:
 * its owner may have renewed it, and if a server put it there, it reads containers that are sealed for granted keys.
 */
export function watchPeerKeys(
  memory: ResumeMemory,
  note: (change: { readonly peer: string; readonly code: "peer-key-changed" }) => void,
): PeerKeyWatch {
  const key = (peer: string): string => `peer-key:${peer}`;
  return {
    peerKeys: {
      get: (peer) => memory.getValue(key(peer)),
      set: (peer, fingerprint) => memory.setValue(key(peer), fingerprint),
    },
    onPeerKeyChange({ peer }) {
      note({ peer, code: "peer-key-changed" });
      return true;
    },
  };
}
