import type { Card } from "./card.ts";
import { cardFor, approvalCard } from "./cards.ts";
import type { Desk, RunDetail, RunSummary } from "./desk-types.ts";
import type { AgentId, AtSign, Json, Person, Run, RunId } from "./domain.ts";
import type { Store } from "./ports.ts";
import type { CardRow } from "./record-types.ts";
import type { RunView } from "./run-view.ts";

const longestList = 200;
const titleLength = 120;

/** The read side over the record; `view` opens a run, `people` is the trust document's list. */
export function createDesk(o: {
  readonly store: Store;
  readonly view: (run: Run) => Promise<RunView>;
  readonly people: () => readonly Person[];
  readonly demo: () => boolean;
  readonly agents: readonly { readonly id: AgentId; readonly atSign: AtSign; readonly description: string }[];
}): Desk & { render(row: CardRow): Promise<Card | null>; viewOf(id: RunId): Promise<RunView | undefined> } {
  const person = (id: string) => o.people().find((each) => each.id === id);
  const seesAll = (id: string) => {
    const found = person(id);
    return found?.active === true && (found.roles.includes("manager") || found.roles.includes("admin"));
  };
  const maySee = (run: Run, viewer: string) => run.requester === viewer || seesAll(viewer);
  async function visible(id: RunId, viewer: string): Promise<RunView | undefined> {
    const run = await o.store.loadRun(id);
    return run !== undefined && maySee(run, viewer) ? o.view(run) : undefined;
  }
  const keysOf = (view: RunView) => [
    `progress-${view.run.id}`,
    ...(view.question === null ? [] : [`question-${view.run.id}-now`]),
    ...view.approvals.map((each) => `approval-${each.id}`),
    ...(["completed", "failed", "cancelled"].includes(view.run.status) ? [`result-${view.run.id}`] : []),
  ];
  return {
    get demo() {
      return o.demo();
    },
    person,
    people: () => o.people(),
    async runs(viewer, options = {}) {
      const all = options.all === true && seesAll(viewer);
      const runs = await o.store.listRuns({
        limit: Math.min(options.limit ?? 50, longestList),
        ...(all ? {} : { person: viewer }),
      });
      return Promise.all(runs.map(async (run) => summaryOf(await o.view(run))));
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
            return card === null ? [] : [{ key, card }];
          });
    },
    async approvals(viewer) {
      const all = await o.store.approvals({});
      const shown = [];
      for (const approval of all.toSorted(openFirst).slice(0, longestList)) {
        const view = await visible(approval.run, viewer);
        if (view !== undefined) {
          shown.push({ approval, card: approvalCard(view, approval) });
        }
      }
      return shown;
    },
    async approvalCard(id, viewer) {
      const approval = await o.store.approval(id);
      const view = approval === undefined ? undefined : await visible(approval.run, viewer);
      return approval === undefined || view === undefined ? undefined : approvalCard(view, approval);
    },
    async agents() {
      const inFlight = await o.store.inFlight();
      return o.agents.map((agent) => ({ ...agent, inFlight: inFlight[agent.id] ?? 0 }));
    },
    async render(row) {
      const run = await o.store.loadRun(row.run);
      return run === undefined ? null : cardFor(row.key, await o.view(run));
    },
    async viewOf(id) {
      const run = await o.store.loadRun(id);
      return run === undefined ? undefined : o.view(run);
    },
  };
}

function openFirst(
  a: { readonly status: string; readonly createdAt: number },
  b: { readonly status: string; readonly createdAt: number },
): number {
  return Number(b.status === "open") - Number(a.status === "open") || b.createdAt - a.createdAt;
}
function summaryOf(view: RunView): RunSummary {
  const { id, status, reason, error, requester, thread, createdAt, updatedAt } = view.run;
  const title = view.requestText.slice(0, titleLength);
  return { id, title, status, reason, error, requester, thread, createdAt, updatedAt };
}
function detailOf(view: RunView): RunDetail {
  return {
    ...summaryOf(view),
    requestText: view.requestText,
    steps: view.steps.map(({ id, agent, atSign, status, ms, error, input, output }) => ({
      id,
      agent,
      atSign,
      status,
      ms,
      error,
      input: input ?? null,
      output: output ?? null,
    })),
    dialogue: view.dialogue,
    approvals: view.approvals,
    // The plan document is JSON by its schema; the interface type only lacks an index signature.
    plan:
      view.plan === null ? null : { hash: view.plan.hash, document: view.plan.document as unknown as Json },
  };
}
