import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

const folder = path.join(import.meta.dirname, "public");
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};
/** Browser libraries, served as installed; a page has no package names, so imports among them get addresses. */
const vendored = [
  { name: "preact", address: "/vendor/preact.js", file: import.meta.resolve("preact") },
  { name: "preact/hooks", address: "/vendor/hooks.js", file: import.meta.resolve("preact/hooks") },
  { name: "htm", address: "/vendor/htm.js", file: import.meta.resolve("htm") },
];

export interface StaticFile {
  readonly type: string;
  readonly text: string;
}

/** Everything that is served as it is, by address. Read once: no address ever becomes a path. */
export async function loadStaticFiles(): Promise<ReadonlyMap<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  for (const name of await readdir(folder)) {
    const type = types[path.extname(name)];
    if (type !== undefined) {
      files.set(`/assets/${name}`, { type, text: await readFile(path.join(folder, name), "utf8") });
    }
  }
  for (const { address, file } of vendored) {
    const text = await readFile(fileURLToPath(file), "utf8");
    files.set(address, { type: types[".js"] ?? "", text: withAddresses(text) });
  }
  return files;
}
function withAddresses(source: string): string {
  return source
    .replace(/\bfrom\s*"([^".]+)"/g, (whole, name: string) => {
      const library = vendored.find((each) => each.name === name);
      return library === undefined ? whole : `from"${library.address}"`;
    })
    .replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
}
