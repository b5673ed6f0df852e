import { configureGlobal } from "fast-check";

/**
 * fast-check with a fixed seed: what a check finds does not depend on the day. `PROPERTY_SEED=N` draws other examples;
 * a test that names a seed of its own keeps it.
 */
configureGlobal({ seed: Number(process.env["PROPERTY_SEED"] ?? 20_261_123) });

export * from "fast-check";
