import { aliceKeys, bobKeys } from "../../unit/atsdk/vectors.ts";

/** The fixture's keys, so that no run waits for key generation. */
export const atKeysOf = { "@cs-bot": aliceKeys, "@cs-supply": bobKeys } as const;
