"use strict";
// The page: what is open, and what follows from it.

const $ = (id) => document.getElementById(id);

const FIRST = "resnet9.net";
const OWN = "my.net";
const OWN_TEXT = `# A net of your own. Blocks can come from lib.net, or stand here.
import "lib.net": conv_bn, residual

net my(width = 32) {
  input image: [N, 3, 32, 32]

  prep:   conv_bn(width)
  layer1: conv_bn(2*width) -> maxpool(2) -> residual
  head:   globalmaxpool -> flatten -> linear(10)

  output logits: [N, 10]
}
`;
// Milliseconds without a key before a check.
const PAUSE = 60;

let about = null;
let given = {};
const state = { net: FIRST, open: FIRST, set: {}, from: null, view: "net", texts: {} };
let last = { check: null, net: null, svg: null };
let timer = null;

const editor = new Editor($("text"), document.querySelector(".ink"), () => {
  state.texts[state.open] = editor.text;
  later();
});

const changed = () => Object.fromEntries(Object.entries(state.texts).filter(([file, text]) => given[file] !== text));

// What the language server answers at a place of the open text.
function askServer(method, offset) {
  const lines = editor.text.slice(0, offset).split("\n");
  const position = { line: lines.length - 1, character: lines.at(-1).length };
  const params = { textDocument: { uri: `file:///${state.open}` }, position };
  return engine.ask({ ask: "editor", files: state.texts, method, params })?.result;
}

const assist = new Assist(editor, askServer);

function later() {
  clearTimeout(timer);
  timer = setTimeout(check, PAUSE);
}

function check() {
  clearTimeout(timer);
  const columns = Math.floor(($("problems").clientWidth - 26) / columnWidth());
  const from = performance.now();
  const answer = engine.ask({ ask: "check", files: state.texts, file: state.net, set: Object.entries(state.set), columns });
  const took = performance.now() - from;
  last.check = answer;
  if (answer?.net) last.net = answer.net;
  showVerdict(answer, took);
  showProblems(answer?.problems);
  showFiles(answer?.files ?? [state.net]);
  annotate();
  showNet(answer?.net);
  if (state.view === "compare") showDifference();
  remember();
}

function columnWidth() {
  const probe = el("pre", { class: "probe" }, "0".repeat(100));
  $("problems").append(probe);
  const width = probe.getBoundingClientRect().width / 100;
  probe.remove();
  return width || 8;
}

function showVerdict(answer, took) {
  const verdict = $("verdict");
  const time = el("span", { class: "took" }, `checked in ${took.toFixed(1)} ms`);
  if (!answer) {
    verdict.className = "error";
    return verdict.replaceChildren("netc failed on this text; this is a bug of netc");
  }
  const { errors, warnings } = answer.problems;
  const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  const counts = [errors && count(errors, "error"), warnings && count(warnings, "warning")].filter(Boolean).join(", ");
  const nothing = answer.empty && "nothing here yet: a file holds blocks or a net";
  const sound = answer.net ? `${answer.net.name} is sound` : nothing || "sound, blocks alone";
  verdict.className = errors ? "error" : warnings || nothing ? "warning" : "good";
  verdict.replaceChildren(errors ? `${state.net}: ${counts}` : [sound, counts].filter(Boolean).join(", "), time);
}

function showProblems(problems) {
  const shown = problems?.shown ?? [];
  const known = (place) => place && place.file in state.texts;
  const card = (problem) => {
    const actions = el("div", { class: "actions" });
    const { place } = problem;
    if (known(place)) {
      actions.append(el("button", { class: "go", onclick: () => goTo(place) }, `${place.file}:${place.line}:${place.column}`));
    }
    for (const fix of problem.fixes.filter((f) => f.edits.every(([at]) => known(at)))) {
      actions.append(el("button", { class: "fix", onclick: () => applyFix(fix) }, ...inline(fix.title)));
    }
    actions.append(el("button", { class: "why", onclick: () => explain(problem.code) }, `What is ${problem.code}?`));
    return el("article", { class: `problem ${problem.severity}` }, el("pre", {}, terminal(problem.text.trimEnd())), actions);
  };
  const more = problems ? problems.errors + problems.warnings - shown.length : 0;
  $("problems").replaceChildren(...shown.map(card), more ? el("p", { class: "quiet-text" }, `and ${more} more problems`) : "");
}

