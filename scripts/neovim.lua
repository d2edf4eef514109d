-- Run by test-neovim.sh in Neovim.

local work = vim.env.WORK
local checks = 0

local function check(what, fine, seen)
  checks = checks + 1
  if not fine then error(what .. ": " .. vim.inspect(seen), 0) end
end

local function open(file)
  vim.cmd.edit(vim.fn.fnameescape(file))
  return vim.api.nvim_get_current_buf()
end

--- Waits until `f` gives something, and returns that.
local function eventually(what, f)
  local found
  vim.wait(60000, function()
    found = f()
    return found
  end, 20)
  check(what, found, "nothing after a minute")
  return found
end

--- The captures of the colours at the first place of `word`.
local function colours(buffer, word)
  for row, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
    local column = line:find(word, 1, true)
    if column then
      local here = vim.treesitter.get_captures_at_pos(buffer, row - 1, column - 1)
      return vim.tbl_map(function(c) return c.capture end, here)
    end
  end
end

--- Puts the cursor on the first place of `word`.
local function go_to(word)
  vim.fn.cursor(1, 1)
  check("there is " .. word, vim.fn.search("\\V" .. word, "cW") > 0, word)
end

local function ask(method, params)
  params = params or vim.lsp.util.make_position_params(0, "utf-16")
  local answers = vim.lsp.buf_request_sync(0, method, params, 60000)
  local _, answer = next(answers or {})
  check(method, answer and not answer.err, answer)
  return answer.result
end

local function trees()
  local count = 0
  for file in io.lines(vim.env.NETS) do
    local buffer = open(file)
    local tree = vim.treesitter.get_parser(buffer, "net"):parse()[1]
    check(file .. " has a tree without errors", not tree:root():has_error(), tree:root():sexpr())
    vim.cmd.bwipeout({ bang = true })
    count = count + 1
  end
  check("many nets were opened", count > 80, count)
end

local function colours_and_folds()
  local buffer = open(work .. "/lib.net")
  check("filetype", vim.bo.filetype == "net", vim.bo.filetype)
  check("it is coloured", vim.treesitter.highlighter.active[buffer] ~= nil, "no highlighter")
  for word, capture in pairs({
    block = "keyword.function",
    ["conv_bn(c"] = "function",
    ["conv(c"] = "function.call",
    ["->"] = "operator",
    same = "constant.builtin",
    ["#"] = "comment",
    ["short ="] = "label",
  }) do
    local seen = colours(buffer, word)
    check("colour of " .. word, vim.tbl_contains(seen or {}, capture), seen)
  end
  go_to("conv(c")
  check("folds", vim.fn.foldlevel(".") == 1, vim.fn.foldlevel("."))
  vim.cmd.normal("gcc")
  check("gcc comments a line", vim.api.nvim_get_current_line():match("^%s*# conv"), vim.api.nvim_get_current_line())
  vim.cmd.edit({ bang = true })
end

--- The shapes beside the lines of this buffer.
local function shapes()
  local hints = vim.lsp.inlay_hint.get({ bufnr = 0 })
  return next(hints) and table.concat(vim.tbl_map(function(h) return h.inlay_hint.label end, hints), " ")
end

local function server()
  local buffer = open(work .. "/wrong.net")
  eventually("the server starts", function()
    local client = vim.lsp.get_clients({ bufnr = buffer, name = "netc" })[1]
    return client and client.initialized
  end)
  local problem = eventually("a problem is shown", function() return vim.diagnostic.get(buffer)[1] end)
  check("its message", problem.message:find("add expected operands of one shape", 1, true), problem)
  local shown = problem.user_data.lsp
  local actions = ask("textDocument/codeAction", {
    textDocument = vim.lsp.util.make_text_document_params(),
    range = shown.range,
    context = { diagnostics = { shown } },
  })
  check("a repair is offered", actions and actions[1].edit, actions)

  eventually("shapes stay up to the problem", shapes)

  open(work .. "/base.net")
  eventually("shapes are shown beside stages", shapes)
  go_to("conv_bn(c)")
  local hover = ask("textDocument/hover")
  check("hover", vim.inspect(hover):find("conv_bn(c = same", 1, true), hover)
  local definition = ask("textDocument/definition")
  check("definition", vim.inspect(definition):find("lib.net", 1, true), definition)
  go_to("maxpool")
  local completed = ask("textDocument/completion")
  check("completion", vim.inspect(completed):find('"maxpool"', 1, true), completed)
  check("outline", #ask("textDocument/documentSymbol") > 0, "nothing")
  check("marked mentions", #ask("textDocument/documentHighlight") == 2, "other than two")
  check("folds of the server", #ask("textDocument/foldingRange") > 2, "too few")
  check("symbols of the project", #ask("workspace/symbol", { query = "residual" }) > 0, "none")
  go_to("c) -> maxpool")
  local help = ask("textDocument/signatureHelp")
  check("help on a signature", help.signatures[1].label == "conv_bn(c = same, k = 3, stride = 1)", help)
  local kinds = eventually("the server's colours", function()
    local tokens = vim.lsp.semantic_tokens.get_at_pos(0, 6, 2)
    return tokens and tokens[1] and tokens
  end)
  check("kind of a parameter", kinds[1].type == "parameter", kinds)

  -- From the file that defines it, while only that one is open.
  vim.cmd("silent %bwipeout!")
  open(work .. "/lib.net")
  eventually("the server knows the file", function() return vim.lsp.get_clients({ bufnr = 0 })[1] end)
  local symbolic = eventually("shapes in blocks alone", shapes)
  check("in symbols", symbolic:find("[N, c, H/stride, W/stride]", 1, true), symbolic)
  go_to("conv_bn(c")
  vim.lsp.buf.rename("cbr")
  local renamed = eventually("a rename reaches other files", function()
    local other = vim.fn.bufnr(work .. "/base.net")
    return other > 0 and table.concat(vim.api.nvim_buf_get_lines(other, 0, -1, false), "\n")
  end)
  check("the other file", renamed:find('import "lib.net": cbr', 1, true), renamed)
  vim.api.nvim_buf_set_lines(0, -1, -1, false, { "block   x{relu}" })
  vim.lsp.buf.format({ timeout_ms = 60000 })
  local last = vim.api.nvim_buf_get_lines(0, -4, -1, false)
  check("format", table.concat(last, "\n"):find("block x {\n  relu\n}", 1, true), last)
end

local fine, why = pcall(function()
  trees()
  colours_and_folds()
  server()
end)
io.stdout:write(fine and checks .. " checks in Neovim passed\n" or "error: " .. tostring(why) .. "\n")
vim.cmd(fine and "qall!" or "cquit")
