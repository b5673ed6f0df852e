import { test } from "node:test";
import { fuzz } from "../../fuzz/fuzz.ts";

test("a sample of what npm run fuzz puts to the codecs", () =>
  fuzz({ seed: 20_260_101, from: 0, inputs: 20_000 }));