const inline = (text) => text.split(/`([^`]+)`/).map((part, i) => (i % 2 ? el("code", {}, part) : part));

function showFiles(files) {
  const tab = (file) =>
    el(
      "button",
      { "aria-current": file === state.open && "true", onclick: () => openFile(file) },
      file,
      state.texts[file] === given[file] ? "" : el("span", { class: "dot", title: "changed" }, " •"),
    );
  const shown = files.includes(state.open) ? files : [...files, state.open];
  $("files").replaceChildren(...shown.map(tab));
  $("revert").hidden = !shown.some((file) => given[file] !== state.texts[file]);
}

function annotate() {
  const problems = last.check?.problems.shown ?? [];
  const marks = problems
    .filter((p) => p.place?.file === state.open)
    .map((p) => ({ start: p.place.start, end: p.place.end, severity: p.severity }));
  editor.annotate(marks, last.check?.net?.margins.find((m) => m.file === state.open)?.lines ?? []);
}

function openFile(file) {
  state.open = file;
  editor.open(state.texts[file]);
  annotate();
  showFiles(last.check?.files ?? [state.net]);
}

function openNet(file) {
  Object.assign(state, { net: file, open: file, set: {} });
  $("net").value = file;
  last.net = null;
  editor.open(state.texts[file]);
  check();
}

function goTo({ file, start, end }) {
  if (state.open !== file) openFile(file);
  editor.select(start, Math.max(end, start));
}

// The first problem after the cursor, or the first of all.
function nextProblem() {
  const places = (last.check?.problems.shown ?? []).map((p) => p.place).filter((p) => p && p.file in state.texts);
  const at = $("text").selectionStart;
  const place = places.find((p) => p.file === state.open && p.start > at) ?? places[0];
  if (place) goTo(place);
}

function applyFix({ edits }) {
  const latestFirst = [...edits].sort(([a], [b]) => b.start - a.start);
  for (const [{ file, start, end }, text] of latestFirst) {
    if (file === state.open) editor.replace(start, end, text);
    else state.texts[file] = state.texts[file].slice(0, start) + text + state.texts[file].slice(end);
  }
  check();
}

function format() {
  const answer = engine.ask({ ask: "format", file: state.open, text: editor.text });
  if (answer?.text == null) return say("The text has to be free of syntax errors first.");
  say(answer.text === editor.text ? "Already in canonical form." : "Formatted.");
  editor.become(answer.text);
  check();
}

function say(text) {
  const note = el("span", { class: "note" }, text);
  $("verdict").querySelector(".note")?.remove();
  // The check that may follow writes the line anew.
  setTimeout(() => {
    $("verdict").append(note);
    setTimeout(() => note.remove(), 4000);
  });
}

function explain(code) {
  $("page-title").textContent = code;
  $("page-text").replaceChildren(document_of(about.codes.find(([name]) => name === code)?.[1] ?? ""));
  $("page").showModal();
}

function showNet(net) {
  const shown = net ?? last.net;
  $("view-net").classList.toggle("old", !net);
  document.querySelector(".stale").hidden = Boolean(net) || !shown;
  for (const part of ["table", "picture"]) $(part).closest(".scroll, .picture").hidden = !shown;
  if (!shown) {
    $("figures").replaceChildren(el("p", { class: "quiet-text" }, "No net to show yet."));
    return;
  }
  $("figures").replaceChildren(...figures(shown));
  showParameters($("parameters"), shown.parameters, state.set, later);
  $("table").replaceChildren(...stageTable(shown, $("nodes").checked));
  if (net) draw();
}

function draw() {
  const question = { files: state.texts, file: state.net, set: Object.entries(state.set), collapse: $("collapse").checked };
  const svg = engine.ask({ ask: "draw", ...question, stacks: stacksFor($("picture")) })?.svg;
  if (!svg || svg === last.svg) return;
  last.svg = svg;
  showPicture($("picture"), svg);
  $("save").href = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  $("save").download = `${state.net.replace(/^.*\//, "").replace(/\.net$/, "")}.svg`;
}

function showDifference() {
  state.from ??= state.net === "dawnbench.net" ? FIRST : "dawnbench.net";
  $("other").value = state.from;
  $("towards").textContent = `to ${state.net}`;
  const files = state.texts;
  const set = Object.entries(state.set);
  const collapse = $("collapse").checked;
  const found = engine.ask({ ask: "diff", files, a: state.from, b: state.net, set, collapse, stacks: 1 });
  $("unequal").textContent = !found ? "Both nets have to be sound to be compared." : found.equal ? found.summary.trim() : "";
  $("costs").replaceChildren(...(found ? costTable(found) : []));
  $("diff").replaceChildren(found && !found.equal ? terminal($("full").checked ? found.full : found.summary) : "");
  [["picture-a", state.from], ["picture-b", state.net]].forEach(([id, file], i) => {
    $(id).parentElement.firstElementChild.textContent = found ? file : "";
    showPicture($(id), found?.pictures[i]);
  });
}

function setView(view) {
  state.view = view;
  document.querySelector(`[name=view][value=${view}]`).checked = true;
  $("view-net").hidden = view !== "net";
  $("view-compare").hidden = view !== "compare";
  if (view === "compare") showDifference();
  else if (last.check?.net) draw();
}

// The link in the address bar always holds what is on the page.
async function remember() {
  const from = state.view === "compare" ? state.from : null;
  const text = await fragment({ net: state.net, set: state.set, from, changed: changed() });
  history.replaceState(null, "", `#${text}`);
}

async function restore() {
  const link = await parseFragment(location.hash);
  state.texts = { ...given, ...link.changed };
  const net = link.net && link.net in state.texts ? link.net : FIRST;
  state.from = link.from && link.from in state.texts ? link.from : null;
  openNetWith(net, link.set);
  setView(state.from ? "compare" : "net");
  remember();
  if (link.broken) say("The link was cut: the changes in it cannot be read.");
  else if (link.net && link.net !== net) say(`There is no ${link.net}.`);
}

function openNetWith(file, set) {
  Object.assign(state, { net: file, open: file, set });
  $("net").value = file;
  last = { check: null, net: null, svg: null };
  editor.open(state.texts[file]);
  check();
}

// The nets to choose from, in the order of the article's rows, which their comments name.
function fillChoices() {
  const row = (text) => Number(text.match(/\brows? (\d+)/i)?.[1] ?? 99);
  const folder = (file) => (file.includes("/") ? file.replace(/\/[^/]*$/, "") : "");
  const files = Object.keys(given).filter((file) => file !== OWN);
  const order = (a, b) => row(given[a]) - row(given[b]) || a.localeCompare(b);
  const groups = [...new Set(files.map(folder))].sort();
  const option = (file) => {
    const about = given[file].match(/^#\s*(.*)/)?.[1] ?? "";
    return el("option", { value: file, title: about }, file.replace(/^.*\//, "").replace(/\.net$/, ""));
  };
  for (const select of [$("net"), $("other")]) {
    for (const group of groups) {
      const label = group === "" ? "The nets of the article" : group;
      select.append(el("optgroup", { label }, ...files.filter((f) => folder(f) === group).sort(order).map(option)));
    }
    select.append(el("optgroup", { label: "Yours" }, option(OWN)));
  }
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("netc-theme", theme);
  } catch {
    // A page without storage forgets.
  }
}

function listen() {
  $("net").addEventListener("change", () => openNet($("net").value));
  $("format").addEventListener("click", format);
  $("revert").addEventListener("click", () => {
    for (const file of [...(last.check?.files ?? []), state.net, state.open]) state.texts[file] = given[file];
    openNet(state.net);
  });
  $("share").addEventListener("click", async () => {
    await remember();
    try {
      await navigator.clipboard.writeText(location.href);
      say("The link is in the clipboard.");
    } catch {
      say("The address bar has the link.");
    }
  });
  $("theme").addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme;
    const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    setTheme(dark ? "light" : "dark");
  });
  $("nodes").addEventListener("change", () => showNet(last.check?.net));
  $("collapse").addEventListener("change", draw);
  $("actual").addEventListener("change", () => $("picture").classList.toggle("actual", $("actual").checked));
  $("full").addEventListener("change", showDifference);
  $("other").addEventListener("change", () => {
    state.from = $("other").value;
    showDifference();
    remember();
  });
  $("parameters").addEventListener("submit", (event) => event.preventDefault());
  for (const input of document.querySelectorAll("[name=view]")) {
    input.addEventListener("change", () => {
      setView(input.value);
      remember();
    });
  }
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      format();
    } else if (event.key === "F8") {
      event.preventDefault();
      nextProblem();
    }
  });
  window.addEventListener("hashchange", restore);
  window.addEventListener("resize", later);
}

async function start() {
  try {
    const theme = localStorage.getItem("netc-theme");
    if (theme) setTheme(theme);
  } catch {
    // A page without storage has the system's theme.
  }
  try {
    await engine.start();
  } catch (error) {
    $("verdict").className = "error";
    $("verdict").textContent = `netc cannot start in this browser: ${error.message}`;
    return;
  }
  about = engine.ask({ ask: "about" });
  about.keywords.forEach((word) => words.set(word, "keyword"));
  about.ops.forEach((word) => words.set(word, "op"));
  given = { ...Object.fromEntries(about.nets), [OWN]: OWN_TEXT };
  $("version").textContent = `netc ${about.version}`;
  // The browser compiles a function when it is first called: once now, rather than at the first key.
  engine.ask({ ask: "check", files: given, file: FIRST, set: [], columns: 80 });
  fillChoices();
  listen();
  await restore();
  document.documentElement.dataset.ready = "";
}

start();
