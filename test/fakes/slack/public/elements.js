import { html } from "./html.js";

/** What a user can work. `work.click(name, input)` acts at once; `work.fill(name, value)` only fills in. */
export function Element({ element, people, work }) {
  const { type, action_id: id } = element;
  const label = element.text?.text ?? element.placeholder?.text ?? "";
  if (type === "button" || type === "workflow_button" || type === "icon_button") {
    return html`<${Button} element=${element} label=${label} work=${work} />`;
  }
  if (type === "feedback_buttons") {
    const feedback = (button) =>
      html`<button type="button" onClick=${() => work.click(id, button.value)}>${button.text.text}</button>`;
    return html`${feedback(element.positive_button)}${feedback(element.negative_button)}`;
  }
  if (["plain_text_input", "email_text_input", "url_text_input", "number_input"].includes(type)) {
    const value = work.inputs?.[id] ?? element.initial_value ?? "";
    const onInput = (event) => work.fill(id, event.target.value);
    return element.multiline
      ? html`<textarea name=${id} placeholder=${label} value=${value} onInput=${onInput} rows="4"></textarea>`
      : html`<input name=${id} placeholder=${label} value=${value} onInput=${onInput} />`;
  }
  if (["checkboxes", "radio_buttons"].includes(type)) {
    return html`<${Choices} element=${element} work=${work} />`;
  }
  if (type === "datepicker" || type === "timepicker") {
    const initial = element.initial_date ?? element.initial_time ?? "";
    return html`<input
      name=${id}
      type=${type === "datepicker" ? "date" : "time"}
      value=${work.inputs?.[id] ?? initial}
      onChange=${(event) => work.choose(id, event.target.value)}
    />`;
  }
  const options = type.includes("users_select")
    ? people.map((each) => ({ value: each.id, text: each.name }))
    : [...(element.options ?? []), ...(element.option_groups ?? []).flatMap((group) => group.options)].map(
        (each) => ({
          value: each.value,
          text: each.text.text,
        }),
      );
  const chosen = work.inputs?.[id] ?? element.initial_option?.value ?? element.initial_user ?? "";
  return html`<select name=${id} value=${chosen} onChange=${(event) => work.choose(id, event.target.value)}>
    <option value="">${type === "overflow" ? "⋯" : label || "Choose…"}</option>
    ${options.map((each) => html`<option value=${each.value}>${each.text}</option>`)}
  </select>`;
}

function Button({ element, label, work }) {
  const confirmed = () =>
    element.confirm === undefined ||
    window.confirm([element.confirm.title?.text, element.confirm.text.text].filter(Boolean).join("\n\n"));
  const click = () => {
    if (element.url !== undefined && /^https?:/.test(element.url)) {
      window.open(element.url, "_blank", "noopener");
    }
    if (confirmed()) {
      work.click(element.action_id);
    }
  };
  return html`<button
    type="button"
    class=${element.style ?? ""}
    data-action=${element.action_id}
    aria-label=${element.accessibility_label}
    onClick=${click}
  >
    ${label}
  </button>`;
}

function Choices({ element, work }) {
  const id = element.action_id;
  const one = element.type === "radio_buttons";
  const initial = one
    ? [element.initial_option?.value]
    : (element.initial_options ?? []).map((each) => each.value);
  const chosen = [work.inputs?.[id] ?? initial].flat();
  const toggle = (value, on) =>
    one ? value : [...chosen.filter((each) => each && each !== value), ...(on ? [value] : [])];
  return html`<span class="choices">
    ${element.options.map(
      (each) =>
        html`<label>
          <input
            type=${one ? "radio" : "checkbox"}
            name=${id}
            checked=${chosen.includes(each.value)}
            onChange=${(event) => work.choose(id, toggle(each.value, event.target.checked))}
          />
          ${each.text.text}
        </label>`,
    )}
  </span>`;
}
