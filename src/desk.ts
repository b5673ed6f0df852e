import { cardOfCopy } from "./approval-copies.ts";
import type { Card } from "./card.ts";
import { stepLabel } from "./card-words.ts";
import type { AgentInstance, Desk, RunDetail, RunSummary, ShownApproval } from "./desk-types.ts";
import type { AgentId, Approval, AtSign, Json, Person, Run, RunId } from "./domain.ts";
import { healthOf, heardMs } from "./agent-health.ts";
import { AppError } from "./errors.ts";
import type { Store } from "./ports.ts";
import type { CardRow, ContentFilter } from "./record-types.ts";
import { plannedAnew } from "./run-revisions.ts";
import type { RunView } from "./run-view.ts";
import { approvalCard, cardFor } from "./state-card.ts";
import { undoCardKey, undoContent, undoRefOf } from "./undo-types.ts";

const longestList = 200;
const longestApprovals = 100;
const titleLength = 120;

/** What cards other than a result are made of: never a step's input, and of the outputs the router's alone. */
const cardContents: ContentFilter = [
  { step: "route", name: "output" },
  { step: "route", name: "shadow" },
  { name: "plan" },
  { name: "reason" },
  { name: "edit" },
  { name: "because" },
  { name: "review" },
  { name: "question:" },
  { name: "answer:" },
  { name: undoContent },
];

/**
 * The read side over the record; `view` opens a run, all its texts or the wanted ones; `people` is the trust document's
 * list, another one when it changed. Who is not active there sees nothing.
 */
