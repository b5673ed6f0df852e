import type { Signed } from "../../src/domain.ts";
import type { FreezePapers, FreezeStatement, LiftEvidence, LiftStatement } from "../../src/safety-types.ts";
import type { TrustWorld } from "./trust-world.ts";

/** Papers of a freeze, signed as bot and HITL agent of a world would, each changed at will before that. */
export class SampleFreeze {
  readonly #world: TrustWorld;

  constructor(world: TrustWorld) {
    this.#world = world;
  }

  get serial(): number {
    return this.#world.clock.now();
  }

  freeze(change: Partial<FreezeStatement> = {}, signer = "evidence"): Signed<FreezeStatement> {
    return this.#world.sign(signer, {
      tag: "countersign/freeze/1",
      serial: this.serial,
      ...this.#act("manager"),
      ...change,
    });
  }

  evidence(person: string, change: Partial<LiftEvidence> = {}, signer = "evidence"): Signed<LiftEvidence> {
    return this.#world.sign(signer, {
      tag: "countersign/lift-evidence/1",
      serial: this.serial,
      ...this.#act(person),
      ...change,
    });
  }

  lift(
    evidence: readonly Signed<LiftEvidence>[] = [this.evidence("manager"), this.evidence("manager-2")],
    change: Partial<LiftStatement> = {},
    signer = "hitl",
  ): Signed<LiftStatement> {
    return this.#world.sign(signer, {
      tag: "countersign/lift/1",
      serial: this.serial,
      evidence,
      issuedAt: this.#world.time(0),
      ...change,
    });
  }

  papers(lift: Signed<LiftStatement> | null = null): FreezePapers {
    return { freeze: this.freeze(), lift };
  }

  #act(person: string) {
    return {
      person,
      adapter: "console",
      assurance: "clicked" as const,
      trustSerial: 1,
      receivedAt: this.#world.time(0),
    };
  }
}
