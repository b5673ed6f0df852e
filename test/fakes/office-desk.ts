import type { Card } from "../../src/card.ts";
import { approvalCard } from "../../src/approval-card.ts";
import { stepLabel } from "../../src/card-words.ts";
import { cardFor } from "../../src/cards.ts";
import type { Desk, RunDetail } from "../../src/desk-types.ts";
import type { Json, Person, PersonId, RunId } from "../../src/domain.ts";
import type { RunView } from "../../src/run-view.ts";
import { undoCard } from "../../src/undo-card.ts";
import { undoCardKey } from "../../src/undo-types.ts";

/** A desk over runs in memory: viewers see their own runs, active managers all. */
export function officeDesk(office: {
  readonly runs: ReadonlyMap<RunId, RunView>;
  readonly people: readonly Person[];
  readonly demo: boolean;
}): Desk {
  const sees = (view: RunView, viewer: PersonId) =>
    view.run.requester === viewer ||
    office.people.some((each) => each.id === viewer && each.active && each.roles.includes("manager"));
  const visible = (id: RunId, viewer: PersonId) => {
    const view = office.runs.get(id);
    return view !== undefined && sees(view, viewer) ? view : undefined;
  };
  return {
    get demo() {
      return office.demo;
    },
    person: (id) => office.people.find((each) => each.id === id),
    personOf: (account) => office.people.find((each) => each.accounts.includes(account)),
    people: () => office.people,
    agents: () => Promise.resolve([]),
    runs: (viewer, options = {}) =>
      Promise.resolve(
        [...office.runs.values()]
          .filter((view) => view.run.requester === viewer || (options.all === true && sees(view, viewer)))
          .map(detailOf)
          .toReversed(),
      ),
    run(id, viewer) {
      const view = visible(id, viewer);
      return Promise.resolve(view === undefined ? undefined : detailOf(view));
    },
    cards(id, viewer) {
      const view = visible(id, viewer);
      return Promise.resolve(view === undefined ? [] : cardsOf(view));
    },
    approvals: (viewer, options = {}) =>
      Promise.resolve(
        [...office.runs.values()]
          .filter((view) => sees(view, viewer))
          .flatMap((view) =>
            view.approvals.map((approval) => ({ approval, card: approvalCard(view, approval) })),
          )
          .filter(({ approval }) => options.open !== true || approval.status === "open")
          .toReversed()
          .sort((a, b) => Number(b.approval.status === "open") - Number(a.approval.status === "open")),
      ),
    undos: (viewer) =>
      Promise.resolve(
        [...office.runs.values()]
          .filter((view) => sees(view, viewer) && view.run.requester !== viewer)
          .flatMap((view) => view.undos.map((story) => ({ id: story.id, card: undoCard(view, story) })))
          .filter(({ card }) => card.undo !== null),
      ),
    undoCard(id, viewer) {
      const view = [...office.runs.values()].find((each) => each.undos.some((story) => story.id === id));
      const story = view?.undos.find((each) => each.id === id);
      return Promise.resolve(
        view !== undefined && story !== undefined && sees(view, viewer) ? undoCard(view, story) : undefined,
      );
    },
    approvalCard(id, viewer) {
      const view = [...office.runs.values()].find((each) =>
        each.approvals.some((approval) => approval.id === id),
      );
      const approval = view?.approvals.find((each) => each.id === id);
      return Promise.resolve(
        view !== undefined && approval !== undefined && sees(view, viewer)
          ? approvalCard(view, approval)
          : undefined,
      );
    },
  };
}

function cardsOf(view: RunView): { readonly key: string; readonly card: Card }[] {
  const { id, status } = view.run;
  const keys = [
    `progress-${id}`,
    ...(view.question === null ? [] : [`question-${id}-now`]),
    ...view.approvals.map((each) => `approval-${each.id}`),
    ...view.undos.map(undoCardKey),
    ...(["completed", "failed", "cancelled"].includes(status) ? [`result-${id}`] : []),
  ];
  return keys.flatMap((key) => {
    const card = cardFor(key, view);
    return card === null ? [] : [{ key, card }];
  });
}
function detailOf(view: RunView): RunDetail {
  const { id, status, reason, error, requester, thread, createdAt, updatedAt } = view.run;
  const { requestText, dialogue, approvals, plan } = view;
  return {
    id,
    status,
    reason,
    error,
    requester,
    thread,
    createdAt,
    updatedAt,
    title: requestText,
    paused: view.run.paused === true,
    requestText,
    dialogue,
    question: view.question?.text ?? null,
    approvals,
    plannedAnew: [],
    verdictReason: view.reason,
    steps: view.steps.map((step) => ({
      ...step,
      label: stepLabel(step.id),
      input: step.input ?? null,
      output: step.output ?? null,
    })),
    plan: plan === null ? null : { hash: plan.hash, document: plan.document as unknown as Json },
  };
}
