"""The kinds of alerts, collected from every call of `raise_alert` in the code."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from types import ModuleType

PROJECT = Path(__file__).parents[3]


def _constants(module: ModuleType, node: ast.AST) -> set[str]:
    """Plain texts that the names in an expression stand for, those of a table among them; no member of an enum."""
    found = set()
    for one in ast.walk(node):
        value = None
        if isinstance(one, ast.Name):
            value = getattr(module, one.id, None)
        elif isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name):
            value = getattr(getattr(module, one.value.id, None), one.attr, None)
        found |= {each for each in (value.values() if isinstance(value, dict) else [value]) if type(each) is str}
    return found


def _variable(module: ModuleType, tree: ast.Module, name: str) -> set[str]:
    """What is put into a variable anywhere in the module."""
    found = set()
    for one in ast.walk(tree):
        stored = [part for part in ast.walk(one) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
        if isinstance(one, ast.Assign) and name in {part.id for part in stored}:
            found |= _constants(module, one.value)
    return found


def _conditions(module: ModuleType, tree: ast.Module) -> set[str]:
    """The first argument of every `_Condition(…)` (hub.watch.conditions)."""
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and getattr(one.func, "id", "") == "_Condition"]
    return set().union(*(_constants(module, one.args[0]) for one in calls))


def raised_in(file: Path) -> list[set[str]]:
    """For each call in a module the kinds that it may be given; an empty set where that cannot be told."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    module = importlib.import_module(".".join(file.relative_to(PROJECT).with_suffix("").parts))
    raised = []
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "raise_alert":
            (kind,) = [one.value for one in call.keywords if one.arg == "kind"]
            known = _constants(module, kind)
            if not known:
                known = _variable(module, tree, kind.id) if isinstance(kind, ast.Name) else _conditions(module, tree)
            raised.append(known)
    return raised


RAISED = {file: raised_in(file) for file in sorted(PROJECT.glob("hub/**/*.py")) if "raise_alert" in file.read_text()}
KINDS = set().union(*(kinds for calls in RAISED.values() for kinds in calls))
