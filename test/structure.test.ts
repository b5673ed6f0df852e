import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const sources = globSync("{src,adapters,agents,test}/**/*.ts", { cwd: root, exclude: ["**/node_modules/**"] })
  .map((file) => file.split(path.sep).join("/"))
  .sort();
const text = new Map(sources.map((file) => [file, readFileSync(path.join(root, file), "utf8")]));

/** Every module a file names, types and dynamic imports included; relative ones as paths from the root. */
function importsOf(file: string): string[] {
  const pattern = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)"([^"\s]+)"/gm;
  return [...(text.get(file) ?? "").matchAll(pattern)]
    .map((match) => match[1] ?? "")
    .filter((name) => !name.includes("${"))
    .map((name) => (name.startsWith(".") ? path.posix.join(path.posix.dirname(file), name) : name))
    .filter((name) => !/^https?:/.test(name));
}
const product = sources.filter((file) => !file.startsWith("test/"));
const isLocal = (name: string) => /^(src|adapters|agents|test|countersign\.config)/.test(name);
const composers =
  /^src\/(app|bot-parts|wire-safety|wire-rights|load|main)\.ts$|^src\/(sandbox|commands|processes)\//;
const nouns =
  /^src\/(domain|mandate-types|book-rows|record-types|instance-types|link-types|link-port|supplier-types|policy-types|safety-types|chat-types|decision-types|edit-types|rights-types|desk-types|undo-types|card|ports|errors)\.ts$/;
const helpers =
  /^src\/(plan\/[a-z-]+|money|accounts|countersigned|canonical|journal|back-off|bounded-map|with-deadline|checkpoint-schema|sign-checkpoint|parsed-json|model-call|policy|policy\/[a-z-]+|next-look|clock-ahead|agent-limit|fair-shares|safety-policy|verify-freeze|step-errors|iso-minute)\.ts$/;
const defines = /^src\/define-[a-z]+\.ts$/;
const srcRoot = /^src\/[a-z-]+\.ts$/;

interface Rule {
  readonly name: string;
  readonly files: RegExp;
  readonly may: (imported: string, importer: string) => boolean;
}
const rules: readonly Rule[] = [
  { name: "domain imports nothing", files: /^src\/domain\.ts$/, may: () => false },
  {
    name: "nouns and ports know nouns and zod's types",
    files:
      /^src\/(ports|mandate-types|book-rows|record-types|instance-types|link-types|link-port|supplier-types|policy-types|safety-types|chat-types|decision-types|edit-types|rights-types|desk-types|undo-types|card)\.ts$/,
    may: (name) => nouns.test(name) || name === "zod",
  },
  {
    name: "atsdk knows node and itself",
    files: /^src\/atsdk\//,
    may: (name, importer) =>
      name.startsWith("node:") ||
      name.startsWith("src/atsdk/") ||
      (name === "@atsign/atsdk" && importer.startsWith("src/atsdk/examples/")),
  },
  {
    name: "engine knows nouns, ports, errors, define-*, policy, journal and helpers",
    files: /^src\/engine\//,
    may: (name) =>
      /^(node:|zod$|src\/engine\/|src\/policy\.ts$)/.test(name) ||
      nouns.test(name) ||
      helpers.test(name) ||
      defines.test(name),
  },
  {
    name: "workflows know define-workflow, agents and zod",
    files: /^src\/workflows\//,
    may: (name) =>
      /^(zod$|agents\/|src\/workflows\/)/.test(name) ||
      nouns.test(name) ||
      helpers.test(name) ||
      defines.test(name),
  },
  {
    name: "agents know define-agent, ports, zod and their trade's library, never each other",
    files: /^agents\//,
    may: (name, importer) =>
      /^(zod$|big\.js$|fastest-levenshtein$)/.test(name) ||
      nouns.test(name) ||
      helpers.test(name) ||
      name === "src/define-agent.ts" ||
      (name.startsWith("agents/") && importer.split("/").length > 2 && sameFolder(name, importer)) ||
      (name.startsWith("agents/") && name.startsWith(importer.replace(/\.ts$/, "/"))),
  },
  {
    name: "adapters know nouns, ports, define-*, helpers and their vendor, never each other",
    files: /^adapters\//,
    may: (name, importer) =>
      !isLocal(name) ||
      nouns.test(name) ||
      helpers.test(name) ||
      defines.test(name) ||
      (name.startsWith("adapters/") && sameAdapter(name, importer)),
  },
  {
    name: "link knows nouns, ports, define-agent and trust; only at-link knows atsdk",
    files: /^src\/link\//,
    may: (name, importer) =>
      (/^(node:|zod$|src\/link\/|src\/trust(\/|\.ts$)|src\/keys\.ts$|src\/policy\.ts$)/.test(name) ||
        nouns.test(name) ||
        helpers.test(name) ||
        name === "src/define-agent.ts" ||
        (name === "@atsign/atsdk" && importer === "src/link/at-link.ts")) &&
      true,
  },
  {
    name: "governance and the other files of src know nouns, define-* and each other",
    files: /^src\/(governance\/|trust\/|plan\/|policy\/|[a-z-]+\.ts$)/,
    may: (name, importer) =>
      composers.test(importer) ||
      !isLocal(name) ||
      (srcRoot.test(name) && !composers.test(name)) ||
      /^src\/(governance|trust|plan|policy)\//.test(name),
  },
];
function sameFolder(a: string, b: string): boolean {
  return path.posix.dirname(a) === path.posix.dirname(b);
}
function sameAdapter(a: string, b: string): boolean {
  return a.split("/")[1] === b.split("/")[1];
}

