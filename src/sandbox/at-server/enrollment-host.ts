import type { AtStore } from "./at-store.ts";
import type { Behaviour } from "./behaviour.ts";
import type { MetadataChange } from "./metadata-fields.ts";
import type { StoredRecord } from "./record.ts";
import type { ServerSettings } from "./server-settings.ts";

/** Resolves after `ms`; rejects when `signal` aborts before. */
export type Delay = (ms: number, signal: AbortSignal) => Promise<void>;

/** What enrollments need of the server they belong to. */
export interface EnrollmentHost {
  readonly atSign: string;
  readonly store: AtStore;
  readonly clock: () => number;
  readonly delay: Delay;
  readonly behaviour: Behaviour;
  readonly settings: ServerSettings;
  record(key: string): StoredRecord | undefined;
  putRecord(key: string, value: string, change: MetadataChange): number;
  deleteRecord(key: string): number;
  sendSelf(event: { readonly key: string; readonly value: string; readonly ttln: number }): void;
}
