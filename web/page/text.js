"use strict";
// Texts with colours: the language's own, and those of a terminal.

// An element with attributes and children; a child that is a string is text.
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// A text with the codes of a terminal's colours, as elements.
function terminal(text) {
  const parts = document.createDocumentFragment();
  let classes = new Set();
  for (const piece of text.split(/(\x1b\[[0-9;]*m)/)) {
    const code = piece.match(/^\x1b\[([0-9;]*)m$/);
    if (!code) {
      if (piece) parts.append(classes.size ? el("span", { class: [...classes].join(" ") }, piece) : piece);
      continue;
    }
    for (const n of (code[1] || "0").split(";").map(Number)) {
      if (n === 0) classes = new Set();
      else if (n === 39) classes = new Set([...classes].filter((c) => !/^t3/.test(c)));
      else classes.add(`t${n}`);
    }
  }
  return parts;
}

// The words of the language, as netc says them: its keywords and its ops.
const words = new Map();

const TOKEN = /(#.*)|("[^"\n]*"?)|(\b\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][-+]?\d+)?)|([A-Za-z_]\w*)|(->|::|==|!=|<=|>=|\/\/|\.\.|[-+*\/%<>=])/g;

// The tokens of a line: [start, end, class].
function tokens(line) {
  const found = [];
  for (const match of line.matchAll(TOKEN)) {
    const [text, comment, string, number, word] = match;
    const rest = line.slice(match.index + text.length);
    let kind = "mark";
    if (comment) kind = "comment";
    else if (string) kind = "string";
    else if (number) kind = "number";
    else if (word) {
      kind = words.get(word) ?? "name";
      if (kind !== "keyword" && /^\s*:(?!:)/.test(rest) && /^\s*$/.test(line.slice(0, match.index))) kind = "label";
    }
    if (kind !== "name") found.push([match.index, match.index + text.length, kind]);
  }
  return found;
}

// A text of the language, as elements.
function coloured(text) {
  const parts = document.createDocumentFragment();
  text.split("\n").forEach((line, i) => {
    let at = 0;
    if (i) parts.append("\n");
    for (const [start, end, kind] of tokens(line)) {
      parts.append(line.slice(at, start), el("span", { class: kind }, line.slice(start, end)));
      at = end;
    }
    parts.append(line.slice(at));
  });
  return parts;
}

// The page of a code: paragraphs, code in backticks, and fenced examples.
function document_of(page) {
  const parts = document.createDocumentFragment();
  page.trim().split(/```net\n([\s\S]*?)```/).forEach((piece, i) => {
    if (i % 2) return parts.append(el("pre", {}, coloured(piece.trimEnd())));
    for (const paragraph of piece.split(/\n{2,}/).filter((p) => p.trim())) {
      const inline = paragraph.trim().split(/`([^`]+)`/);
      parts.append(el("p", {}, ...inline.map((text, j) => (j % 2 ? el("code", {}, text) : text))));
    }
  });
  return parts;
}

const thousands = (n) => n.toLocaleString("en-US");
const millions = (n) => `${(n / 1e6).toFixed(1)} M`;
