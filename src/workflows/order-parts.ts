import { z } from "zod";
import blueprint from "../../agents/blueprint.ts";
import compliance from "../../agents/compliance.ts";
import crm from "../../agents/crm.ts";
import exception from "../../agents/exception.ts";
import financial from "../../agents/financial.ts";
import inventory from "../../agents/inventory.ts";
import logistics from "../../agents/logistics.ts";
import quoting from "../../agents/quoting.ts";
import supply from "../../agents/supply.ts";
import validation from "../../agents/validation.ts";
import type { StepContext } from "../define-step.ts";
import { defineWorkflow } from "../define-workflow.ts";
import type { PlanDocument } from "../domain.ts";
import { idSchema, planDocumentSchema } from "../plan/plan-schema.ts";
import { asked, assemblePlan, buyFrom, projectedDelivery, toBuy } from "./order-parts-plan.ts";

const workflow = { id: "order-parts", version: 1 };

/** What both agents attest: the plan's canonical bytes, which they hash themselves. */
function planText({ needs, canonicalJson }: StepContext<unknown, { readonly plan: PlanDocument }>) {
  return { plan: canonicalJson(needs.plan) };
}

/** From a customer's order to the parts for it: checked, planned, attested, approved, ordered, validated, recorded. */
export default defineWorkflow({
  ...workflow,
  description: "Orders the parts that are missing to build a number of a product for a customer.",
  examples: [
    "Order the parts needed for 50 widgets for Customer XYZ",
    "Customer XYZ wants four dozen widgets, please get what is missing",
  ],
  input: z.strictObject({
    customer: idSchema,
    item: idSchema,
    quantity: z.string().regex(/^[1-9]\d{0,6}$/, 'must be a whole number such as "50"'),
  }),
  steps(step) {
    const credit = step.call(financial, "check-credit", {
      with: ({ input, run }) => asked(input, run),
    });
    const orderCompliance = step.call(compliance, "check-order", {
      with: ({ input: { customer, item } }) => ({ customer, item }),
    });
    const parts = step.call(blueprint, "explode", {
      needs: { credit, orderCompliance },
      with: ({ input, run }) => ({ item: input.item, quantity: asked(input, run).quantity }),
    });
    const reserve = step.call(inventory, "reserve", {
      needs: { parts },
      with: ({ needs }) => ({ parts: needs.parts.parts }),
    });
    const offers = step.call(supply, "request-offers", {
      needs: { reserve, credit },
      with: ({ needs, run }) => ({
        deficit: toBuy(needs.reserve.deficit, run),
        country: needs.credit.shipTo.country,
        exclude: [...run.excluded],
      }),
    });
    const vendors = step.call(compliance, "check-vendors", {
      needs: { offers },
      with: ({ needs }) => ({
        vendors: needs.offers.offers.map(({ supplier, supplierName, bankAccount }) => ({
          id: supplier,
          name: supplierName,
          bankAccount,
        })),
      }),
    });
    const budget = step.call(financial, "check-budget", {
      needs: { offers, credit },
      with: ({ needs }) => ({ project: needs.credit.project, amount: needs.offers.estimate }),
    });
    const choice = step.call(logistics, "choose", {
      needs: { reserve, offers, vendors, budget },
      with: ({ needs, run }) => ({
        deficit: toBuy(needs.reserve.deficit, run),
        offers: needs.offers.offers,
        allowed: buyFrom(needs.vendors.allowed, run),
        ...(run.edit?.shipping === undefined ? {} : { shipping: run.edit.shipping }),
      }),
    });
    const quote = step.call(quoting, "draft", {
      needs: { reserve, choice },
      with: ({ input, needs, run }) => ({
        ...asked(input, run),
        ...(run.edit?.marginPercent === undefined ? {} : { marginPercent: run.edit.marginPercent }),
        orders: needs.choice.orders,
        total: needs.choice.total,
        reservedParts: needs.reserve.reserved,
      }),
    });
    const fallbacks = step.call(exception, "prepare", {
      needs: { reserve, offers, vendors, budget, choice, quote },
      with: ({ needs, run }) => ({
        deficit: toBuy(needs.reserve.deficit, run),
        orders: needs.choice.orders,
        offers: needs.offers.offers,
        allowed: buyFrom(needs.vendors.allowed, run),
        available: needs.budget.available,
        total: needs.choice.total,
      }),
    });
    const plan = step.compute({
      needs: { credit, parts, reserve, choice, quote, fallbacks },
      output: planDocumentSchema,
      run: ({ input, needs, run }) =>
        assemblePlan({
          run,
          workflow,
          request: asked(input, run),
          deficit: needs.reserve.deficit,
          credit: needs.credit,
          itemName: needs.parts.itemName,
          choice: needs.choice,
          quote: needs.quote,
          fallbacks: needs.fallbacks.fallbacks,
          reserved: needs.reserve.reserved.length,
        }),
    });
    const financialAttests = step.call(financial, "attest", {
      needs: { plan },
      with: planText,
    });
    const complianceAttests = step.call(compliance, "attest", {
      needs: { plan },
      with: planText,
    });
    const gate = step.approval({
      action: "order",
      needs: { plan, financialAttests, complianceAttests },
      plan: ({ needs }) => needs.plan,
      attestations: ({ needs }) => [needs.financialAttests, needs.complianceAttests],
    });
    // The card may have waited for days: both attest the same plan again, by the books of now.
    const financialRenews = step.call(financial, "attest", {
      needs: { plan, gate },
      with: planText,
    });
    const complianceRenews = step.call(compliance, "attest", {
      needs: { plan, gate },
      with: planText,
    });
    const orders = step.call(supply, "place-orders", {
      mandate: { gate, attestations: [financialRenews, complianceRenews] },
      attempts: 5,
    });
    const documents = step.call(validation, "check-documents", {
      needs: { plan, orders },
      with: ({ needs }) => ({ plan: needs.plan, placed: needs.orders.placed }),
      attempts: 5,
    });
    const marking = step.call(validation, "mark-orders", {
      needs: { orders, documents },
      with: ({ needs }) => ({ placed: needs.orders.placed, differences: needs.documents.differences }),
    });
    const record = step.call(crm, "record", {
      needs: { plan, quote, orders, documents, marking },
      with: ({ input, needs, run }) => ({
        customer: input.customer,
        status: needs.documents.differences.length === 0 ? "ordered" : "ordered with differences",
        quote: { total: needs.quote.total, text: needs.quote.text },
        projectedDelivery: projectedDelivery(needs.plan, needs.orders.placed, run.at),
      }),
    });
    return {
      credit,
      orderCompliance,
      parts,
      reserve,
      offers,
      vendors,
      budget,
      logistics: choice,
      quote,
      fallbacks,
      plan,
      financialAttests,
      complianceAttests,
      gate,
      financialRenews,
      complianceRenews,
      orders,
      validation: documents,
      marking,
      crm: record,
    };
  },
  onStatus: {
    agent: crm,
    skill: "record-status",
    with: ({ input, status, reason }) => ({ status, reason, customer: input.customer }),
  },
  onFailure: { agent: exception, skill: "triage" },
  editable: ({ input, outputs: { plan, reserve, offers, vendors }, edit }) => {
    const suppliers = (offers?.offers ?? [])
      .filter(({ supplier }) => vendors?.allowed.includes(supplier) === true)
      .map(({ supplier, supplierName }) => ({ id: supplier, name: supplierName }));
    const lines = (reserve?.deficit ?? []).map(({ part, description, quantity, unit }) => ({
      id: part,
      name: `${part} ${description}, ${quantity} ${unit}`,
    }));
    return {
      quantity: { now: edit.quantity ?? input.quantity, asked: input.quantity },
      suppliers: { now: edit.suppliers ?? suppliers.map(({ id }) => id), options: suppliers },
      shipping: { now: edit.shipping ?? "cheapest" },
      ...(plan === undefined ? {} : { marginPercent: { now: plan.quote.marginPercent } }),
      leaveOut: { now: edit.leaveOut ?? [], options: lines },
    };
  },
  summary: ({ input, outputs: { plan, orders, validation: checked } }) => {
    const what = `${plan?.request.quantity ?? input.quantity} × ${plan?.itemName ?? input.item} for ${plan?.customerName ?? input.customer}`;
    const placed = orders?.placed.length ?? 0;
    if (placed === 0) {
      return `All parts for ${what} are in stock and reserved; nothing was ordered.`;
    }
    const fallback = orders?.placed.filter((each) => each.usedFallback).length ?? 0;
    // With an alternative it is not the plan's total that was spent.
    const cost =
      fallback === 0
        ? ` for ${plan?.total.amount} ${plan?.total.currency}`
        : `, ${fallback} of them with the approved alternative`;
    const differences = checked?.differences.length ?? 0;
    const differing =
      differences === 0
        ? "Confirmations and invoices agree with the plan."
        : `${differences} ${differences === 1 ? "difference" : "differences"} between documents and plan.`;
    return `Parts for ${what}: ${placed} ${placed === 1 ? "order" : "orders"} placed${cost}. ${differing}`;
  },
});