for (const rule of rules) {
  test(`imports: ${rule.name}`, () => {
    const files = product.filter((file) => rule.files.test(file));
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((name) => !rule.may(name, file))
        .map((name) => `${file} imports ${name}`),
    );
    assert.deepEqual(wrong, []);
  });
}

test("imports: agents load their libraries and money only inside run", () => {
  const wrong = product
    .filter((file) => file.startsWith("agents/"))
    .filter(
      (file) =>
        /^import (?!type)[^;]*from "(?!zod"|\.)/m.test(text.get(file) ?? "") ||
        /^import (?!type)[^;]*money\.ts"/m.test(text.get(file) ?? ""),
    );
  assert.deepEqual(wrong, []);
});

test("no import cycles, types included", () => {
  const state = new Map<string, "open" | "done">();
  const cycles: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    if (state.get(file) === "done") {
      return;
    }
    if (state.get(file) === "open") {
      cycles.push([...trail.slice(trail.indexOf(file)), file].join(" → "));
      return;
    }
    state.set(file, "open");
    for (const name of importsOf(file).filter((each) => text.has(each))) {
      visit(name, [...trail, file]);
    }
    state.set(file, "done");
  };
  for (const file of sources) {
    visit(file, []);
  }
  assert.deepEqual(cycles, []);
});

test("every relative import exists and every file is at most 300 lines and kebab-case", () => {
  for (const file of sources) {
    assert.ok((text.get(file) ?? "").split("\n").length <= 301, `${file} has more than 300 lines`);
    assert.match(path.posix.basename(file), /^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/, file);
  }
});

test("no unfinished or skipped code is marked in the sources", () => {
  const marks = /\b(TO[D]O|FIX[M]E|HA[C]K|XX[X])\b|\.(only|skip)\(/;
  assert.deepEqual(
    product.filter((file) => marks.test(text.get(file) ?? "")),
    [],
  );
});

test("every setting is documented in the README, and every definition loads with no package but zod", async () => {
  const readme = readFileSync(path.join(root, "README.md"), "utf8");
  const { settingNames } = await import("../src/config.ts");
  assert.deepEqual(
    settingNames.filter((name) => !readme.includes(`\`${name}\``)),
    [],
  );
  const script = `
    import { registerHooks } from "node:module";
    const packages = new Set();
    registerHooks({ resolve(name, context, next) {
      if (!name.startsWith(".") && !name.startsWith("node:") && !name.startsWith("file:")) packages.add(name);
      return next(name, context);
    } });
    const { loadAgents, loadWorkflows } = await import("./src/load.ts");
    const agents = await loadAgents();
    const before = [...packages];
    const workflows = await loadWorkflows();
    console.log(JSON.stringify({ agents: agents.map((a) => a.id), workflows: workflows.map((w) => w.id), before, packages: [...packages] }));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: root,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  const loaded = JSON.parse(stdout) as { agents: string[]; workflows: string[]; packages: string[] };
  assert.equal(loaded.agents.length, 12);
  assert.deepEqual(loaded.workflows, ["order-parts"]);
  assert.deepEqual(
    loaded.packages.filter((name) => name !== "zod" && !name.startsWith("zod/")),
    [],
  );
});
