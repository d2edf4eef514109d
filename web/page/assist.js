"use strict";
// What the language server says while a text is written: completions, and what a name is.

class Assist {
  // `ask` takes a method of the protocol and its parameters at a place of the open text.
  constructor(editor, ask) {
    Object.assign(this, { editor, ask, items: [], chosen: 0 });
    const field = editor.field;
    this.list = el("ul", { id: "completions", role: "listbox", "aria-label": "Completions", hidden: true });
    this.tip = el("div", { id: "hover", role: "tooltip", hidden: true });
    field.parentElement.append(this.list, this.tip);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", "completions"], ["aria-expanded", "false"]]) {
      field.setAttribute(name, value);
    }
    field.addEventListener("keydown", (event) => this.key(event), true);
    field.addEventListener("input", (event) => this.typed(event));
    field.addEventListener("blur", () => this.close());
    field.addEventListener("click", () => this.close());
    field.addEventListener("mousemove", (event) => this.later(event));
    field.addEventListener("mouseleave", () => this.forget());
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const index = [...this.list.children].indexOf(event.target.closest("li"));
      if (index >= 0) this.take(index);
    });
  }

  // The word before the caret, and where it begins.
  get word() {
    const before = this.editor.text.slice(0, this.editor.field.selectionStart);
    const word = before.match(/\w*$/)[0];
    return { word, start: before.length - word.length };
  }

  typed(event) {
    this.forget();
    const { word } = this.word;
    const before = this.editor.text.slice(0, this.editor.field.selectionStart);
    const opens = /[("]$|-> $|, $/.test(before);
    if (event.inputType?.startsWith("insert") && (/^[A-Za-z_]/.test(word) || opens) && event.data !== "\n") this.open();
    else if (!this.list.hidden && word) this.open();
    else this.close();
  }

  open() {
    const found = this.ask("textDocument/completion", this.editor.field.selectionStart);
    const all = Array.isArray(found) ? found : found?.items ?? [];
    const { word } = this.word;
    const begins = (item) => (item.filterText ?? item.label).toLowerCase().startsWith(word.toLowerCase());
    const order = (item) => item.sortText ?? "";
    this.items = all.filter((item) => begins(item) && item.label !== word).sort((a, b) => order(a).localeCompare(order(b))).slice(0, 40);
    this.chosen = 0;
    if (!this.items.length) return this.close();
    const row = (item, i) =>
      el("li", { id: `completion-${i}`, role: "option" }, el("span", {}, item.label), el("span", { class: "detail" }, item.detail ?? ""));
    this.list.replaceChildren(...this.items.map(row));
    this.list.hidden = false;
    this.editor.field.setAttribute("aria-expanded", "true");
    this.place(this.list, this.word.start);
    this.choose(0);
  }

  close() {
    this.list.hidden = true;
    this.editor.field.setAttribute("aria-expanded", "false");
    this.editor.field.removeAttribute("aria-activedescendant");
  }

  choose(index) {
    this.chosen = (index + this.items.length) % this.items.length;
    [...this.list.children].forEach((row, i) => row.setAttribute("aria-selected", String(i === this.chosen)));
    this.list.children[this.chosen].scrollIntoView({ block: "nearest" });
    this.editor.field.setAttribute("aria-activedescendant", `completion-${this.chosen}`);
  }

  key(event) {
    if (event.ctrlKey && event.key === " ") {
      event.preventDefault();
      return this.open();
    }
    if (this.list.hidden || event.isComposing) return;
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) this.choose(this.chosen + moves[event.key]);
    else if (event.key === "Enter" || event.key === "Tab") this.take(this.chosen);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // Writes a completion, and what comes with it, such as an import.
  take(index) {
    const item = this.items[index];
    const { start } = this.word;
    const text = item.textEdit?.newText ?? item.insertText ?? item.label;
    // Places of a snippet to fill in are left to the writer.
    const plain = item.insertTextFormat === 2 ? text.replace(/\$\{\d+:?([^}]*)\}|\$\d+/g, "$1") : text;
    const from = item.textEdit?.range ? this.offset(item.textEdit.range.start) : start;
    this.editor.replace(from, this.editor.field.selectionStart, plain);
    let caret = this.editor.field.selectionStart;
    for (const edit of item.additionalTextEdits ?? []) {
      const [first, last] = [this.offset(edit.range.start), this.offset(edit.range.end)];
      this.editor.replace(first, last, edit.newText);
      if (first <= caret) caret += edit.newText.length - (last - first);
    }
    this.editor.field.setSelectionRange(caret, caret);
    this.close();
  }

  offset({ line, character }) {
    const lines = this.editor.text.split("\n");
    return lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0) + character;
  }

  // Asks about the name below the mouse once it rests.
  later({ offsetX, offsetY }) {
    this.forget();
    this.timer = setTimeout(() => this.hover(offsetX, offsetY), 350);
  }

  forget() {
    clearTimeout(this.timer);
    this.tip.hidden = true;
  }

  hover(x, y) {
    const { line, character } = this.editor.placeAt(x, y);
    const text = this.editor.text.split("\n")[line] ?? "";
    if (character < 0 || character >= text.length || !this.list.hidden) return;
    const at = this.offset({ line, character });
    const contents = this.ask("textDocument/hover", at)?.contents;
    if (!contents) return;
    this.tip.replaceChildren(document_of(contents.value ?? contents));
    this.tip.hidden = false;
    this.place(this.tip, at);
  }

  // Puts an element below a place of the text, within the sheet.
  place(element, offset) {
    const { x, y, height } = this.editor.pixels(offset);
    const sheet = this.editor.field.parentElement;
    const view = sheet.parentElement;
    const room = Math.min(sheet.clientWidth, view.scrollLeft + view.clientWidth) - element.offsetWidth - 6;
    element.style.left = `${Math.max(6, Math.min(x, room))}px`;
    const below = y + height + element.offsetHeight <= view.scrollTop + view.clientHeight;
    const above = y - element.offsetHeight >= view.scrollTop;
    element.style.top = `${below || !above ? y + height : y - element.offsetHeight}px`;
  }
}
