// Runs one of the project's own TypeScript files: node bin/run.mjs test/run.ts …
import { runTypeScript } from "./prepare.mjs";

const [file, ...args] = process.argv.slice(2);
await runTypeScript(file, args);
