/** Times as people read them: always UTC, and saying so. `ms` since 1970. "2026-01-31 14:05 UTC" */
export function isoMinute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
/** Where the order of events is told: "2026-01-31 14:05:09 UTC" */
export function isoSecond(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
