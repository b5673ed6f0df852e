const words = {
  pending: "to do",
  queued: "queued",
  waiting: "working",
  completed: "done",
  failed: "failed",
  skipped: "skipped",
  compensating: "undoing",
  compensated: "undone",
};
const runWords = {
  running: "In progress",
  waiting: "Waiting",
  compensating: "Undoing",
  completed: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};
const toneOfRun = { completed: "good", failed: "bad", cancelled: "bad", waiting: "waiting" };
const reasons = { rejected: "Rejected", expired: "Expired", requested: "Cancelled" };

/** How long a step took, or where it stands. @param {any} step @param {boolean} paused a person is waited for */
export function stepNote({ status, ms }, paused) {
  if (status === "completed") {
    return duration(ms);
  }
  return status === "waiting" && paused
    ? "waiting"
    : (words[/** @type {keyof typeof words} */ (status)] ?? status);
}
/** @param {{status: keyof typeof runWords, reason: keyof typeof reasons | null, paused: boolean}} run */
export function runWord({ status, reason, paused }) {
  if (paused) {
    return "Paused";
  }
  return (status === "cancelled" && reason !== null ? reasons[reason] : runWords[status]) ?? status;
}
/** @param {string} status */
export function runTone(status) {
  return toneOfRun[/** @type {keyof typeof toneOfRun} */ (status)] ?? "neutral";
}
/** @param {string} status */
export function isOpen(status) {
  return status === "running" || status === "waiting" || status === "compensating";
}
/** @param {number | null} ms */
function duration(ms) {
  if (ms === null) {
    return "";
  }
  if (ms < 1000) {
    return `${ms} ms`;
  }
  const seconds = ms / 1000;
  return seconds < 60
    ? `${seconds.toFixed(1)} s`
    : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
/** As on the cards, wherever the browser is: "2026-01-31 14:05 UTC". @param {number} ms */
export function dateTime(ms) {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
