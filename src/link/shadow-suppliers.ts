import type { Suppliers } from "../ports.ts";

/** Suppliers for a run without effects: they are asked for offers as ever, and are never sent an order. */
export function shadowSuppliers(suppliers: Suppliers): Suppliers {
  return {
    open(wholesaler) {
      const system = suppliers.open(wholesaler);
      return {
        requestOffer: (request, signal) => system.requestOffer(request, signal),
        findOrder: async () => undefined,
        documents: async () => [],
        placeOrder: async ({ id }) => `SHADOW-${id}`,
      };
    },
  };
}
