import { canonicalJson, sha256Hex } from "../../src/canonical.ts";
import type { AlreadyDecided } from "../../src/decision-types.ts";
import type { Accepted, PlanDocument, Refused, Signed } from "../../src/domain.ts";
import { createAtLink } from "../../src/link/at-link.ts";
import { createDecisionDesk, type DecisionDesk } from "../../src/link/decision-desk.ts";
import { createDecisionDevice } from "../../src/link/decision-device.ts";
import type { DecisionDevice } from "../../src/link/device-types.ts";
import type { InstanceKeyPairs } from "../../src/keys.ts";
import type { ApprovalPaper, CountersignedDecision } from "../../src/mandate-types.ts";
import type { AgentLink } from "../../src/link-port.ts";
import type { TrustDocument } from "../../src/trust/trust-documents.ts";
import { LoopServers } from "./loop-transport.ts";
import { ManualTime } from "./manual-time.ts";
import { MemoryValues } from "./memory-values.ts";
import { mandateRoles, SampleMandate } from "./sample-mandate.ts";
import { sampleApproval } from "./sample-run.ts";
import { silentLogger } from "./silent-logger.ts";
import { people, policy, signedForm, TrustWorld } from "./trust-world.ts";

/** The manager's own atSign in this world, and the account that the trust document knows it by. */
export const managerAtSign = "@cs-person";

/** A bot and a manager's machine, with real trust and sealed envelopes, over servers in memory. */
export class DecisionWorld {
  readonly time = new ManualTime();
  readonly servers = new LoopServers();
  readonly trust = new TrustWorld(this.time, [...mandateRoles, "bot", "person", "supply"]);
  readonly sample = new SampleMandate(this.trust);
  readonly values = new MemoryValues();
  /** What the bot shows; tests alter it. */
  readonly papers = new Map<string, ApprovalPaper>();
  /** How approvals ended. */
  readonly outcomes = new Map<string, string>();
  readonly decided: { readonly decision: Signed<CountersignedDecision>; readonly reason?: string }[] = [];
  answer: Accepted | Refused | AlreadyDecided = { outcome: "accepted", run: "run1" };

  constructor() {
    this.document({});
  }

  /** Signs the company's papers anew, with the manager's account unless `accounts` says otherwise. */
  document(o: {
    readonly serial?: number;
    readonly accounts?: readonly string[];
    readonly revocations?: TrustDocument["revocations"];
  }): void {
    const accounts = o.accounts ?? [`atsign:${managerAtSign}`];
    this.trust.document({
      serial: o.serial ?? 1,
      revocations: o.revocations ?? [],
      people: people.map((each) => ({
        ...each,
        roles: [...each.roles],
        accounts: each.id === "manager" ? [...accounts] : [],
      })),
      policy: signedForm({
        ...policy,
        approve: { roles: ["manager"], quorum: 1, assurances: ["countersigned"], expiresHours: 72 },
      }),
    });
  }

  /** Puts a plan up for approval; the attestations may be those of another plan. */
  put(id: string, plan: PlanDocument = this.sample.plan(), attested: PlanDocument = plan): ApprovalPaper {
    const text = canonicalJson(plan);
    const approval = sampleApproval(plan.run, {
      id,
      revision: plan.revision,
      planHash: sha256Hex(text),
      status: "open",
      requester: plan.requester,
      createdAt: this.time.now(),
      expiresAt: this.time.now() + 72 * 3_600_000,
    });
    const attestations = (["financial", "compliance"] as const).map((role) =>
      this.sample.attestation(attested, role),
    );
    const paper = { approval, plan: text, attestations };
    this.papers.set(id, paper);
    return paper;
  }

  async link(role: string, keys = this.trust.keys(role)): Promise<AgentLink> {
    return createAtLink({
      transport: this.servers.transport(`@cs-${role}`),
      keys,
      trust: await this.trust.open(),
      memory: new MemoryValues(),
      clock: this.time,
      timers: this.time,
      log: silentLogger,
      journal: () => Promise.resolve(),
      onRefused: () => undefined,
    });
  }

  async desk(): Promise<DecisionDesk> {
    const link = await this.link("bot");
    const trust = await this.trust.open();
    const desk = createDecisionDesk({
      link,
      trust,
      papers: async (id) => this.papers.get(id),
      openApprovals: async () => [...this.papers.values()].map(({ approval }) => approval),
      outcomeFor: async (_person, id) => this.outcomes.get(id),
      mayDecide: (person, { requester }) => person.id !== requester,
      decide: async (decision, reason) => {
        this.decided.push({ decision, ...(reason === undefined ? {} : { reason }) });
        return this.answer;
      },
      clock: this.time,
      log: silentLogger,
    });
    await link.start((message) => desk.receive(message));
    return desk;
  }

  /** One of the manager's machines; called again it is the same one after a restart. */
  async device(
    o: { readonly keys?: InstanceKeyPairs; readonly values?: MemoryValues } = {},
  ): Promise<DecisionDevice> {
    const { keys = this.trust.keys("person"), values = this.values } = o;
    const link = await this.link("person", keys);
    const device = createDecisionDevice({
      link,
      keys,
      trust: await this.trust.open(),
      values,
      clock: this.time,
      timers: this.time,
      log: silentLogger,
    });
    await link.start((message) => device.receive(message));
    return device;
  }
}
