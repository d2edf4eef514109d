"""Ordinary PyTorch: a text without its annotations and type parameters, each line where it was."""

import ast


def plain(text):
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def start(node):
        return starts[node.lineno - 1] + node.col_offset

    def end(node):
        return starts[node.end_lineno - 1] + node.end_col_offset

    cuts = []
    for node in ast.walk(ast.parse(text)):
        if getattr(node, "type_params", []):
            last = end(node.type_params[-1])
            cuts.append((start(node.type_params[0]) - 1, text.index("]", last) + 1))
        if isinstance(node, ast.arg) and node.annotation:
            cuts.append((start(node) + len(node.arg), end(node.annotation)))
        if isinstance(node, ast.FunctionDef) and node.returns:
            cuts.append((text.rindex("->", 0, start(node.returns)), end(node.returns)))
    for first, last in sorted(cuts, reverse=True):
        text = text[:first] + "\n" * text.count("\n", first, last) + text[last:]
    return text
