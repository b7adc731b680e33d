"""Gradients of whole models by JAX, in float64, as an independent reference for @chorus/autodiff.

    python3 -m venv venv && venv/bin/pip install jax numpy
    venv/bin/python make_vectors.py > vectors.json

Every model is written here from its mathematical definition, without ONNX. Arrays are stored as
{"shape", "data"}, data row-major and rounded to float32 before use, so both sides start from equal numbers.
"""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(20261122)


def draw(*shape, scale=0.5):
    return np.float32(np.round(rng.normal(size=shape) * scale, 4)).astype(np.float64)


def cross_entropy(logits, labels):
    logp = jax.nn.log_softmax(logits, axis=-1)
    return -jnp.mean(jnp.take_along_axis(logp, labels[..., None], axis=-1))


def conv(x, w, stride=1, pad=0, groups=1):
    return jax.lax.conv_general_dilated(
        x, w, (stride, stride), [(pad, pad), (pad, pad)], feature_group_count=groups,
        dimension_numbers=("NCHW", "OIHW", "NCHW"))


def batch_norm(x, s, b, eps=1e-5):
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    var = ((x - mean) ** 2).mean(axis=(0, 2, 3), keepdims=True)
    return (x - mean) / jnp.sqrt(var + eps) * s[:, None, None] + b[:, None, None]


def max_pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 3, 3), (1, 1, 2, 2),
                                 [(0, 0), (0, 0), (1, 1), (1, 1)])


def hard_swish(x):
    return x * jnp.clip(x / 6 + 0.5, 0, 1)


def cnn(p, x):
    """Residual block with BatchNormalization, overlapping pooling, a depthwise convolution, HardSwish."""
    h = jax.nn.relu(batch_norm(conv(x, p["stem"], pad=1), p["bn1.s"], p["bn1.b"]))
    r = batch_norm(conv(h, p["res"], pad=1), p["bn2.s"], p["bn2.b"])
    h = max_pool(jax.nn.relu(h + r))
    h = hard_swish(conv(h, p["dw"], stride=2, pad=1, groups=4) + p["dw.b"][:, None, None])
    return h.mean(axis=(2, 3)) @ p["fc"].T + p["fc.b"]


def layer_norm(x, s, b, eps=1e-5):
    mean = x.mean(-1, keepdims=True)
    var = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(var + eps) * s + b


def transformer(p, tokens):
    """One pre-norm block with causal attention of two heads, exact GELU, and a tied output matrix."""
    n, t = tokens.shape
    heads, width = 2, p["emb"].shape[1]
    size = width // heads
    h = p["emb"][tokens] + p["pos"]
    a = layer_norm(h, p["ln1.s"], p["ln1.b"])
    q, k, v = jnp.split(a @ p["qkv"] + p["qkv.b"], 3, axis=-1)
    split = lambda m: m.reshape(n, t, heads, size).transpose(0, 2, 1, 3)
    scores = split(q) @ split(k).transpose(0, 1, 3, 2) / np.sqrt(size)
    scores = jnp.where(np.tril(np.ones((t, t), bool)), scores, -1e9)
    out = (jax.nn.softmax(scores, axis=-1) @ split(v)).transpose(0, 2, 1, 3).reshape(n, t, width)
    h = h + out @ p["proj"]
    m = layer_norm(h, p["ln2.s"], p["ln2.b"]) @ p["up"]
    m = m * 0.5 * (1 + jax.lax.erf(m / np.sqrt(2)))
    h = h + m @ p["down"]
    return h @ p["emb"].T


def lstm(p, x):
    """Sequence-first; ONNX gate order i, o, f, c."""
    hidden = p["lstm.r"].shape[2]
    def step(carry, xt):
        h, c = carry
        z = xt @ p["lstm.w"][0].T + h @ p["lstm.r"][0].T + p["lstm.b"][0, :4 * hidden] + p["lstm.b"][0, 4 * hidden:]
        i, o, f, g = jnp.split(z, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h
    zero = jnp.zeros((x.shape[1], hidden))
    return jax.lax.scan(step, (zero, zero), x)[1]


def gru(p, x):
    """Sequence-first; gate order z, r, n; reset after the product, as PyTorch."""
    hidden = p["gru.r"].shape[2]
    def step(h, xt):
        a = xt @ p["gru.w"][0].T + p["gru.b"][0, :3 * hidden]
        b = h @ p["gru.r"][0].T + p["gru.b"][0, 3 * hidden:]
        (az, ar, an), (bz, br, bn) = jnp.split(a, 3, axis=-1), jnp.split(b, 3, axis=-1)
        z, r = jax.nn.sigmoid(az + bz), jax.nn.sigmoid(ar + br)
        h = (1 - z) * jnp.tanh(an + r * bn) + z * h
        return h, h
    return jax.lax.scan(step, jnp.zeros((x.shape[1], hidden)), x)[1]


def recurrent(p, tokens):
    x = p["emb"][tokens].transpose(1, 0, 2)
    return gru(p, lstm(p, x))[-1] @ p["fc"] + p["fc.b"]


def pack(array):
    array = np.asarray(array)
    data = array.ravel().tolist()
    return {"shape": list(array.shape), "data": [float(f"{v:.7g}") for v in data] if array.dtype.kind == "f" else data}


def case(model, params, x, labels):
    loss, grads = jax.value_and_grad(lambda p: cross_entropy(model(p, x), labels))(params)
    return {
        "x": pack(x), "labels": pack(labels), "loss": float(loss),
        "params": {k: pack(v) for k, v in params.items()},
        "grads": {k: pack(v) for k, v in grads.items()},
    }


def main():
    cases = {
        "cnn": case(cnn, {
            "stem": draw(4, 2, 3, 3), "bn1.s": 1 + draw(4), "bn1.b": draw(4),
            "res": draw(4, 4, 3, 3), "bn2.s": 1 + draw(4), "bn2.b": draw(4),
            "dw": draw(4, 1, 3, 3), "dw.b": draw(4), "fc": draw(3, 4), "fc.b": draw(3),
        }, draw(3, 2, 7, 7, scale=1), rng.integers(0, 3, 3)),
        "transformer": case(transformer, {
            "emb": draw(7, 8), "pos": draw(5, 8), "ln1.s": 1 + draw(8), "ln1.b": draw(8),
            "qkv": draw(8, 24), "qkv.b": draw(24), "proj": draw(8, 8),
            "ln2.s": 1 + draw(8), "ln2.b": draw(8), "up": draw(8, 16), "down": draw(16, 8),
        }, rng.integers(0, 7, (2, 5)), rng.integers(0, 7, (2, 5))),
        "recurrent": case(recurrent, {
            "emb": draw(6, 3), "lstm.w": draw(1, 16, 3), "lstm.r": draw(1, 16, 4), "lstm.b": draw(1, 32),
            "gru.w": draw(1, 9, 4), "gru.r": draw(1, 9, 3), "gru.b": draw(1, 18), "fc": draw(3, 4), "fc.b": draw(4),
        }, rng.integers(0, 6, (3, 6)), rng.integers(0, 4, 3)),
    }
    versions = {"python": sys.version.split()[0], "jax": jax.__version__, "numpy": np.__version__}
    json.dump({"versions": versions, "cases": cases}, sys.stdout)


main()
