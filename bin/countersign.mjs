#!/usr/bin/env node
import { runTypeScript } from "./prepare.mjs";

await runTypeScript("src/main.ts", process.argv.slice(2));
