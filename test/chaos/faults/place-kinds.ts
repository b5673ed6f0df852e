import { clockPlaces } from "./clock-places.ts";
import { diskPlace } from "./disk-place.ts";
import type { PlaceKind } from "./place.ts";
import { namespacePlace, sentinelPlace } from "./redis-places.ts";
import { serversPlace } from "./servers-place.ts";

/** All that may happen to what a system stands on. */
export const placeKinds: readonly PlaceKind[] = [
  serversPlace,
  sentinelPlace,
  namespacePlace,
  ...clockPlaces,
  diskPlace,
];
