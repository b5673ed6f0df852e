import { openMemoryQueue } from "../../adapters/bullmq/step-queue.ts";
import { silentLogger } from "../fakes/silent-logger.ts";
import { stepQueueContract } from "./step-queue.ts";

stepQueueContract("in-memory PGlite", () => openMemoryQueue(silentLogger));
