import type { SkillContext } from "../../src/define-agent.ts";
import { questionFor } from "./question.ts";
import { longestMessage, readMessages } from "./reading.ts";
import type { RouteInput, RouteOutput } from "./route-schema.ts";
import { fillSlots } from "./slots.ts";

const orderParts = "order-parts";

/**
 * Reads a request with its answers and says which workflow it means. The model only picks words out of the text;
 * which customer and item they name is decided here, by exact comparison with the books, or asked.
 */
export async function route(context: SkillContext, input: RouteInput): Promise<RouteOutput> {
  const { text, dialogue, workflows } = input;
  const { readings, model } = await readMessages(context, text, dialogue);
  const texts = [text, ...dialogue.map((turn) => turn.answer)];
  const [customers, items] = await Promise.all([
    context.books.find("customers"),
    context.books.find("items"),
  ]);
  const names = { customers, items };
  const slots = fillSlots(
    names,
    readings.map((reading, i) => ({ text: texts[i] ?? "", reading })),
  );
  const workflow = workflows
    .filter((each) => each.id === orderParts)
    .toSorted((a, b) => b.version - a.version)[0];
  const tooLong = (texts.at(-1) ?? "").length > longestMessage;
  if (tooLong && !slots.isOrder) {
    const question = `Please say it in at most ${longestMessage.toLocaleString("en")} characters: what should be ordered?`;
    return { outcome: "question", question, options: [], model };
  }
  if (!slots.isOrder || workflow === undefined) {
    return { outcome: "unsupported", message: whatICanDo(workflows), model };
  }
  const { customer, item, quantity } = slots;
  if (customer.state === "open" || item.state === "open" || quantity.state === "open") {
    return { outcome: "question", ...(await questionFor(slots, names)), model };
  }
  return {
    outcome: "workflow",
    workflow: workflow.id,
    version: workflow.version,
    input: { customer: customer.row.id, item: item.row.id, quantity: quantity.value },
    model,
  };
}

function whatICanDo(workflows: RouteInput["workflows"]): string {
  const lines = workflows.map(({ description, examples }) => {
    const [example] = examples;
    return example === undefined ? description : `${description} For example: "${example}"`;
  });
  return `I cannot do that. What I can do: ${lines.join(" ")}`;
}
