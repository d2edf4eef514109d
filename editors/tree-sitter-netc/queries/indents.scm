; `@indent.begin` and its like are what nvim-treesitter reads, `@indent` and `@outdent` what Helix reads.

[
  (body)
  (recipe)
  (parameters)
  (arguments)
  (choice_type)
  (group)
  (list)
  (tuple)
  (shape)
] @indent.begin @indent

[ "}" ")" "]" ] @indent.branch @indent.end @outdent
