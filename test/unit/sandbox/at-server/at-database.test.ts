import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import { AtDatabase } from "../../../../src/sandbox/at-server/at-database.ts";
import { temporaryFolder } from "./with-sandbox.ts";

suite("work that shares a commit", () => {
  test("is done in order and seen only when committed; what fails takes nothing else with it", async (t) => {
    const db = new AtDatabase(
      join(temporaryFolder(t), "x.db"),
      "create table n (v integer primary key) strict;",
    );
    t.after(() => db.close());
    const insert = db.prepare("insert into n values (?)");
    const all = db.prepare("select v from n order by v");
    const values = () => all.all().map((row) => row["v"]);
    const done: string[] = [];
    const put = (v: number) =>
      db.grouped(() => {
        insert.run(v);
        db.beforeCommit(() => {
          done.push(`before ${v}`);
          db.beforeCommit(() => done.push(`last ${v}`));
        });
        db.afterCommit(() => done.push(`after ${v}`));
        if (v < 0) throw new Error("refused");
        return v;
      });
    const first = put(1).then(() => done.push("answer 1"));
    const refused = assert.rejects(put(-1), /refused/);
    const second = put(2).then(() => done.push("answer 2"));
    assert.deepEqual(values(), [], "not in this turn");
    await Promise.all([first, refused, second]);
    assert.deepEqual(values(), [1, 2]);
    assert.deepEqual(done, [
      "before 1",
      "before 2",
      "last 1",
      "last 2",
      "after 1",
      "after 2",
      "answer 1",
      "answer 2",
    ]);
    await assert.rejects(put(1), /UNIQUE/);
    assert.deepEqual(values(), [1, 2]);
  });

  test("is not lost when the database is closed in the same turn", async (t) => {
    const file = join(temporaryFolder(t), "x.db");
    const schema = "create table if not exists n (v integer primary key) strict;";
    const db = new AtDatabase(file, schema);
    const insert = db.prepare("insert into n values (1)");
    const put = db.grouped(() => insert.run());
    db.close();
    await put;
    const again = new AtDatabase(file, schema);
    t.after(() => again.close());
    assert.equal(again.prepare("select count(*) as n from n").get()?.["n"], 1);
  });
});
