"""Small helpers for the analyzer's protocol buffers: its trees wrap each node in unions and in its parents' messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf import message


def unwrap(node: message.Message) -> Any:
    """The node inside the unions around it (messages whose name begins with `Any`)."""
    while node.DESCRIPTOR.name.startswith("Any"):
        fields = node.ListFields()
        if not fields:
            return node
        node = fields[0][1]
    return node


def name_of(node: message.Message) -> str:
    """The node's kind: `ResolvedQueryStmt`, `ASTBeginEndBlock`, ..."""
    return node.DESCRIPTOR.name.removesuffix("Proto")


def get(node: Any, field: str, default: Any = None) -> Any:
    """A field of the node or, where it is inherited, of the parents within it."""
    while node is not None:
        fields = node.DESCRIPTOR.fields_by_name
        if field in fields:
            found = fields[field]
            if found.message_type is not None and not found.is_repeated and not node.HasField(field):
                return default
            return getattr(node, field)
        if "parent" not in fields:
            return default
        node = node.parent
    return default


def walk(node: message.Message) -> Iterator[message.Message]:
    """The node and every message below it."""
    yield node
    for field, value in node.ListFields():
        if field.message_type is None:
            continue
        if field.is_repeated:
            for each in value:
                yield from walk(each)
        else:
            yield from walk(value)
