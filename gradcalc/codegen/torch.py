"""PyTorch code."""

from __future__ import annotations

from gradcalc.codegen.spelling import Spelling

ARRAY = '''
def _array(inputs, name, axes=None, kind=FLOAT, default=None):
    """An argument as a tensor with that many axes."""
    value = inputs.get(name, default)
    if value is None:
        raise TypeError(f"missing argument {name}")
    value = torch.as_tensor(value, dtype=torch.long if kind is int else kind)
    if axes is not None and value.ndim != axes:
        raise ValueError(f"{name} has {value.ndim} axes, not {axes}")
    return value
'''

SPELLING = Spelling(
    title="PyTorch",
    imports=("import torch",),
    xp="torch",
    words={
        "array": "torch.tensor({0}, dtype=FLOAT)",
        "full": "torch.broadcast_to({1}, {0}).clone()",
        "transpose": "torch.permute({0}, {order})",
        "eye": "torch.eye({0}, dtype=FLOAT)",
        "arange": "torch.arange({0})",
        "zeros_like": "torch.zeros_like({0})",
        "concatenate": "torch.cat",
        "amax": "torch.amax",
        "amin": "torch.amin",
        "relu": "torch.relu({0})",
        "zero": "torch.zeros((), dtype=FLOAT)",
        "stop_gradient": "torch.detach",
        "sigmoid": "torch.sigmoid",
        "erf": "torch.erf",
        "lgamma": "torch.lgamma",
        "digamma": "torch.digamma",
        "polygamma": "torch.special.polygamma",
        "softmax": "torch.softmax",
        "log_softmax": "torch.log_softmax",
        "logsumexp": "logsumexp",
        "pi": "torch.pi",
        "e": "torch.e",
        "FLOAT": "FLOAT = torch.float64",
        "setup": "",
    },
    wraps=True,
    helpers={
        "logsumexp": '''
def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))), over all axes where none is given."""
    return torch.logsumexp(x, tuple(range(x.ndim)) if axis is None else axis, keepdims)
''',
        "_array": ARRAY,
    },
)