export function createDesk(o: {
  readonly store: Store;
  readonly view: (run: Run, wanted?: ContentFilter) => Promise<RunView>;
  readonly people: () => readonly Person[];
  readonly demo: () => boolean;
  readonly agents: readonly { readonly id: AgentId; readonly atSign: AtSign; readonly description: string }[];
  readonly isGranted: (agent: AgentId) => boolean;
  readonly instances: (agent: AgentId) => readonly AgentInstance[];
  readonly now: () => number;
  /** Whether somebody's verdict would count, also by a right that was handed to them. */
  readonly mayDecide?: (approval: Approval, viewer: string) => boolean;
  /** Whether somebody may do something about an undo that is stuck. */
  readonly mayUndo: (viewer: string) => boolean;
}): Desk & { render(row: CardRow): Promise<Card | null>; viewOf(id: RunId): Promise<RunView | undefined> } {
  let index = peopleIndex([]);
  const people = () => {
    const list = o.people();
    index = index.list === list ? index : peopleIndex(list);
    return index;
  };
  const person = (id: string) => people().byId.get(id);
  const isActive = (id: string) => person(id)?.active === true;
  const seesAll = (id: string) => {
    const roles = person(id)?.roles ?? [];
    return isActive(id) && roles.some((role) => ["manager", "director", "admin"].includes(role));
  };
  const maySee = (run: Run, viewer: string) =>
    isActive(viewer) && (run.requester === viewer || seesAll(viewer));
  async function visible(id: RunId, viewer: string, wanted?: ContentFilter): Promise<RunView | undefined> {
    const run = await o.store.loadRun(id);
    return run !== undefined && maySee(run, viewer) ? o.view(run, wanted) : undefined;
  }
  const decides = (approval: Approval, viewer: string) =>
    approval.status === "open" && isActive(viewer) && o.mayDecide?.(approval, viewer) === true;
  /** An approval with its card; undefined when the viewer may not see it. */
  async function shown(approval: Approval, viewer: string): Promise<ShownApproval | undefined> {
    const run = decides(approval, viewer) ? await o.store.loadRun(approval.run) : undefined;
    const view =
      run === undefined ? await visible(approval.run, viewer, cardContents) : await o.view(run, cardContents);
    return view === undefined ? undefined : { approval, card: approvalCard(view, approval) };
  }
  /** Who may do nothing about a stuck undo sees how it stands, without the buttons. */
  const forViewer = (card: Card, viewer: string): Card =>
    card.undo === null || o.mayUndo(viewer) ? card : { ...card, undo: null };
  const keysOf = (view: RunView) => [
    `progress-${view.run.id}`,
    ...(view.question === null ? [] : [`question-${view.run.id}-now`]),
    ...view.approvals.map((each) => `approval-${each.id}`),
    ...view.undos.map(undoCardKey),
    ...(["completed", "failed", "cancelled"].includes(view.run.status) ? [`result-${view.run.id}`] : []),
  ];
  return {
    get demo() {
      return o.demo();
    },
    person,
    personOf: (account) => people().byAccount.get(account),
    people: () => o.people(),
    async runs(viewer, options = {}) {
      if (!isActive(viewer)) {
        return [];
      }
      const all = options.all === true && seesAll(viewer);
      const runs = await o.store.listRuns({
        limit: Math.min(options.limit ?? 50, longestList),
        ...(all ? {} : { person: viewer }),
      });
      const texts = await o.store.requestTexts(runs.map((run) => run.id));
      return runs.map((run) => summaryOf(run, texts.get(run.id) ?? ""));
    },
    async run(id, viewer) {
      const view = await visible(id, viewer);
      return view === undefined ? undefined : detailOf(view);
    },
    async cards(id, viewer) {
      const view = await visible(id, viewer);
      return view === undefined
        ? []
        : keysOf(view).flatMap((key) => {
            const card = cardFor(key, view);
            return card === null ? [] : [{ key, card: forViewer(card, viewer) }];
          });
    },
    async undos(viewer) {
      const runs = o.mayUndo(viewer) ? await o.store.listRuns({ stuck: true, limit: longestApprovals }) : [];
      const views = await Promise.all(runs.map((run) => o.view(run, cardContents)));
      return views.flatMap((view) =>
        view.undos.flatMap((story) => {
          const card = story.stuckAttempt === null ? null : cardFor(undoCardKey(story), view);
          return card === null ? [] : [{ id: story.id, card }];
        }),
      );
    },
    async undoCard(id, viewer) {
      const ref = undoRefOf(id);
      const run = ref === undefined ? undefined : await o.store.loadRun(ref.run);
      if (ref === undefined || run === undefined || !(maySee(run, viewer) || o.mayUndo(viewer))) {
        return undefined;
      }
      const card = cardFor(undoCardKey(ref), await o.view(run, cardContents));
      return card === null ? undefined : forViewer(card, viewer);
    },
    async approvals(viewer, options = {}) {
      if (!isActive(viewer)) {
        return [];
      }
      const newest = async (open: boolean) => {
        const limit = longestApprovals;
        if (seesAll(viewer)) {
          return (await o.store.approvals({ open, limit })).toReversed();
        }
        const own = await o.store.approvals({ open, limit, requester: viewer });
        const all = open && o.mayDecide !== undefined ? await o.store.approvals({ open, limit }) : [];
        const toDecide = all.filter((each) => each.requester !== viewer && decides(each, viewer));
        return [...own, ...toDecide].toSorted((x, y) => y.createdAt - x.createdAt);
      };
      const decided = options.open === true ? [] : await newest(false);
      const chosen = [...(await newest(true)), ...decided].slice(0, longestApprovals);
      const found: ShownApproval[] = [];
      for (const approval of chosen) {
        // One that was altered or erased spoils no list.
        const each = await shown(approval, viewer).catch((error: unknown) => {
          if (error instanceof AppError && (error.code === "sealed-broken" || error.code === "erased")) {
            return undefined;
          }
          throw error;
        });
        found.push(...(each === undefined ? [] : [each]));
      }
      return found;
    },
    async approvalCard(id, viewer) {
      const approval = await o.store.approval(id);
      return approval === undefined ? undefined : (await shown(approval, viewer))?.card;
    },
    async agents() {
      const now = o.now();
      const traffic = await o.store.traffic(now - heardMs);
      return o.agents.map((agent) => {
        const { open = 0, since = null } = traffic.waiting[agent.id] ?? {};
        const heard = traffic.heard[agent.atSign] ?? null;
        const health = healthOf({ open, since, heard, now, granted: o.isGranted(agent.id) });
        return { ...agent, inFlight: open, health, instances: o.instances(agent.id) };
      });
    },
    async render(row) {
      const run = await o.store.loadRun(row.run);
      const wanted = row.key.startsWith("result-") ? undefined : cardContents;
      return run === undefined ? null : cardOfCopy(cardFor(row.key, await o.view(run, wanted)), row);
    },
    async viewOf(id) {
      const run = await o.store.loadRun(id);
      return run === undefined ? undefined : o.view(run);
    },
  };
}

/** Every message from a chat asks whose account it came from. */
function peopleIndex(list: readonly Person[]) {
  return {
    list,
    byId: new Map(list.map((person) => [person.id, person])),
    byAccount: new Map(list.flatMap((person) => person.accounts.map((account) => [account, person]))),
  };
}

function summaryOf(run: Run, requestText: string): RunSummary {
  const { id, status, reason, error, requester, thread, createdAt, updatedAt } = run;
  const title = requestText.slice(0, titleLength);
  const paused = run.paused === true;
  return { id, title, paused, status, reason, error, requester, thread, createdAt, updatedAt };
}
function detailOf(view: RunView): RunDetail {
  return {
    ...summaryOf(view.run, view.requestText),
    requestText: view.requestText,
    steps: view.steps.map(({ id, agent, atSign, status, ms, error, input, output }) => ({
      id,
      label: stepLabel(id),
      agent,
      atSign,
      status,
      ms,
      error,
      input: input ?? null,
      output: output ?? null,
    })),
    dialogue: view.dialogue,
    question: view.question?.text ?? null,
    approvals: view.approvals,
    plannedAnew: plannedAnew(view),
    verdictReason: view.reason,
    // The plan document is JSON by its schema; the interface type only lacks an index signature.
    plan:
      view.plan === null ? null : { hash: view.plan.hash, document: view.plan.document as unknown as Json },
  };
}
