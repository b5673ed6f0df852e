import { seeded } from "./random.ts";

/** What can go wrong with a call of the Web API. */
export type ApiFault =
  /** Not done; an HTTP status such as 500 or 503. */
  | { readonly kind: "http"; readonly status: number }
  /** Not done; `ok: false` with this error. */
  | { readonly kind: "error"; readonly error: string }
  /** Not done; 429 with this many seconds in `Retry-After`. */
  | { readonly kind: "ratelimited"; readonly seconds: number }
  /** Not done; the connection breaks. */
  | { readonly kind: "lost-request" }
  /** DONE; the connection breaks before the answer: the caller cannot know. */
  | { readonly kind: "lost-answer" }
  /** DONE; no answer for as long as the caller waits. */
  | { readonly kind: "no-answer" }
  /** Done and answered `ms` later. */
  | { readonly kind: "slow"; readonly ms: number };

/** What can go wrong with one envelope of Socket Mode. */
export type DeliveryFault =
  /** The same event `times` times in all, each with an event id of its own and no retry attempt. Events only. */
  | { readonly kind: "duplicate"; readonly times: number }
  /** Sent `ms` later; an interaction's three seconds begin at the click. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Kept until `release()`, which sends what was kept in reverse order. Events only. */
  | { readonly kind: "hold" }
  /** Swallowed on the way to the app. */
  | { readonly kind: "lost" }
  /** The connection is reset in place of the delivery. */
  | { readonly kind: "cut" }
  /** The app gets it, its acknowledgement gets lost. */
  | { readonly kind: "lost-ack" };

export interface Storm {
  readonly seed: number;
  /** Share of Web API calls that go wrong, 0 to 1. */
  readonly api?: number;
  /** Share of envelopes that go wrong, 0 to 1. */
  readonly deliveries?: number;
  /** What may happen; all by default. */
  readonly apiFaults?: readonly ApiFault[];
  readonly deliveryFaults?: readonly DeliveryFault[];
}

const anyApiFault: readonly ApiFault[] = [
  { kind: "http", status: 500 },
  { kind: "http", status: 503 },
  { kind: "error", error: "internal_error" },
  { kind: "error", error: "fatal_error" },
  { kind: "ratelimited", seconds: 1 },
  { kind: "lost-request" },
  { kind: "lost-answer" },
];
const anyDeliveryFault: readonly DeliveryFault[] = [
  { kind: "duplicate", times: 2 },
  { kind: "duplicate", times: 11 },
  { kind: "lost" },
  { kind: "cut" },
  { kind: "lost-ack" },
];

interface Programmed<Fault> {
  readonly matches: (name: string) => boolean;
  readonly fault: Fault;
  left: number;
}

/** What goes wrong and when: programmed one by one, or drawn from a seed. Each programmed fault happens once per `times`. */
export class Faults {
  readonly #api: Programmed<ApiFault>[] = [];
  readonly #deliveries: Programmed<DeliveryFault>[] = [];
  #storm: { readonly plan: Storm; readonly random: () => number } | undefined;

  /** The next `times` calls of this method ("*": of any) go wrong so. */
  api(method: string, fault: ApiFault, times = 1): void {
    this.#api.push({ matches: (name) => method === "*" || name === method, fault, left: times });
  }

  /** The next `times` envelopes of this kind go wrong so: an event's type, "interactive", "slash_commands", or "*". */
  delivery(kind: string, fault: DeliveryFault, times = 1): void {
    this.#deliveries.push({ matches: (name) => kind === "*" || name === kind, fault, left: times });
  }

  /** From now on faults are drawn from a seed; those programmed come first. */
  storm(plan: Storm): void {
    this.#storm = { plan, random: seeded(plan.seed) };
  }

  /** Nothing goes wrong any more. */
  calm(): void {
    this.#storm = undefined;
    this.#api.length = 0;
    this.#deliveries.length = 0;
  }

  nextApi(method: string): ApiFault | undefined {
    return take(this.#api, method) ?? this.#draw("api");
  }

  nextDelivery(kind: string): DeliveryFault | undefined {
    return take(this.#deliveries, kind) ?? this.#draw("deliveries");
  }

  #draw(part: "api"): ApiFault | undefined;
  #draw(part: "deliveries"): DeliveryFault | undefined;
  #draw(part: "api" | "deliveries"): ApiFault | DeliveryFault | undefined {
    if (this.#storm === undefined) {
      return undefined;
    }
    const { plan, random } = this.#storm;
    const [share, kinds] =
      part === "api"
        ? [plan.api ?? 0, plan.apiFaults ?? anyApiFault]
        : [plan.deliveries ?? 0, plan.deliveryFaults ?? anyDeliveryFault];
    return random() < share ? kinds[Math.floor(random() * kinds.length)] : undefined;
  }
}

function take<Fault>(programmed: Programmed<Fault>[], name: string): Fault | undefined {
  const found = programmed.find((each) => each.left > 0 && each.matches(name));
  if (found !== undefined) {
    found.left -= 1;
  }
  return found?.fault;
}
