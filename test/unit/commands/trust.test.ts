import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, mock, test } from "node:test";
import { sign } from "../../../src/commands/trust.ts";
import type { Person } from "../../../src/domain.ts";
import { serveBooks } from "../../../src/processes/books-server.ts";
import { openCompanyBooks, readPeople } from "../../../src/processes/company-books.ts";
import { signedAsDemo } from "../../../src/processes/company-kind.ts";
import { makeRuntimeFolder } from "../../../src/processes/runtime-folder.ts";
import { JournalWorld } from "../../fakes/journal-world.ts";

let world: JournalWorld;
beforeEach(() => {
  world = new JournalWorld();
});
afterEach(() => world.close());
const document = () =>
  (
    JSON.parse(readFileSync(path.join(world.folder, "trust", "trust.json"), "utf8")) as {
      statement: { demo: boolean; serial: number; people: readonly Person[] };
    }
  ).statement;
/** What a command prints is not looked at here. */
async function quietly(run: () => Promise<void>): Promise<void> {
  const printed = mock.method(process.stdout, "write", () => true);
  try {
    await run();
  } finally {
    printed.mock.restore();
  }
}
const add = async (id: string) => {
  const { database, books } = await openCompanyBooks(world.settings, false);
  await books.unit((unit) =>
    unit.insert("people", {
      id,
      name: `Person ${id}`,
      email: `${id}@example.com`,
      // May ask for nothing: whoever may needs people who may decide.
      roles: "director",
      osUser: "",
      active: "yes",
      accounts: "",
    }),
  );
  return { database, books };
};

test("signing again keeps what the company is: no company of its own becomes a demo", async () => {
  await (await add("one")).database.close();
  await quietly(() => sign(world.settings, world.config, {}));
  assert.equal(document().demo, false);
  assert.equal(await signedAsDemo(world.settings), false);
  await (await add("two")).database.close();
  await quietly(() => sign(world.settings, world.config, {}));
  assert.deepEqual({ demo: document().demo, serial: document().serial }, { demo: false, serial: 2 });
  assert.deepEqual(
    document()
      .people.map(({ id }) => id)
      .toSorted(),
    ["one", "two"],
  );
});

test("a demo stays a demo", async () => {
  await world.setUp();
  assert.equal(await signedAsDemo(world.settings), true);
  await (await add("one")).database.close();
  await quietly(() => sign(world.settings, world.config, {}));
  assert.equal(document().demo, true);
  assert.ok(document().people.some(({ id }) => id === "one"));
});

test("before anything is signed nobody is told what the company is", async () => {
  assert.equal(await signedAsDemo(world.settings), undefined);
});

test("while the agents process has the books, people are asked of it, at every signing", async () => {
  makeRuntimeFolder(world.settings.runtime);
  const company = await add("one");
  const server = await serveBooks(world.settings.runtime, company);
  await quietly(() => sign(world.settings, world.config, {}));
  assert.deepEqual(
    document().people.map(({ id }) => id),
    ["one"],
  );
  await company.books.unit((unit) =>
    unit.insert("people", {
      id: "two",
      name: "Two",
      email: "two@example.com",
      roles: "manager;admin",
      osUser: "two",
      active: "no",
      accounts: "slack:T1/U2",
    }),
  );
  assert.deepEqual(
    (await readPeople(world.settings, false)).find(({ id }) => id === "two"),
    {
      id: "two",
      name: "Two",
      roles: ["manager", "admin"],
      active: false,
      osUser: "two",
      accounts: ["slack:T1/U2"],
    },
  );
  await quietly(() => sign(world.settings, world.config, {}));
  assert.deepEqual(
    document()
      .people.map(({ id }) => id)
      .toSorted(),
    ["one", "two"],
  );
  await server.close();
  await company.database.close();
  assert.equal((await readPeople(world.settings, false)).length, 2);
});
