"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const oniguruma = require("vscode-oniguruma");
const textmate = require("vscode-textmate");

const KEYWORDS = new Set(
  ("import block net extends input output repeat default expect recipe after before replace remove if else " +
    "or and not has true false same").split(" "),
);
const nets = path.join(__dirname, "../../../nets");

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
  const files = fs.readdirSync(nets).filter((name) => name.endsWith(".net"));
  assert.ok(files.length > 20);
  for (const name of files) {
    for (const [word, scope] of await tokens(fs.readFileSync(path.join(nets, name), "utf8"))) {
      if (scope === "source.net") assert.doesNotMatch(word, /\w/, `${name}: ${word}`);
      if (KEYWORDS.has(word)) assert.match(scope, /^(keyword|constant\.language)/, `${name}: ${word}`);
    }
  }
});

test("chosen tokens", async () => {
  const found = new Map(
    await tokens('# note\nimport "lib.net": preact\nlayer1: preact(width, stride = 2) -> bn :: [N, 64]\n'),
  );
  assert.strictEqual(found.get("# note"), "comment.line.number-sign.net");
  assert.strictEqual(found.get('"lib.net"'), "string.quoted.double.net");
  assert.strictEqual(found.get("layer1"), "entity.name.label.net");
  assert.strictEqual(found.get("preact"), "entity.name.function.call.net");
  assert.strictEqual(found.get("bn"), "entity.name.function.call.net");
  assert.strictEqual(found.get("stride"), "variable.parameter.net");
  assert.strictEqual(found.get("::"), "keyword.operator.shape.net");
  assert.strictEqual(found.get("64"), "constant.numeric.net");
});
