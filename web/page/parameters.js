"use strict";
// The parameters of a net, each with the choices that its domain leaves.

// Shows them in a form; `set` holds what a person has set, and `changed` is called after a change.
function showParameters(form, parameters, set, changed) {
  const shape = JSON.stringify(parameters.map(({ name, domain }) => [name, domain]));
  if (form.dataset.shape !== shape) {
    form.dataset.shape = shape;
    form.replaceChildren(...parameters.map((parameter) => parameterField(parameter, set, changed)));
  }
  parameters.forEach(({ name, value, domain }, i) => {
    const field = form.children[i];
    field.classList.toggle("set", name in set);
    if (!field.contains(document.activeElement)) showValue(field, domain, set[name] ?? value);
  });
}

function parameterField({ name, domain }, set, changed) {
  const write = (value) => {
    if (value) set[name] = value;
    else delete set[name];
    changed();
  };
  if (domain?.some) {
    const choices = domain.some.map((value) =>
      el("label", { class: "check" }, el("input", { type: "checkbox", value, name: `${name}=${value}` }), value));
    const field = el("fieldset", { class: "field" }, el("legend", {}, name), ...choices);
    field.addEventListener("change", () => {
      const chosen = [...field.querySelectorAll("input:checked")].map((input) => input.value);
      write(`[${chosen.join(", ")}]`);
    });
    return field;
  }
  if (domain?.one) {
    const select = el("select", { name }, ...domain.one.map((value) => el("option", { value }, value)));
    select.addEventListener("change", () => write(select.value));
    return el("label", { class: "field" }, name, select);
  }
  const [low, high] = domain?.whole ?? domain?.number ?? [];
  const input = el("input", {
    name,
    autocomplete: "off",
    spellcheck: "false",
    inputmode: domain ? (domain.whole ? "numeric" : "decimal") : null,
    title: domain ? `from ${low} to ${high}` : null,
    oninput: () => write(input.value.trim()),
  });
  return el("label", { class: "field" }, name, input, domain ? el("span", { class: "range" }, `${low} to ${high}`) : "");
}

function showValue(field, domain, value) {
  if (domain?.some) {
    const chosen = value.replace(/^\[|\]$/g, "").split(",").map((item) => item.trim());
    for (const input of field.querySelectorAll("input")) input.checked = chosen.includes(input.value);
    return;
  }
  const input = field.querySelector("input, select");
  if (domain?.one && ![...input.options].some((option) => option.value === value)) return;
  input.value = value;
  if (!domain?.one) input.size = Math.max(4, value.length);
}
