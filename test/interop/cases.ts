import assert from "node:assert/strict";
import { AtClient, type AtNotification, readAtKeysFile } from "@atsign/atsdk";
import { activateFor, keyFile, type OtherClient, type Place } from "./clients.ts";
import type { Driver } from "./driver.ts";

/** One other client and ours, each with an atSign of its own. */
export interface World {
  readonly client: OtherClient;
  readonly place: Place;
  readonly cramSecret: string;
  readonly them: Driver;
  readonly us: AtClient;
  /** Ours as well, but writing what clients of before 2025 read. */
  readonly usForOlder: AtClient;
}

export interface Case {
  readonly name: string;
  /** Why a client cannot do this; undefined when it can. */
  readonly unable?: (client: OtherClient) => string | undefined;
  readonly run: (world: World) => Promise<void>;
}

const namespace = "interop";
const text = (subject: string) => `${subject}: Grüße, 5 > 4 & 日本 🚀`;
const receiveMs = 60_000;

/** Our SDK with the keys of their atSign. */
async function asThem<T>(
  { place }: World,
  zeroIv: boolean,
  use: (client: AtClient) => Promise<T>,
): Promise<T> {
  const { atSign, directory, ca } = place;
  const keys = await readAtKeysFile(keyFile(place));
  const client = await AtClient.open({ atSign, keys, directory, ca, compatibility: { zeroIv } });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** The first notification that fits, also of those that came while nobody listened. */
async function received(us: AtClient, fits: (n: AtNotification) => boolean): Promise<AtNotification> {
  const signal = AbortSignal.timeout(receiveMs);
  for await (const n of us.notifications({ since: 0, signal })) if (fits(n)) return n;
  throw new Error(`nothing received within ${receiveMs} ms`);
}

const oldReader = ({ can }: OtherClient) =>
  can.readsIv ? undefined : "this version reads stored values only with the legacy IV";

/** In this order: later ones need the login. */
export const cases: readonly Case[] = [
  {
    name: "activates a new atSign with its secret",
    unable: ({ can }) => (can.activate ? undefined : "this version has no activation; our SDK does it"),
    run: async ({ them, cramSecret }) => void (await them.ask("onboard", cramSecret)),
  },
  {
    name: "logs in with keys that our SDK made and activated",
    unable: ({ can }) => (can.activate ? "it made its own" : undefined),
    run: async ({ them, place, cramSecret }) => {
      await activateFor(place, cramSecret);
      await them.ask("login", keyFile(place));
    },
  },
  {
    name: "logs in with the keys that it made",
    unable: ({ can }) => (can.activate ? undefined : "see above"),
    run: async ({ them }) => void (await them.ask("login")),
  },
  {
    name: "our SDK logs in with its key file",
    run: (world) =>
      asThem(world, false, async (client) =>
        assert.ok((await client.scan()).includes(`public:publickey${world.place.atSign}`)),
      ),
  },
  {
    name: "self record: writes and reads",
    run: async ({ them }) => {
      await them.ask("put", "self", "own.interop", text("own"));
      assert.equal(await them.ask("get", "self", "own.interop"), text("own"));
    },
  },
  {
    name: "self record: it writes, our SDK reads",
    run: (world) =>
      asThem(world, false, async (client) =>
        assert.equal(await client.get({ kind: "self", name: "own", namespace }), text("own")),
      ),
  },
  {
    name: "self record: our SDK writes with the legacy IV, it reads",
    // at_c of 2024 decides by memory that it never set whether there is an IV.
    unable: ({ can }) => (can.readsIv ? "it needs an IV" : undefined),
    run: async (world) => {
      await asThem(world, true, (client) =>
        client.put({ kind: "self", name: "ours", namespace }, text("ours")),
      );
      assert.equal(await world.them.ask("get", "self", "ours.interop"), text("ours"));
    },
  },
  {
    name: "self record: our SDK writes, it reads",
    unable: oldReader,
    run: async (world) => {
      await asThem(world, false, (client) =>
        client.put({ kind: "self", name: "ours", namespace }, text("iv")),
      );
      assert.equal(await world.them.ask("get", "self", "ours.interop"), text("iv"));
    },
  },
  {
    name: "public record: it writes, our SDK reads",
    run: async ({ them, us, place }) => {
      await them.ask("put", "public", "poster.interop", text("poster"));
      const key = { kind: "public", name: "poster", namespace, sharedBy: place.atSign } as const;
      const record = await us.read(key, { verify: true });
      assert.equal(record?.value, text("poster"));
      assert.notEqual(record?.signature?.state, "invalid");
    },
  },
  {
    name: "public record: our SDK writes, it reads",
    run: async ({ them, us }) => {
      await us.put({ kind: "public", name: "notice", namespace }, text("notice"));
      assert.equal(await them.ask("get", "public", "notice.interop", us.atSign), text("notice"));
    },
  },
  {
    name: "shared record: it writes, our SDK reads",
    run: async ({ them, us, place }) => {
      await them.ask("put", "shared", "letter.interop", text("letter"), us.atSign);
      const key = { kind: "shared", name: "letter", namespace, sharedBy: place.atSign } as const;
      assert.equal(await us.get(key), text("letter"));
    },
  },
  {
    name: "shared record: our SDK writes with the legacy IV, it reads",
    run: async ({ them, usForOlder, place }) => {
      const key = { kind: "shared", name: "answer", namespace, sharedWith: place.atSign } as const;
      await usForOlder.put(key, text("answer"));
      assert.equal(await them.ask("get", "shared", "answer.interop", usForOlder.atSign), text("answer"));
    },
  },
  {
    name: "shared record: our SDK writes, it reads",
    unable: oldReader,
    run: async ({ them, us, place }) => {
      const key = { kind: "shared", name: "sealed", namespace, sharedWith: place.atSign } as const;
      await us.put(key, text("sealed"));
      assert.equal(await them.ask("get", "shared", "sealed.interop", us.atSign), text("sealed"));
    },
  },
  {
    name: "scans its keys with their metadata",
    run: async ({ them, us, place }) => {
      const names = (await them.ask("scan", "(own|poster|letter)\\.interop")).split(" ").toSorted();
      const { atSign } = place;
      assert.deepEqual(names, [
        `${us.atSign}:letter.interop${atSign}`,
        `own.interop${atSign}`,
        `public:poster.interop${atSign}`,
      ]);
    },
  },
  {
    name: "is told that a record is missing",
    run: async ({ them }) => {
      await assert.rejects(them.ask("get", "self", "nothing.interop"));
      assert.equal(await them.ask("get", "self", "own.interop"), text("own"));
    },
  },
  {
    name: "deletes; nobody reads it any more",
    run: async ({ them, us, place }) => {
      await them.ask("delete", "shared", "letter.interop", us.atSign);
      await them.ask("delete", "public", "poster.interop");
      await them.ask("delete", "self", "own.interop");
      await assert.rejects(them.ask("get", "self", "own.interop"));
      const sharedBy = place.atSign;
      assert.equal(await us.get({ kind: "public", name: "poster", namespace, sharedBy }), undefined);
      assert.equal(await us.get({ kind: "shared", name: "letter", namespace, sharedBy }), undefined);
    },
  },
  {
    name: "notifies, encrypted; our SDK receives",
    unable: ({ can }) => (can.sealsNotifications ? undefined : "this version encrypts no notifications"),
    run: async ({ them, us, place }) => {
      await them.ask("notify", us.atSign, "ping.interop", text("ping"));
      const got = await received(
        us,
        ({ from, key }) => from === place.atSign && key.includes("ping.interop"),
      );
      assert.equal(got.value, text("ping"));
    },
  },
  {
    name: "notifies, a text; our SDK receives",
    unable: ({ can }) => (can.sealsNotifications ? "only encrypted ones" : undefined),
    run: async ({ them, us, place }) => {
      await them.ask("notify", us.atSign, "", "a text in clear");
      const got = await received(
        us,
        ({ from, messageType }) => from === place.atSign && messageType === "text",
      );
      assert.equal(got.value, "a text in clear");
    },
  },
  {
    name: "monitors; our SDK notifies",
    run: async ({ them, us, place }) => {
      await them.ask("monitor", ".*");
      for (const name of ["first", "second"]) {
        await us.notify({ to: place.atSign, name, namespace, value: text(name), ttlMs: 60_000 });
        assert.equal(await them.ask("next", `${name}.interop`), `${us.atSign} ${text(name)}`);
      }
    },
  },
  {
    name: "goes on reading and writing beside its monitor",
    run: async ({ them }) => {
      await them.ask("put", "self", "last.interop", text("last"));
      assert.equal(await them.ask("get", "self", "last.interop"), text("last"));
    },
  },
];
