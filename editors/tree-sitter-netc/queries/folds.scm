[
  (body)
  (recipe)
  (parameters)
  (arguments)
  (list)
] @fold
