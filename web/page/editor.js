"use strict";
// The editor: a text field over a sheet that shows the same text in colours, with what is wrong
// underlined and each line's shape and parameters in the margin.

class Editor {
  // `changed` is called after each change by the user.
  constructor(field, sheet, changed) {
    Object.assign(this, { field, sheet, marks: [], margins: [] });
    field.addEventListener("input", () => {
      // Until the next check, marks stand where the text was.
      this.marks = [];
      this.paint();
      changed();
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing) {
        event.preventDefault();
        this.newline();
      }
    });
  }

  get text() {
    return this.field.value;
  }

  // Shows another text.
  open(text) {
    this.field.value = text;
    this.marks = [];
    this.margins = [];
    this.paint();
  }

  // Underlines `marks`, each { start, end, severity }, and writes `margins`, a [shape, params] a line.
  annotate(marks, margins) {
    this.marks = marks;
    this.margins = margins;
    this.paint();
  }

  // Puts `insert` in place of a range, such that the browser can undo it.
  replace(start, end, insert) {
    this.field.focus();
    this.field.setSelectionRange(start, end);
    const done = insert
      ? document.execCommand("insertText", false, insert)
      : start === end || document.execCommand("delete");
    if (!done) {
      this.field.setRangeText(insert, start, end, "end");
      this.field.dispatchEvent(new Event("input"));
    }
  }

  // Makes the text another one by changing only what differs.
  become(text) {
    const old = this.text;
    if (old === text) return;
    let head = 0;
    while (head < Math.min(old.length, text.length) && old[head] === text[head]) head++;
    let tail = 0;
    while (tail < Math.min(old.length, text.length) - head && old.at(-1 - tail) === text.at(-1 - tail)) tail++;
    const caret = this.field.selectionStart;
    this.replace(head, old.length - tail, text.slice(head, text.length - tail));
    const at = caret <= head ? caret : Math.max(head, caret + text.length - old.length);
    this.field.setSelectionRange(at, at);
  }

  // Selects a range and brings it into view.
  select(start, end) {
    this.field.focus();
    this.field.setSelectionRange(start, end);
    const line = this.text.slice(0, start).split("\n").length - 1;
    this.sheet.children[line]?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // A new line, indented as the one before it.
  newline() {
    const { selectionStart: start, selectionEnd: end } = this.field;
    const line = this.text.slice(0, start).split("\n").at(-1);
    const deeper = /[{(]\s*(#.*)?$/.test(line) ? "  " : "";
    this.replace(start, end, "\n" + line.match(/^[ \t]*/)[0] + deeper);
  }

  paint() {
    const lines = this.text.split("\n");
    const margins = lines.map((_, i) => this.margin(i));
    const column = this.marginColumn(lines, margins);
    let start = 0;
    const painted = lines.map((line, i) => {
      const element = el("div", { class: "line" }, this.paintLine(line, start));
      if (margins[i]) {
        const blank = " ".repeat(Math.max(0, column - line.length) + 2);
        element.append(blank, el("span", { class: "margin" }, margins[i]));
      }
      start += line.length + 1;
      return element;
    });
    this.sheet.replaceChildren(...painted);
  }

  margin(line) {
    const [shape, params] = this.margins[line] ?? ["", 0];
    return params ? `${shape}  ${thousands(params)}` : shape;
  }

  // Where the margin begins: after the longest line, or so that it fits; a longer line pushes its own out.
  marginColumn(lines, margins) {
    const longest = Math.max(0, ...lines.filter((_, i) => margins[i]).map((line) => line.length));
    const widest = Math.max(0, ...margins.map((margin) => margin.length));
    return Math.min(longest, this.columns - widest - 2);
  }

  // How many letters of a line are in view.
  get columns() {
    const { left, right, letter } = this.grid;
    return Math.floor((this.field.closest("#editor").clientWidth - left - right) / letter);
  }

  // The padding of the text, and the size of a letter, in pixels.
  get grid() {
    const style = getComputedStyle(this.field);
    this.canvas ??= document.createElement("canvas").getContext("2d");
    this.canvas.font = `${style.fontSize} ${style.fontFamily}`;
    const [left, right, top] = [style.paddingLeft, style.paddingRight, style.paddingTop].map(parseFloat);
    return { left, right, top, letter: this.canvas.measureText("0").width, line: parseFloat(style.lineHeight) };
  }

  // Line and letter at a place of the field.
  placeAt(x, y) {
    const { left, top, letter, line } = this.grid;
    return { line: Math.floor((y - top) / line), character: Math.floor((x - left) / letter) };
  }

  // Where a letter of the text is in the field.
  pixels(offset) {
    const { left, top, letter, line } = this.grid;
    const lines = this.text.slice(0, offset).split("\n");
    return { x: left + lines.at(-1).length * letter, y: top + (lines.length - 1) * line, height: line };
  }

  // A line in colours, cut where a token or a mark begins or ends.
  paintLine(line, offset) {
    const end = offset + line.length;
    const marks = this.marks
      .filter((m) => m.start <= end && m.end >= offset)
      .map((m) => ({ ...m, start: Math.max(0, m.start - offset), end: Math.min(m.end - offset, line.length) }))
      .map((m) => (m.start === m.end ? { ...m, start: Math.max(0, m.start - (m.start === line.length)), end: m.start + 1 } : m));
    const inks = tokens(line);
    const cuts = new Set([0, line.length]);
    for (const [from, to] of inks) cuts.add(from).add(to);
    for (const mark of marks) cuts.add(mark.start).add(Math.min(mark.end, line.length));
    const parts = document.createDocumentFragment();
    const sorted = [...cuts].sort((a, b) => a - b);
    for (let i = 0; i + 1 < sorted.length; i++) {
      const [from, to] = [sorted[i], sorted[i + 1]];
      const classes = [inks.find((t) => t[0] <= from && to <= t[1])?.[2]];
      const over = marks.filter((m) => m.start <= from && to <= m.end);
      if (over.length) classes.push(over.some((m) => m.severity === "error") ? "wrong" : "odd");
      const kinds = classes.filter(Boolean).join(" ");
      const piece = line.slice(from, to);
      parts.append(kinds ? el("span", { class: kinds }, piece) : piece);
    }
    return parts;
  }
}
