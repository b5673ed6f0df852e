import { FleetWorld } from "../fakes/fleet-world.ts";
import { seeded } from "../fakes/slack/random.ts";

/** What one seed came to. */
export interface FleetOutcome {
  readonly faults: readonly string[];
  readonly steps: number;
  /** Times a step was begun; more than there are steps where one had to be begun again. */
  readonly begun: number;
  /** Answers and units that were refused because another instance had taken over. */
  readonly refused: number;
}

const instances = Array.from({ length: 10 }, (_, n) => `i${n}`);
const turns = 40;
const stepsPerTurn = 3;
/** Envelopes bear five minutes of difference between clocks. */
const mostSkewMs = 240_000;

/**
 * Ten instances of one agent on the same books, while at random they are cut off and come back with all that was
 * under way, stop in the middle of a step, are started again beside their old process, have wrong clocks, messages are
 * lost and doubled, and the bot starts again. Afterwards each step must have been answered, and done exactly once.
 */
export async function fleetCase(seed: number): Promise<FleetOutcome> {
  const world = await FleetWorld.open();
  try {
    const next = seeded(seed);
    return await play(world, (below) => Math.floor(next() * below));
  } finally {
    await world.close();
  }
}

async function play(world: FleetWorld, random: (below: number) => number): Promise<FleetOutcome> {
  const { network } = world.host;
  const steps: string[] = [];
  const gates = new Map<string, () => void>();
  const some = (): string => instances[random(instances.length)] ?? "i0";
  const start = (instance: string): Promise<unknown> =>
    world.start(instance, { capacity: 1 + random(6) }, random(2 * mostSkewMs) - mostSkewMs);
  const open = (instance: string): void => {
    gates.get(instance)?.();
    gates.delete(instance);
    world.gates.delete(instance);
  };
  const actions: readonly ((instance: string) => unknown)[] = [
    (instance) => network.cutOff(instance),
    (instance) => network.cutOff(instance),
    (instance) => network.rejoin(instance),
    (instance) => network.rejoin(instance),
    (instance) => {
      open(instance);
      const { promise, resolve } = Promise.withResolvers<void>();
      gates.set(instance, resolve);
      world.gates.set(instance, promise);
    },
    open,
    open,
    start,
    () => (random(4) === 0 ? world.restartBot() : undefined),
  ];

  for (const instance of instances) {
    await start(instance);
  }
  network.fate = () => [1, 1, 1, 1, 1, 1, 2, 0][random(8)] ?? 1;
  for (let turn = 0; turn < turns; turn += 1) {
    for (let n = 0; n < stepsPerTurn; n += 1) {
      const step = `step${steps.length}`;
      steps.push(step);
      world.ask(step, random(2) === 0 ? "count" : "place");
    }
    await actions[random(actions.length)]?.(some());
    await world.pass(random(6_000));
  }

  network.fate = () => 1;
  instances.forEach((instance) => {
    network.rejoin(instance);
    open(instance);
  });
  await world
    .until(() => steps.every((step) => world.answers.has(step)), "all answers")
    .catch(() => undefined);
  const faults: string[] = [];
  for (const step of steps) {
    const answer = world.answers.get(step);
    const effects = await world.effects(step);
    if (answer?.kind !== "result" || effects !== 1) {
      faults.push(`${step}: ${answer?.kind ?? "no answer"}, done ${effects} times`);
    }
  }
  return {
    faults,
    steps: steps.length,
    begun: world.ran.length,
    refused: world.refused.length + network.failures.length,
  };
}
