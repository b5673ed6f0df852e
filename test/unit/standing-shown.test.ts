import assert from "node:assert/strict";
import { test } from "node:test";
import type { Card } from "../../src/card.ts";
import type { ChatAdapter } from "../../src/ports.ts";
import { createPresenter } from "../../src/presenter.ts";
import type { StandingUses } from "../../src/standing-uses.ts";
import { settle } from "../fakes/manual-time.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { standingWorld, type StandingWorld, usesOf } from "./standing-world.ts";

/** The states in which a chat is shown an approval by a bot that draws before its commit has had the grants looked at. */
async function presented({ engines }: StandingWorld, uses: StandingUses, approval: string) {
  const shown: (string | undefined)[] = [];
  const chat = {
    name: "console",
    post: async (_thread: string, card: Card, { key }: { key: string }) => {
      shown.push(...(key === `approval-${approval}` ? [card.text] : []));
      return key;
    },
    update: async (message: string, card: Card) => {
      shown.push(...(message === `approval-${approval}` ? [card.text] : []));
      return "ok";
    },
  };
  const presenter = createPresenter({
    store: engines.store,
    adapters: () => [chat as Partial<ChatAdapter> as ChatAdapter],
    render: async (row) => {
      await uses.beforeShown(row);
      return { text: (await engines.store.approval(approval))?.status } as Card;
    },
    clock: engines.time,
    after: (ms, call) => engines.time.after(ms, call),
    log: silentLogger,
  });
  presenter.kick();
  await settle();
  return shown;
}

test("a card is not drawn before it is known whether its approval was given in advance", async () => {
  const covered = standingWorld();
  const none = await covered.opened();
  assert.deepEqual(await presented(covered, covered.bot.uses, none.approval), ["open"]);

  await covered.inForce();
  const { approval } = await covered.opened();
  const shown = await presented(covered, covered.bot.uses, approval);
  assert.deepEqual([...new Set(shown)], ["recorded"]);
});

test("whether it was given in advance cannot be known: the card is drawn after two seconds all the same", async () => {
  const stuck = standingWorld();
  const { approval } = await stuck.opened();
  const standing = { ...stuck.bot.standing, inForce: () => new Promise<never>(() => undefined) };
  const uses = usesOf(stuck.engines, { engine: stuck.bot.engine, standing });
  const shown = await presented(stuck, uses, approval);
  await stuck.engines.time.advance(1_999);
  assert.deepEqual(shown, []);
  await stuck.engines.time.advance(1);
  assert.deepEqual(shown, ["open"]);
});
