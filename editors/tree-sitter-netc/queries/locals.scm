; What is used has the colour of what is declared; Helix takes it from the name of the capture.

[
  (block)
  (net)
  (repeat)
] @local.scope

(parameter name: (identifier) @local.definition.variable.parameter @local.definition)
(binding (identifier) @local.definition.variable @local.definition)
(let name: (identifier) @local.definition.variable @local.definition)

(path) @local.reference
