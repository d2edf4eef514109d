[
  (block)
  (net)
  (repeat)
] @local.scope

(import name: (identifier) @local.definition.import @local.definition)
(block name: (identifier) @local.definition.function @local.definition)
(parameter name: (identifier) @local.definition.parameter @local.definition)
(binding (identifier) @local.definition.var @local.definition)
(let name: (identifier) @local.definition.var @local.definition)
(branch name: (label) @local.definition.var @local.definition)
(stage name: (label) @local.definition.var @local.definition)
(input name: (identifier) @local.definition.var @local.definition)

(path) @local.reference
