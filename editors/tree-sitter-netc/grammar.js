/// The `.net` language, as `grammar/net.pest` has it.

/// Items with commas between them; `trailing` allows one behind the last.
const commas = (item, trailing = false) =>
  seq(item, repeat(seq(",", item)), ...(trailing ? [optional(",")] : []));
const maybe_commas = (item) => optional(commas(item, true));
/// Statements, one a line; `src/scanner.c` says which newlines end one.
const lines = ($, item) => optional(seq(item, repeat(seq($._newline, item)), optional($._newline)));
/// A name that is declared, which has no dots.
const identifier = ($) => alias($.path, $.identifier);

const PREC = { or: 1, and: 2, not: 3, compare: 4, add: 5, multiply: 6, negate: 7, index: 8 };

module.exports = grammar({
  name: "net",
  word: ($) => $.path,
  externals: ($) => [$._newline],
  extras: ($) => [/[ \t\r\n]/, $.comment],
  // `repeat (a, b) in ..` and `repeat (a) { .. }` part behind the parentheses.
  conflicts: ($) => [[$.binding, $._operand]],

  rules: {
    file: ($) => lines($, choice($.import, $.block, $.net)),

    import: ($) =>
      seq("import", field("from", choice($.string, $.std)), ":", commas(field("name", identifier($)))),
    std: (_) => "std",
    block: ($) =>
      seq(
        "block",
        field("name", identifier($)),
        field("parameters", optional($.parameters)),
        field("signature", optional($.signature)),
        field("body", $.body),
      ),
    net: ($) =>
      seq(
        "net",
        field("name", identifier($)),
        field("parameters", optional($.parameters)),
        optional($.extends),
        field("body", $.body),
      ),
    extends: ($) =>
      seq("extends", field("parent", $.string), field("arguments", optional($.arguments))),
    signature: ($) => seq("::", field("input", $.shape), "->", field("output", $.shape)),

    parameters: ($) => seq("(", maybe_commas($.parameter), ")"),
    parameter: ($) =>
      seq(
        field("name", identifier($)),
        optional(seq(":", field("type", $._type))),
        optional(seq("=", field("default", $._expression))),
      ),
    _type: ($) => choice($.number_type, $.bool_type, $.choice_type, $.list_type),
    number_type: ($) => seq(choice("int", "float"), optional(seq("(", $.range, ")"))),
    bool_type: (_) => "bool",
    choice_type: ($) => seq(choice("one_of", "subset"), "(", commas($._expression, true), ")"),
    list_type: ($) => seq("list", "(", $._type, ")"),
    range: ($) => seq(field("from", $._expression), "..", field("to", $._expression)),

    body: ($) => seq("{", lines($, $._statement), "}"),
    _statement: ($) =>
      choice(
        $.input,
        $.output,
        $.block,
        $.let,
        $.default,
        $.expect,
        $.recipe,
        $.remove,
        $.edit,
        $.branch,
        $.stage,
      ),
    input: ($) => seq("input", field("name", identifier($)), ":", field("shape", $.shape)),
    output: ($) => seq("output", field("name", identifier($)), ":", field("shape", $.shape)),
    let: ($) => seq("let", field("name", identifier($)), "=", field("value", $._expression)),
    default: ($) => seq("default", $.call),
    expect: ($) => seq("expect", $._expression),
    recipe: ($) =>
      seq(
        "recipe",
        "{",
        optional(
          seq(
            $.setting,
            repeat(seq(choice(",", $._newline), $.setting)),
            optional(choice(",", $._newline)),
          ),
        ),
        "}",
      ),
    setting: ($) => seq(field("key", $.key), "=", field("value", $._expression)),
    remove: ($) => seq("remove", field("target", $.target)),
    edit: ($) =>
      seq(choice("after", "before", "replace"), field("target", $.target), ":", $.chain),
    branch: ($) =>
      seq(
        field("name", alias($.path, $.label)),
        "=",
        field("from", $.path),
        optional(seq("->", $.chain)),
        optional($._claim),
      ),
    stage: ($) =>
      seq(optional(seq(field("name", alias($.path, $.label)), ":")), $.chain, optional($._claim)),
    _claim: ($) => seq("::", field("claim", $.shape)),
    shape: ($) => seq("[", maybe_commas($._expression), "]"),

    chain: ($) => seq($._element, repeat(seq("->", $._element))),
    _element: ($) => choice($._step, $.guard),
    guard: ($) =>
      seq(
        field("element", $._step),
        "if",
        field("condition", $._expression),
        optional(seq("else", field("otherwise", $._element))),
      ),
    _step: ($) => choice($.group, $.repeat, $.call),
    group: ($) => seq("(", $.chain, ")"),
    repeat: ($) =>
      seq(
        choice(
          seq(choice("for", "repeat"), $.binding, "in", field("over", choice($._expression, $.range))),
          seq("repeat", field("times", $._expression)),
        ),
        field("body", $.body),
      ),
    binding: ($) => choice(identifier($), seq("(", commas(identifier($)), ")")),
    call: ($) => seq(field("name", $.path), field("arguments", optional($.arguments))),
    arguments: ($) => seq("(", maybe_commas($.argument), ")"),
    argument: ($) =>
      seq(optional(seq(field("name", identifier($)), "=")), field("value", $._expression)),

    _expression: ($) => choice($.conditional, $._operation),
    conditional: ($) =>
      seq(
        field("value", $._operation),
        "if",
        field("condition", $._operation),
        "else",
        field("otherwise", $._expression),
      ),
    _operation: ($) => choice($.unary, $.binary, $._operand),
    unary: ($) =>
      choice(
        prec(PREC.not, seq("not", $._operation)),
        prec(PREC.negate, seq("-", $._operation)),
      ),
    binary: ($) =>
      choice(
        ...[
          ["or", "or"],
          ["and", "and"],
          ["compare", choice("==", "!=", "<=", ">=", "<", ">", "has")],
          ["add", choice("+", "-")],
          ["multiply", choice("*", "/", "//", "%")],
        ].map(([name, operator]) =>
          prec.left(
            PREC[name],
            seq(
              field("left", $._operation),
              field("operator", operator),
              field("right", $._operation),
            ),
          ),
        ),
      ),
    _operand: ($) =>
      choice(
        $.number,
        $.string,
        $.truth,
        $.same,
        $.list,
        $.tuple,
        $.function,
        $.path,
        $.index,
      ),
    index: ($) =>
      prec(PREC.index, seq(field("value", $._operand), "[", field("at", $._expression), "]")),
    list: ($) => seq("[", maybe_commas($._expression), "]"),
    tuple: ($) => seq("(", commas($._expression), ")"),
    function: ($) =>
      seq(field("name", identifier($)), "(", maybe_commas($._expression), ")"),

    number: (_) => /\d[\d_]*(\.\d[\d_]*)?([eE][+-]?\d+)?/,
    string: (_) => /"[^"\r\n]*"/,
    truth: (_) => choice("true", "false"),
    same: (_) => "same",
    path: (_) => /[A-Za-z_]\w*(\.\w+)*/,
    target: (_) => /[\w*]+(\.[\w*]+)*/,
    key: (_) => /\w+(\.\w+)*/,
    comment: (_) => /#[^\n]*/,
  },
});
