import { Blocks } from "./blocks.js";
import { html, useState } from "./html.js";

/** The modal on top of the stack. Inputs stay here until they are submitted or an element is worked. */
export function Modal({ view, people, send }) {
  const [inputs, setInputs] = useState(view.inputs);
  const inInputBlock = new Set(
    view.blocks
      .filter((each) => each.type === "input" && !each.dispatch_action)
      .map((each) => each.element.action_id),
  );
  const fill = (name, value) => setInputs((before) => ({ ...before, [name]: value }));
  const click = async (name, input) => {
    await send({ act: "fill", inputs });
    await send({ act: "click", where: "modal", name, ...(input === undefined ? {} : { input }) });
  };
  const choose = (name, value) => {
    fill(name, value);
    if (!inInputBlock.has(name)) {
      void click(name, [value].flat()[0]);
    }
  };
  const submit = (event) => {
    event.preventDefault();
    void send({ act: "submit", inputs });
  };
  return html`<div class="shade">
    <form class="modal" role="dialog" aria-label=${view.title.text} onSubmit=${submit}>
      <h2>${view.title.text}</h2>
      <div class="body">
        <${Blocks}
          blocks=${view.blocks}
          people=${people}
          work=${{ click, choose, fill, inputs, errors: view.errors }}
        />
      </div>
      <footer>
        <button type="button" onClick=${() => void send({ act: "close" })}>
          ${view.close?.text ?? (view.depth > 1 ? "Back" : "Close")}
        </button>
        ${view.submit && html`<button type="submit" class="primary">${view.submit.text}</button>`}
      </footer>
    </form>
  </div>`;
}
