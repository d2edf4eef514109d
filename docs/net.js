// The book's colours for `.net`, as highlight.js takes them. It has coloured the page before this is
// read, without knowing the language.
"use strict";

hljs.registerLanguage("net", () => ({
  keywords: {
    keyword:
      "import block net extends input output let repeat for default expect recipe " +
      "after before replace remove if else or and not has",
    literal: "true false same",
    built_in: "int float bool one_of subset list",
  },
  contains: [
    hljs.HASH_COMMENT_MODE,
    hljs.QUOTE_STRING_MODE,
    { className: "number", begin: /\b\d[\d_]*(\.\d+)?(e[+-]?\d+)?\b/, relevance: 0 },
    // `layer1:` and `short =` at the start of a line.
    { className: "attr", begin: /^\s*[A-Za-z_][\w.]*(?=\s*(:(?!:)|=(?!=)))/ },
    { className: "title", begin: /(?<=\b(block|net)\s+)[A-Za-z_]\w*/ },
  ],
}));
document.querySelectorAll("code.language-net").forEach((block) => {
  // Without the spans of whatever language was guessed.
  block.textContent = block.textContent;
  hljs.highlightBlock(block);
});
