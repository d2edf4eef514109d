"use strict";
// A checked net: figures, parameters, table and picture; and two nets compared.

function figures(net) {
  const figure = (value, name, title) => el("div", { title }, el("strong", {}, value), el("span", {}, name));
  return [
    figure(thousands(net.params), "parameters", "numbers that training changes"),
    figure(millions(net.macs), "MACs", "multiply-accumulate operations for one image"),
    figure(net.output, "output", "shape of the result"),
  ];
}

function row(cells, attributes = {}, cell = "td") {
  const make = ([text, style], i) => el(i ? cell : "th", { style, scope: i ? cell === "th" && "col" : cell === "th" ? "col" : "row" }, text);
  return el("tr", attributes, ...cells.map((c) => [c].flat()).map(make));
}

// The stages of a net, each with its nodes below it if they are asked for.
function stageTable(net, nodes) {
  const share = (n, most) => `--share: ${most ? ((100 * n) / most).toFixed(1) : 0}%`;
  const cells = (r, label) => [
    label,
    r.shape,
    [r.params ? thousands(r.params) : "0", share(r.params, net.params)],
    [millions(r.macs), share(r.macs, net.macs)],
  ];
  const rows = net.stages.flatMap((stage) => {
    const own = nodes ? net.nodes.filter((n) => n.name === stage.name || n.name.startsWith(`${stage.name}.`)) : [];
    return [
      row(cells(stage, stage.name), { class: "stage" }),
      ...own.map((n) => row(cells(n, `${n.name}: ${n.op}`), { class: "node" })),
    ];
  });
  const total = row(["total", net.output, thousands(net.params), millions(net.macs)]);
  return [
    el("thead", {}, row(["stage", "output", "params", "MACs"], {}, "th")),
    el("tbody", {}, ...rows),
    el("tfoot", {}, total),
  ];
}

// An SVG in an element, its styles kept to itself.
function showPicture(host, svg) {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const style = "svg { display: block; margin: auto; filter: var(--picture) } :host(:not(.actual)) svg { max-width: 100%; height: auto }";
  root.innerHTML = `<style>${style}</style>${svg ?? ""}`;
}

// In how many columns a picture stands, for a place so wide; null for what netc finds best.
const stacksFor = (host) => (host.clientWidth && host.clientWidth < 520 ? 1 : null);

function costTable({ nets, params, macs }) {
  const line = (name, [a, b], write) => {
    const by = b === a ? "as before" : `${b > a ? "+" : "−"}${write(Math.abs(b - a))}`;
    const times = a && b !== a ? ` (×${(b / a).toPrecision(3)})` : "";
    return row([name, write(a), write(b), [by + times]]);
  };
  return [
    el("thead", {}, row(["", nets[0], nets[1], "change"], {}, "th")),
    el("tbody", {}, line("params", params, thousands), line("MACs", macs, millions)),
  ];
}
