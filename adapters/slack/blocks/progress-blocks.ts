import type { Card } from "../../../src/card.ts";
import { actions, type Block, button, fitting, type Line, lines, plain } from "./elements.ts";
import { line, paragraph } from "./safe-text.ts";
import { actionIds, valueOf } from "./slack-actions.ts";

type Step = Card["steps"][number];

/** None of these signs is one that Slack turns into a picture. */
const marks = {
  pending: "○",
  queued: "○",
  waiting: "◐",
  completed: "✓",
  failed: "✕",
  skipped: "–",
  compensating: "◐",
  compensated: "↺",
} as const;
const words = {
  pending: "to do",
  queued: "queued",
  waiting: "working",
  completed: "done",
  failed: "failed",
  skipped: "skipped",
  compensating: "undoing",
  compensated: "undone",
} as const;

/** One message: where the request stands, then every step with its agent, its atSign and how long it took. */
export function progressBlocks(card: Card): Block[] {
  const isOver = card.tone === "good" || card.tone === "bad";
  const cancel = isOver || card.run === null ? [] : [actions([cancelButton(card.run)])];
  const rooms: [Room, ...Room[]] = [
    { text: 2000, name: 80, steps: 50 },
    { text: 600, name: 40, steps: 25 },
    { text: 300, name: 16, steps: 12 },
  ];
  return fitting(rooms, (room) => [
    lines([[[line(card.title, 300), true]], [paragraph(card.text, room.text)]]),
    ...(card.steps.length === 0 ? [] : [lines(stepLines(card, room))]),
    ...cancel,
  ]);
}
interface Room {
  readonly text: number;
  readonly name: number;
  readonly steps: number;
}

/** Too many: those done first become one line; then the last ones are counted. */
function stepLines({ steps, tone }: Card, room: Room): Line[] {
  const done = steps.findIndex((step) => step.status !== "completed");
  const folded = Math.min(done === -1 ? steps.length : done, Math.max(0, steps.length - room.steps));
  const rest = steps.slice(folded);
  const over = rest.length - room.steps;
  return [
    ...(folded === 0 ? [] : [[`✓ the first ${folded} steps are done`]]),
    ...rest.slice(0, room.steps).map((step) => stepLine(step, tone === "waiting", room.name)),
    ...(over > 0 ? [[`… and ${over} more steps`]] : []),
  ];
}
function stepLine({ label, agent, atSign, status, ms }: Step, paused: boolean, longest: number): Line {
  const name = line(label, longest);
  const who =
    agent === null ? ["bot"] : [line(agent, longest), ...(atSign === null ? [] : [line(atSign, longest)])];
  const working = paused ? "waiting" : words.waiting;
  const state =
    status === "completed" && ms !== null ? durationText(ms) : status === "waiting" ? working : words[status];
  const rest = ` · ${[...who, state].join(" · ")}`;
  const isNow = status === "waiting" || status === "compensating" || status === "failed";
  return isNow ? [`${marks[status]} `, [name, true], rest] : [`${marks[status]} ${name}${rest}`];
}
/** "0.2 s", "2 min 5 s", "3 h 12 min" */
function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) {
    return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function cancelButton(run: string) {
  return button(actionIds.cancel, "Cancel request", valueOf.run({ run }), {
    confirm: {
      title: plain("Cancel this request?", 100),
      text: plain("What was reserved for it is released. What has been ordered stays ordered.", 300),
      confirm: plain("Cancel request", 30),
      deny: plain("Go on", 30),
      style: "danger",
    },
  });
}
