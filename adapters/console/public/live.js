import { answerMs, eventsAddress, get, me } from "./api.js";
import { takeApprovals, tellApproval } from "./approvals-state.js";
import { takeConversations, tellConversation } from "./conversations.js";
import { change, state } from "./store.js";
import { takeUndos, tellUndo } from "./undos-state.js";

const firstPauseMs = 500;
const longestPauseMs = 5_000;
/** What was asked for elsewhere (terminal, other chats) is found by looking again. */
const lookAgainMs = 10_000;

let source = /** @type {EventSource | null} */ (null);
let retry = /** @type {ReturnType<typeof setTimeout> | null} */ (null);
let unheard = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
let pauseMs = firstPauseMs;
let looking = false;
/** Events that come while the state is being loaded: told again on top of it. */
let arrived = /** @type {any[]} */ ([]);

/** Opens the stream and keeps it open. The state is loaded each time it opens, so nothing is missed or doubled. */
export function connect() {
  source = new EventSource(eventsAddress);
  unheard = setTimeout(reconnectLater, answerMs);
  source.addEventListener("ready", () => {
    clearTimeout(unheard);
    load().catch(reconnectLater);
  });
  source.addEventListener("card", (event) => {
    const told = JSON.parse(event.data);
    arrived.push(told);
    tell(told);
  });
  source.addEventListener("notice", (event) => change({ notice: JSON.parse(event.data).text }));
  source.addEventListener("error", reconnectLater);
}
function reconnectLater() {
  clearTimeout(unheard);
  source?.close();
  source = null;
  change({ connection: "lost" });
  retry ??= setTimeout(() => {
    retry = null;
    // A session that ended meanwhile shows here, and leads to the sign-in page.
    me().then(connect, reconnectLater);
  }, pauseMs);
  pauseMs = Math.min(pauseMs * 2, longestPauseMs);
}

async function load() {
  arrived = [];
  const [chat, approvals, undos, requests] = await Promise.all([
    get("/chat"),
    get("/approvals"),
    get("/undos"),
    get("/requests"),
  ]);
  takeConversations(chat);
  takeApprovals(approvals);
  takeUndos(undos);
  change({ requests });
  for (const told of arrived.splice(0)) {
    tell(told);
  }
  pauseMs = firstPauseMs;
  change({ connection: "live" });
}
/** @param {{key: string, card: any}} told */
function tell(told) {
  tellConversation(told);
  if (told.key.startsWith("approval-")) {
    tellApproval(told);
  } else if (told.key.startsWith("undo-")) {
    tellUndo(told);
  }
}

/** Looks again at lists that changes made elsewhere may have reached. */
export async function lookAgain() {
  if (state.connection !== "live" || looking) {
    return;
  }
  looking = true;
  try {
    const [approvals, undos, requests] = await Promise.all([
      get("/approvals"),
      get("/undos"),
      get("/requests"),
    ]);
    takeApprovals(approvals);
    takeUndos(undos);
    change({ requests });
  } catch (error) {
    // A stream says nothing of a bot that stands still. What else fails is found again by the next look.
    if (error?.code === "offline" && !document.hidden) {
      reconnectLater();
    }
  } finally {
    looking = false;
  }
}
setInterval(() => void lookAgain(), lookAgainMs);

// Browsers keep about six connections to one place for all tabs together: a tab that nobody sees gives its own back,
// and only looks again now and then.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    clearTimeout(unheard);
    source?.close();
    source = null;
    clearTimeout(retry ?? undefined);
    retry = null;
  } else if (source === null && retry === null) {
    me().then(connect, reconnectLater);
  }
});
