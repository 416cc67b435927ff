"""PyTorch code."""

from __future__ import annotations

from gradcalc.codegen.spelling import Spelling

ARRAY = '''
def _array(inputs, name, axes=None, dtype=FLOAT, default=None):
    """An argument as a tensor with that many axes."""
    value = inputs.get(name, default)
    if value is None:
        raise TypeError(f"missing argument {name}")
    value = torch.as_tensor(value, dtype=torch.long if dtype is int else dtype)
    if value.ndim != axes and axes is not None:
        raise ValueError(f"{name} has {value.ndim} axes, not {axes}")
    return value
'''

DTYPE = '''
def _dtype(inputs):
    """The type to compute in: float32 where all tensors of floating-point numbers are float32."""
    found = [value for value in inputs.values() if torch.is_tensor(value) and value.is_floating_point()]
    dtype = found[0].dtype if found else FLOAT
    for value in found:
        dtype = torch.promote_types(dtype, value.dtype)
    return dtype
'''

SPELLING = Spelling(
    title="PyTorch",
    imports=("import torch",),
    xp="torch",
    words={
        "array": "torch.tensor({0}, dtype=dtype)",
        "full": "torch.broadcast_to({1}, {0}).clone()",
        "transpose": "torch.permute({0}, {order})",
        "eye": "torch.eye({0}, dtype=dtype)",
        "arange": "torch.arange({0})",
        "zeros_like": "torch.zeros_like({0})",
        "concatenate": "torch.cat",
        "amax": "torch.amax",
        "amin": "torch.amin",
        "relu": "torch.relu({0})",
        "zero": "torch.zeros((), dtype=dtype)",
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
        "typed": "{0}.to(dtype)",
        "number": "{0}",
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
        "_dtype": DTYPE,
    },
)
