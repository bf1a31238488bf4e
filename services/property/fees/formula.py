"""A formula over named quantities, exact in Decimal: + - * /, brackets, min, max. Nothing else can be said in it."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException
from functools import cache

from services.chassis.errors import Invalid

LONGEST = 200
_TWO: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_MANY: dict[str, Callable[..., Decimal]] = {"min": min, "max": max}


class BadFormula(Invalid):
    """The formula "{formula}" cannot be worked out: {why}."""

    zh = "公式“{formula}”无法计算：{why}。"


def evaluate(formula: str, quantities: Mapping[str, Decimal]) -> Decimal:
    """Raises KeyError for a quantity that is not known, and BadFormula for anything it must not say."""
    try:
        return _worth(_parsed(formula), formula, quantities)
    except (DecimalException, RecursionError) as error:
        raise BadFormula(formula=formula, why=type(error).__name__) from None


@cache
def _parsed(formula: str) -> ast.expr:
    if len(formula) > LONGEST:
        raise BadFormula(formula=formula[:LONGEST], why="too long")
    try:
        return ast.parse(formula.strip(), mode="eval").body
    except SyntaxError:
        raise BadFormula(formula=formula, why="syntax") from None


def _worth(node: ast.expr, formula: str, quantities: Mapping[str, Decimal]) -> Decimal:
    def worth(part: ast.expr) -> Decimal:
        return _worth(part, formula, quantities)

    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            # The digits as they were written: a float would have lost them.
            return Decimal(ast.get_source_segment(formula.strip(), node) or repr(number))
        case ast.Name(id=name):
            return quantities[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -worth(operand)
        case ast.BinOp(op=op) if type(op) in _TWO:
            return _TWO[type(op)](worth(node.left), worth(node.right))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _MANY and args:
            return _MANY[name](*(worth(one) for one in args))
    raise BadFormula(formula=formula, why=type(node).__name__)
