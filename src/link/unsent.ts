import { BoundedMap } from "../bounded-map.ts";
import { canonicalHash } from "../canonical.ts";
import type { OutgoingEnvelope } from "../link-types.ts";
import type { SealedEnvelope } from "./envelope.ts";

/** Of both sides' grants: a container sealed under others is of no use. */
type Serials = readonly (readonly [number, number])[];

const maxKept = 256;
const maxBytes = 32 * 1024;

/**
 * Containers that were sealed and written down, but could not be sent. The next try sends the same bytes under the
 * same message id, so that an outage adds one line to the journal and not one per try. A message that did go out is
 * sealed anew: servers deliver an id once.
 */
export class Unsent {
  readonly #kept = new BoundedMap<string, SealedEnvelope>(maxKept);

  /** Takes the container kept for exactly this message, if any. */
  take(envelope: OutgoingEnvelope, serials: Serials): SealedEnvelope | undefined {
    if (this.#kept.size === 0) {
      return undefined;
    }
    const key = keyOf(envelope, serials);
    const found = this.#kept.get(key);
    this.#kept.delete(key);
    return found;
  }

  keep(envelope: OutgoingEnvelope, serials: Serials, sealed: SealedEnvelope): void {
    if (sealed.bytes.length <= maxBytes) {
      this.#kept.set(keyOf(envelope, serials), sealed);
    }
  }
}

/** Everything a container depends on but time and chance. */
function keyOf(envelope: OutgoingEnvelope, serials: Serials): string {
  const { to, kind, subject, body, expiresAt } = envelope;
  const { sequence = null, fencing = null } = envelope;
  return canonicalHash({ to, kind, subject, sequence, body, expiresAt, fencing, serials });
}
