"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const oniguruma = require("vscode-oniguruma");
const textmate = require("vscode-textmate");

const root = path.join(__dirname, "../../..");
const nets = ["nets", "nets/zoo", "src/syntax/project", "tests/cases/check_ok", "tests/cases/syntax_ok"].flatMap((folder) =>
  fs
    .readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith(".net"))
    .map((name) => path.join(root, folder, name)),
);

/** Every keyword of the language, as its grammar lists them. */
const pest = fs.readFileSync(path.join(root, "grammar/net.pest"), "utf8");
const keywords = new Set(/^keyword = @\{([^}]*)\}/m.exec(pest)[1].match(/(?<=")\w+(?=")/g));

async function grammar() {
  const wasm = fs.readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm"));
  await oniguruma.loadWASM(wasm);
  const file = path.join(__dirname, "../syntaxes/net.tmLanguage.json");
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(fs.readFileSync(file, "utf8"), file),
  });
  return registry.loadGrammar("source.net");
}

const ready = grammar();

/** Each token of a text with its innermost scope. */
async function tokens(text) {
  const found = [];
  let state = textmate.INITIAL;
  for (const line of text.split("\n")) {
    const result = (await ready).tokenizeLine(line, state);
    state = result.ruleStack;
    for (const token of result.tokens) {
      found.push([line.slice(token.startIndex, token.endIndex).trim(), token.scopes.at(-1)]);
    }
  }
  return found;
}

test("every word of every net has a scope, and keywords have theirs", async () => {
  assert.ok(nets.length > 50 && keywords.size > 20);
  for (const name of nets) {
    for (const [word, scope] of await tokens(fs.readFileSync(name, "utf8"))) {
      if (scope === "source.net") assert.doesNotMatch(word, /\w/, `${name}: ${word}`);
      // A recipe's key may be any word.
      if (keywords.has(word) && !scope.includes("variable.other.property")) {
        assert.match(scope, /^(keyword|constant\.language)/, `${name}: ${word}`);
      }
    }
  }
});

/** Texts, and which words of them are what. */
const cases = {
  '# note\nimport "lib.net": preact\nimport std: residual': {
    comment: "# note",
    keyword: "import",
    "support.module": "std",
    string: '"lib.net"',
    "entity.name.function.call": "preact residual",
  },
  "layer1: preact(width, stride = 2) -> bn :: [N, 64]": {
    "entity.name.label": "layer1",
    "entity.name.function.call": "preact bn",
    "variable.parameter": "stride",
    "variable.other": "width",
    "constant.other": "N",
    "keyword.operator.shape": "::",
    "constant.numeric": "2 64",
  },
  "net base(\n  width: int(8..1024) = 64,\n  at: list(int) = [1],\n  half = width//2,\n) {": {
    "entity.name.function": "base",
    "variable.parameter": "width at half",
    "support.type": "int list",
  },
  "  b1 = image -> conv(8)\n  b1 -> concat(b3) -> relu # end": {
    "entity.name.label": "b1",
    "variable.other": "image b3",
    "entity.name.function.call": "conv concat relu b1",
    comment: "# end",
  },
  "  body: for (c, n) in table {\n    conv(c) -> repeat n { bn } -> gelu\n  }": {
    "entity.name.label": "body",
    "keyword.control": "for in repeat",
    "variable.other": "c n table",
    "entity.name.function.call": "conv bn gelu",
  },
  "  let mid = c//2 if deep else c\n  conv(mid, stride = 2 if i == 0 else 1) -> bn": {
    "keyword.control": "if else",
    "variable.other": "mid c deep i",
    "entity.name.function.call": "conv bn",
  },
  "  let wide = 2*c\n  expect half*2 == width": { keyword: "let expect", "variable.other": "wide c half width" },
  '  a: relu if act == "relu" else silu\n  (conv -> bn) if deep and at has 3': {
    "entity.name.function.call": "relu silu conv bn",
    "keyword.control": "if else",
    "keyword.operator.wordlike": "and has",
    "variable.other": "act deep at",
  },
  "  conv(64, # width\n    k = 3) # end\n    -> add(in)": {
    comment: "# width",
    "variable.parameter": "k",
    "variable.language": "in",
    "entity.name.function.call": "conv add",
  },
  "  after layer*.**.conv: dropout(0.1)\n  remove layer1.residual": {
    "entity.name.label": "layer*.**.conv layer1.residual",
    "entity.name.function.call": "dropout",
  },
  '  recipe {\n    lr_epochs = [0, 8]\n    optimiser = "muon"\n    default = uniform(0, w)\n  }\n  relu': {
    "variable.other.property": "lr_epochs optimiser default",
    "support.function": "uniform",
    "variable.other": "w",
    "entity.name.function.call": "relu",
  },
};

for (const [text, scopes] of Object.entries(cases)) {
  test(text.split("\n")[0].trim(), async () => {
    const found = await tokens(text);
    for (const [scope, words] of Object.entries(scopes)) {
      const got = found.filter(([, name]) => name.startsWith(scope)).map(([word]) => word);
      for (const word of scope === "comment" ? [words] : words.split(" ")) {
        assert.ok(got.includes(word), `${word} is no ${scope} in\n${text}\n${found.join("\n")}`);
      }
    }
  });
}
