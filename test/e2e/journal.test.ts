import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, suite, test } from "node:test";
import { TestSystem } from "./system.ts";

/** The record of what happened, through the command line: told, exported, verified, erased. */

interface Report {
  readonly ok: boolean;
  readonly databases: readonly { readonly name: string; readonly records: number }[];
}
interface Story {
  readonly status: string;
  readonly parts: readonly { readonly heading: string; readonly lines: readonly string[] }[];
  readonly cost: { readonly models: readonly { readonly model: string; readonly calls: number }[] };
}
const said = "Order the parts needed for 50 widgets for Customer XYZ";

suite("the journal", { timeout: 200_000 }, () => {
  const system = new TestSystem();
  let run: string;
  let rejected: string;
  const file = (name: string) => path.join(system.folder, name);
  const good = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await system.run(...args);
    assert.equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  };
  const story = async (id: string) => JSON.parse(await good("explain", id, "--json")) as Story;
  const linesOf = ({ parts }: Story, heading: string) =>
    parts.find((part) => part.heading === heading)?.lines ?? [];
  before(async () => {
    await system.start();
    run = (await system.ask(said, "--yes")).result.run ?? "";
    rejected = (await system.ask(said, "--no", "--reason", "too dear\u001b[31m")).result.run ?? "";
  });
  after(() => system.remove());

  test("a run is told in words: who, what, by whom, checked how, decided by whom, ordered what", async () => {
    const told = await story(run);
    assert.equal(told.status, "completed");
    assert.match(
      linesOf(told, "Asked").join("\n"),
      /employee asked in terminal: “Order the parts needed for 50/,
    );
    const done = linesOf(told, "Done").join("\n");
    assert.match(done, /^Credit: done by financial @cs-financial instance main, \d+ ms: within the limit: /m);
    assert.match(done, /^Vendors: done by compliance .*: allowed: /m);
    assert.match(done, /^Compliance attests: .* signed “approved” under plan [0-9a-f]{12}…$/m);
    assert.match(linesOf(told, "Plan").join("\n"), /what would happen: “.*” \(irreversible\)/);
    assert.match(
      linesOf(told, "Decided").join("\n"),
      /manager approved “order” on plan [0-9a-f]{12}… \(revision 1\) in terminal, assurance local$/,
    );
    assert.ok(linesOf(told, "Ordered").length > 0);
    assert.deepEqual(
      told.cost.models.map(({ model }) => model),
      ["rules"],
    );
    assert.deepEqual(await story(run), told, "the same every time");
    const other = await story(rejected);
    assert.match(
      linesOf(other, "Decided").join("\n"),
      /manager rejected .*, because “too dear\u{FFFD}\[31m”$/u,
    );
    assert.ok(linesOf(other, "Undone").includes("Reserve was undone"));
    assert.ok(!(await good("explain", rejected)).includes("\u001b"));
  });

  test("the journal is written to a file, and the file verified for itself", async () => {
    await good("journal", "export", "--out", file("all.jsonl"));
    const report = JSON.parse(
      await good("journal", "verify", "--file", file("all.jsonl"), "--json"),
    ) as Report;
    assert.deepEqual(
      report.databases.map(({ name, records }) => [name, records > 10]),
      [
        ["record", true],
        ["books", true],
        ["gateway", true],
      ],
    );
    assert.ok(!readFileSync(file("all.jsonl"), "utf8").includes(said));
    assert.equal((await system.run("journal", "export", "--with-text", "--as", "employee")).code, 1);
    const texts = await good("journal", "export", "--run", run, "--with-text", "--format", "csv");
    assert.ok(texts.includes(said));
  });

  test("what was said is erased: from record, books and gateway; the journal still verifies", async () => {
    const refused = await system.run("erase", run, "--reason", "not mine", "--as", "manager");
    assert.equal(refused.code, 1);
    const erased = JSON.parse(await good("erase", run, "--reason", "asked for", "--json")) as {
      runs: string[];
    };
    assert.deepEqual(erased.runs, [run]);
    assert.equal((await system.run("run", run)).code, 1);
    const told = await story(run);
    assert.equal(told.status, "completed");
    assert.match(linesOf(told, "Asked").join("\n"), /employee asked; what was said is erased$/);
    assert.match(linesOf(told, "Erased").join("\n"), /admin had what was said erased$/);
    assert.deepEqual(
      JSON.parse(await good("erase", "--person", "employee", "--reason", "all", "--json")).runs,
      [run, rejected],
    );
    await good("journal", "verify");
    await system.stop();
    await good("journal", "verify");
    const clear = globSync("**/{record,books,gateway}.db*", { cwd: system.data }).filter((name) =>
      readFileSync(path.join(system.data, name)).includes(said),
    );
    assert.deepEqual(clear, []);
  });
});
