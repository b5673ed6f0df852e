import type { ResumeMemory } from "./resume-point.ts";

/** What the atProtocol client asks about the peers' encryption keys, and tells of what it refused. */
export interface RefusalWatch {
  readonly peerKeys: {
    get(peer: string): Promise<string | undefined>;
    set(peer: string, fingerprint: string): Promise<void>;
  };
  readonly onPeerKeyChange: (change: { readonly peer: string }) => true;
  readonly onRefused: (code: string) => void;
}

/**
 * Remembers the peers' atProtocol keys over restarts and tells of each that changed. A changed key is used all the same:
 * its owner may have renewed it, and if a server put it there, it reads containers that are sealed for granted keys.
 * Tells also of what the client refused at its own boundary.
 */
export function watchRefusals(
  memory: ResumeMemory,
  note: (refusal: { readonly peer: string | null; readonly code: string }) => void,
): RefusalWatch {
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
    onRefused: (code) => note({ peer: null, code }),
  };
}
