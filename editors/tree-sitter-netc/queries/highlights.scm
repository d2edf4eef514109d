; Captures are those of Neovim; those of Helix are the same up to the first dot.

(comment) @comment
(string) @string
(number) @number
(truth) @boolean
(same) @constant.builtin
(std) @module

; What a name is where nothing says more. Symbols of a shape, such as `N` and `C`, are capitals.
(path) @variable
((path) @constant
  (#match? @constant "^[A-Z]$"))
((path) @variable.builtin
  (#eq? @variable.builtin "in"))

(call name: (path) @function.call)
(function name: (identifier) @function.builtin)
(block name: (identifier) @function)
(net name: (identifier) @function)
(import name: (identifier) @function)

(parameter name: (identifier) @variable.parameter)
(argument name: (identifier) @variable.parameter)
(setting key: (key) @property)
(let name: (identifier) @variable)
(binding (identifier) @variable)
(input name: (identifier) @label)
(output name: (identifier) @label)
(label) @label
(target) @label

[ "int" "float" "one_of" "subset" "list" (bool_type) ] @type.builtin

[ "block" "net" ] @keyword.function
[ "import" "extends" ] @keyword.import
[ "for" "repeat" "in" ] @keyword.repeat
[ "if" "else" ] @keyword.conditional
[ "and" "or" "not" "has" ] @keyword.operator
[
  "input" "output" "let" "default" "expect" "recipe"
  "remove" "after" "before" "replace"
] @keyword

[ "->" "=" "==" "!=" "<" "<=" ">" ">=" "+" "-" "*" "/" "//" "%" ".." ] @operator
[ "(" ")" "[" "]" "{" "}" ] @punctuation.bracket
[ "," ":" "::" ] @punctuation.delimiter
