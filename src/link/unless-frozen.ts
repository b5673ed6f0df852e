import { AppError } from "../errors.ts";
import type { AgentStore, Suppliers } from "../ports.ts";

/** Throws "frozen", which may be tried again, while this agent knows of a freeze. */
export async function requireUnfrozen(store: Pick<AgentStore, "freeze">): Promise<void> {
  const known = await store.freeze();
  if (known?.frozen === true) {
    throw new AppError("frozen", "the company is frozen: no effects until two people lift it", {
      retryable: true,
    });
  }
}

/** Suppliers that nothing is ordered from during a freeze, also by a skill that began before it. */
export function unlessFrozen(suppliers: Suppliers, check: () => Promise<void>): Suppliers {
  return {
    open(wholesaler) {
      const system = suppliers.open(wholesaler);
      return {
        requestOffer: (request, signal) => system.requestOffer(request, signal),
        findOrder: (order, signal) => system.findOrder(order, signal),
        documents: (order, signal) => system.documents(order, signal),
        async placeOrder(order, signal) {
          await check();
          return system.placeOrder(order, signal);
        },
      };
    },
  };
}
