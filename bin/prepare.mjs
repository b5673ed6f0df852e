// Plain JavaScript that Node 20 runs: installs what is missing, then finds a Node that runs TypeScript as it is.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const modules = path.join(root, "node_modules");
const stamp = path.join(modules, ".countersign-installed");
const say = (text) => process.stderr.write(`${text}\n`);

/** Changes when the lock file, the manifest, the platform or the ABI asks for another installation. */
function wanted() {
  const hash = createHash("sha256");
  for (const name of ["package.json", "package-lock.json"]) {
    hash.update(readFileSync(path.join(root, name)));
  }
  return hash.update(`${process.platform}-${process.arch}`).digest("hex");
}

/** Runs npm; its output is kept and shown only when asked for, because a first try may fail without harm. */
function npm(args) {
  const options = ["--no-audit", "--no-fund", "--loglevel=error"];
  // npm's own script is run by this Node: no shell, and the same npm that started us.
  const cli = process.env.npm_execpath;
  const [command, first] = cli?.endsWith(".js") ? [process.execPath, [cli]] : ["npm", []];
  return spawnSync(command, [...first, ...args, ...options], {
    cwd: root,
    encoding: "utf8",
    shell: command === "npm" && process.platform === "win32",
  });
}

/** Installs when lock file and node_modules differ; resolves to the seconds it took (0 = nothing to do). */
export function install() {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted()) {
    return 0;
  }
  const started = performance.now();
  say("installing packages (first start only) …");
  if (npm(["ci"]).status !== 0) {
    // A registry may lack another platform's optional package, which `npm ci` refuses: the same locked versions,
    // without touching the lock file.
    const { status, stdout, stderr } = npm(["install", "--no-save"]);
    if (status !== 0) {
      say(
        `${stdout}${stderr}\nnpm could not install the packages: see its messages above, check network and disk.`,
      );
      process.exit(1);
    }
  }
  mkdirSync(modules, { recursive: true });
  writeFileSync(stamp, wanted());
  return (performance.now() - started) / 1000;
}

function runsTypeScript(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

/** The path of a Node that runs TypeScript: this one, or the one that came with the packages. */
export function findNode() {
  if (runsTypeScript(process.version)) {
    return process.execPath;
  }
  const os = process.platform === "win32" ? "win" : process.platform;
  const names = [`node-${os}-${process.arch}`, `node-bin-${os}-${process.arch}`];
  for (const name of names) {
    const file = path.join(modules, name, "bin", os === "win" ? "node.exe" : "node");
    if (existsSync(file) && spawnSync(file, ["--version"]).status === 0) {
      return file;
    }
  }
  say(
    `Countersign needs Node 22.18 or newer; this is ${process.version}, and no bundled one fits this machine.`,
  );
  process.exit(1);
}

/** Installs if needed and runs a TypeScript file with the arguments; the exit code is the file's. */
export async function runTypeScript(file, args) {
  const seconds = install();
  process.env.COUNTERSIGN_INSTALL_SECONDS = seconds.toFixed(1);
  const node = findNode();
  const script = path.join(root, file);
  if (node === process.execPath) {
    process.argv = [node, script, ...args];
    await import(new URL(`../${file}`, import.meta.url).href);
    return;
  }
  const child = spawn(node, [script, ...args], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // A terminal sends SIGINT to the child as well; the others reach only us.
    process.on(signal, () => signal !== "SIGINT" && child.kill(signal));
  }
  child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}
