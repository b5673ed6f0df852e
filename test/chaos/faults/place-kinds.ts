import type { PlaceKind } from "./place.ts";
import { serversPlace } from "./servers-place.ts";

/** All that may happen to what a system stands on. */
export const placeKinds: readonly PlaceKind[] = [serversPlace];
