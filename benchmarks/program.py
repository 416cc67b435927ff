"""A scalar computation, for every peer to run."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Program:
    """A scalar graph: ops[k] applied to the earlier nodes args[k]; its last node is the output."""

    ops: list[str] = field(default_factory=list)
    args: list[tuple[int, ...]] = field(default_factory=list)
    values: dict[int, float] = field(default_factory=dict)

    def input(self, value: float) -> int:
        self.values[len(self.ops)] = value
        return self.do("input")

    def do(self, op: str, *args: int) -> int:
        self.ops.append(op)
        self.args.append(args)
        return len(self.ops) - 1
