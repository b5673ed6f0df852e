import type { Content } from "../../src/record-types.ts";
import type { Opening } from "./open-rows.ts";
import type { RecordTables } from "./record-schema.ts";
import type { RunKey } from "./run-keys.ts";
import type { SealPlace } from "./sealed.ts";

/** A run's texts: how they are named, sealed and opened. */

type ContentId = Omit<Content, "value">;
export function contentPlace(content: ContentId): SealPlace {
  return { table: "contents", row: contentName(content), column: "value", version: 1 };
}
export const ofContents: Opening<RecordTables["contents"], Content> = {
  table: "contents",
  id: contentName,
  run: (row) => row.run,
  open: openContent,
};
export function openContent({ value, ...id }: RecordTables["contents"], key: RunKey): Content {
  return { ...id, value: key.open(contentPlace(id), value) };
}
export function contentName({ run, revision, step, name }: ContentId): string {
  return `${run}/${revision}/${step}/${name}`;
}
