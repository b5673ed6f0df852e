import type { AgentId, AtSign, ErrorInfo, Money } from "./domain.ts";
import type { RunView } from "./run-view.ts";

/** The last line of `ask --json`; people and checks rely on its shape. */
export interface RunResult {
  readonly type: "result";
  readonly run: string | null;
  /** Nothing of it was really reserved, ordered or recorded. */
  readonly shadow?: true;
  readonly status: "completed" | "rejected" | "expired" | "cancelled" | "failed" | "waiting" | "needs-input";
  readonly question?: string;
  readonly options?: readonly string[];
  readonly error?: { readonly code: string; readonly message: string };
  readonly request: { readonly customer: string; readonly item: string; readonly quantity: string } | null;
  readonly agents: readonly { readonly id: AgentId; readonly atSign: AtSign }[];
  readonly steps: readonly {
    readonly id: string;
    readonly agent: AgentId | null;
    readonly atSign: AtSign | null;
    readonly status: string;
    readonly ms: number | null;
  }[];
  readonly plan: {
    readonly hash: string;
    readonly document: unknown;
    readonly total: Money;
    readonly orders: readonly unknown[];
  } | null;
  readonly quote: { readonly total: Money } | null;
  readonly decision: {
    readonly by: string;
    readonly verdict: "approved" | "rejected" | "expired";
    readonly at: string;
    readonly assurance: string;
  } | null;
}

type Agents = RunResult["agents"];

/** The result of a run as it stands now. */
export function resultOf(view: RunView, agents: Agents): RunResult {
  const { run, plan } = view;
  const error = run.error ?? null;
  return {
    type: "result",
    run: run.id,
    ...(view.shadow === undefined ? {} : { shadow: view.shadow }),
    status: statusOf(view),
    ...(view.question === null ? {} : { question: view.question.text, options: view.question.options }),
    ...(error === null ? {} : { error: { code: error.code, message: error.message } }),
    request: view.request,
    agents: addresses(agents),
    steps: view.steps.map(({ id, agent, atSign, status, ms }) => ({ id, agent, atSign, status, ms })),
    plan:
      plan === null
        ? null
        : {
            hash: plan.hash,
            document: plan.document,
            total: plan.document.total,
            orders: plan.document.orders.map((order) => ({
              supplier: order.supplier,
              currency: order.currency,
              freight: order.freight,
              tax: order.tax,
              total: order.total,
              ...(order.rate === undefined ? {} : { rate: order.rate }),
              ...(order.companyTotal === undefined ? {} : { companyTotal: order.companyTotal }),
              lines: order.lines.map(({ part, quantity, unitPrice, total }) => ({
                part,
                quantity,
                unitPrice,
                total,
              })),
            })),
          },
    quote: plan === null ? null : { total: plan.document.quote.total },
    decision: decisionOf(view),
  };
}

/** The result where intake refused before there was a run. */
export function refusedResult(error: ErrorInfo, agents: Agents): RunResult {
  return {
    type: "result",
    run: null,
    status: "failed",
    error: { code: error.code, message: error.message },
    request: null,
    agents: addresses(agents),
    steps: [],
    plan: null,
    quote: null,
    decision: null,
  };
}

/** Only these two, whatever else is known of the agents. */
function addresses(agents: Agents): Agents {
  return agents.map(({ id, atSign }) => ({ id, atSign }));
}
function statusOf(view: RunView): RunResult["status"] {
  const { run } = view;
  switch (run.status) {
    case "completed":
    case "failed":
      return run.status;
    case "cancelled":
      return run.reason === "rejected" || run.reason === "expired" ? run.reason : "cancelled";
    case "waiting":
      return view.question === null ? "waiting" : "needs-input";
    case "running":
    case "compensating":
      return "waiting";
  }
}

function decisionOf(view: RunView): RunResult["decision"] {
  const approval = view.approvals.findLast((each) => each.revision === view.run.revision);
  if (approval?.status === "expired") {
    return {
      by: "nobody",
      verdict: "expired",
      at: new Date(approval.expiresAt).toISOString(),
      assurance: "none",
    };
  }
  const decision = approval?.decision ?? null;
  return decision === null
    ? null
    : {
        by: decision.by,
        verdict: decision.verdict,
        at: new Date(decision.at).toISOString(),
        assurance: decision.assurance,
      };
}
