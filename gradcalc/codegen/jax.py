"""JAX code."""

from __future__ import annotations

from gradcalc.codegen.spelling import Spelling

ARRAY = '''
def _array(inputs, name, axes=None, dtype=FLOAT, default=None):
    """An argument as an array with that many axes."""
    value = inputs.get(name, default)
    if value is None:
        raise TypeError(f"missing argument {name}")
    value = jnp.asarray(value, dtype)
    if value.ndim != axes and axes is not None:
        raise ValueError(f"{name} has {value.ndim} axes, not {axes}")
    return value
'''

DTYPE = '''
def _dtype(inputs):
    """The type to compute in: float32 where all arrays of floating-point numbers are float32."""
    found = [value for value in inputs.values() if not getattr(value, "weak_type", False)]
    found = {value.dtype for value in found if hasattr(value, "dtype") and jnp.issubdtype(value.dtype, jnp.floating)}
    return jnp.result_type(*found) if found else FLOAT
'''

SPELLING = Spelling(
    title="JAX",
    imports=("import jax", "import jax.numpy as jnp"),
    xp="jnp",
    words={
        "array": "jnp.asarray({0}, dtype)",
        "full": "jnp.full({0}, {1}, dtype)",
        "transpose": "jnp.transpose({0}, {order})",
        "eye": "jnp.eye({0}, dtype=dtype)",
        "arange": "jnp.arange({0})",
        "zeros_like": "jnp.zeros_like({0})",
        "concatenate": "jnp.concatenate",
        "amax": "jnp.max",
        "amin": "jnp.min",
        "relu": "jax.nn.relu({0})",
        "zero": "0.0",
        "stop_gradient": "jax.lax.stop_gradient",
        "sigmoid": "jax.nn.sigmoid",
        "erf": "jax.scipy.special.erf",
        "lgamma": "jax.scipy.special.gammaln",
        "digamma": "jax.scipy.special.digamma",
        "polygamma": "jax.scipy.special.polygamma",
        "softmax": "jax.nn.softmax",
        "log_softmax": "jax.nn.log_softmax",
        "logsumexp": "jax.scipy.special.logsumexp",
        "pi": "jnp.pi",
        "e": "jnp.e",
        "FLOAT": "FLOAT = float  # 64 bits where jax_enable_x64 is set",
        "typed": "{0}.astype(dtype)",
        "number": "{0}",
        "setup": '    jax.config.update("jax_enable_x64", True)\n',
    },
    helpers={"_array": ARRAY, "_dtype": DTYPE},
)
