import type { AtTransport } from "../../../src/link/at-transport.ts";
import type {
  AgentStore,
  Books,
  ChatAdapter,
  LanguageModel,
  StepQueue,
  Store,
  SupplierSystem,
} from "../../../src/ports.ts";

/** What an operation of a port does to the world: a failpoint stands before and after all but a "read". */
export type OperationKind = "commit" | "send" | "effect" | "read";

/** Operations by name; of a port within a port, a table of its own. */
export interface Operations {
  readonly [name: string]: OperationKind | Operations;
}

type Waited = (...args: never[]) => Promise<unknown>;
/** Every method of a port that is waited for must be named: one that is new does not compile until it is here. */
type OperationsOf<P> = {
  readonly [K in keyof P as NonNullable<P[K]> extends Waited ? K : never]-?: OperationKind;
};

// They change inside a unit only, which has a commit of its own.
const books: OperationsOf<Books> = { get: "read", find: "read", insert: "read", update: "read" };
const instances: OperationsOf<Store["instances"]> = {
  assign: "commit",
  assignWithin: "commit",
  assignment: "read",
  assigned: "read",
  release: "commit",
  keep: "commit",
  drop: "commit",
  kept: "read",
};
const freezes: OperationsOf<Store["freezes"]> = { newest: "read", save: "commit" };
const leases: OperationsOf<Store["leases"]> = {
  hold: "commit",
  draw: "commit",
  release: "commit",
  held: "read",
};
const store: OperationsOf<Store> = {
  progress: "read",
  heldRuns: "read",
  claimOutbox: "commit",
  postponeOutbox: "commit",
  closeOutbox: "commit",
  prune: "commit",
  staleCards: "read",
  cards: "read",
  beginPost: "commit",
  cardShown: "commit",
  postponeCard: "commit",
  placeCard: "commit",
  getValue: "read",
  getValues: "read",
  setValue: "commit",
  resume: "commit",
  saveRun: "commit",
  createRun: "commit",
  requestRun: "read",
  withdrawRequest: "commit",
  openWorkflows: "read",
  loadRun: "read",
  listRuns: "read",
  waitingInThread: "read",
  dueRuns: "read",
  postponeRun: "commit",
  contents: "read",
  requestTexts: "read",
  approval: "read",
  approvals: "read",
  counts: "read",
  traffic: "read",
  appendJournal: "commit",
  close: "read",
};
const agentStore: OperationsOf<AgentStore> = {
  claimOutbox: "commit",
  postponeOutbox: "commit",
  closeOutbox: "commit",
  prune: "commit",
  keepFreeze: "commit",
  freeze: "read",
  acquireLease: "commit",
  perform: "commit",
  transact: "commit",
  takeOver: "commit",
  replyAgain: "commit",
  appendJournal: "commit",
  getValue: "read",
  setValue: "commit",
};
const queue: OperationsOf<StepQueue> = { add: "send", work: "read", close: "read" };
const transport: OperationsOf<AtTransport> = {
  notify: "send",
  put: "send",
  get: "read",
  delete: "send",
};
const supplier: OperationsOf<SupplierSystem> = {
  requestOffer: "effect",
  placeOrder: "effect",
  findOrder: "read",
  documents: "read",
};
const model: OperationsOf<LanguageModel> = { generate: "send" };
const chat: OperationsOf<ChatAdapter> = {
  start: "read",
  stop: "read",
  post: "send",
  find: "read",
  update: "send",
  whisper: "send",
};

/** The ports through which engine, approvals, link and agents do all they do. */
export const portOperations = {
  // Opening the record writes down what its key is, the first time.
  store: { ...store, instances, freezes, leases, open: "commit" },
  agentStore: { ...agentStore, books },
  queue,
  transport,
  supplier,
  model,
  chat,
} satisfies Operations;
