import { readFile } from "node:fs/promises";
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { ResumeMemory } from "../link/resume-point.ts";
import { writeAtomically } from "../write-atomically.ts";

const schema = z.record(z.string(), z.string());

/** A few small values in one file (0600), for a machine that has no database. Written one after the other, whole. */
export async function openFileValues(file: string): Promise<ResumeMemory> {
  const values = new Map(Object.entries(await read(file)));
  let last: Promise<void> = Promise.resolve();
  return {
    getValue: async (key) => values.get(key),
    setValue(key, value) {
      values.set(key, value);
      const text = `${JSON.stringify(Object.fromEntries(values), null, 2)}\n`;
      const before = last;
      const written = (async () => {
        await before;
        await writeAtomically(file, text, { flush: true });
      })();
      last = written.catch(() => undefined);
      return written;
    },
  };
}

async function read(file: string): Promise<z.infer<typeof schema>> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") {
      return "{}";
    }
    throw error;
  });
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new AppError("file-malformed", `${file} is not as it was written here: restore it from a backup`);
  }
}
