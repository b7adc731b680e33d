"""Steps per second of PyTorch eager on the bench's models, one thread, batch 32, plain SGD.

Optional counterpart of steps.bench.ts, which runs it where `python3 -c "import torch"` works.
Prints one JSON object: seconds per step (median) by model.
usage: python3 pytorch_steps.py [seconds per model]
"""
import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
torch.manual_seed(0)
BATCH = 32


def mlp():
    return nn.Sequential(nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )


class Block(nn.Module):
    def __init__(self, width, to, stride):
        super().__init__()
        self.a, self.an = nn.Conv2d(width, to, 3, stride, 1), nn.BatchNorm2d(to)
        self.b, self.bn = nn.Conv2d(to, to, 3, 1, 1), nn.BatchNorm2d(to)
        same = width == to
        self.short = nn.Identity() if same else nn.Sequential(nn.Conv2d(width, to, 1, stride), nn.BatchNorm2d(to))

    def forward(self, x):
        return F.relu(self.bn(self.b(F.relu(self.an(self.a(x))))) + self.short(x))


def resnet8():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )


class Transformer(nn.Module):
    """The same network as models.ts: pre-norm, separate matrices written out, exact GELU."""

    def __init__(self, layers=2, width=128, heads=4, context=64, vocabulary=65):
        super().__init__()
        self.heads = heads
        self.embedding = nn.Embedding(vocabulary, width)
        self.position = nn.Parameter(torch.zeros(context, width))
        self.layers = nn.ModuleList(
            nn.ModuleDict({
                "n1": nn.LayerNorm(width), "qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width),
                "n2": nn.LayerNorm(width), "up": nn.Linear(width, 4 * width), "down": nn.Linear(4 * width, width),
            })
            for _ in range(layers)
        )
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary)
        future = torch.ones(context, context, dtype=torch.bool).triu(1)
        self.register_buffer("mask", torch.zeros(context, context).masked_fill(future, -1e9))

    def forward(self, x):
        n, t = x.shape
        h = self.embedding(x) + self.position
        for layer in self.layers:
            q, k, v = (
                part.reshape(n, t, self.heads, -1).transpose(1, 2)
                for part in layer["qkv"](layer["n1"](h)).chunk(3, -1)
            )
            scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + self.mask
            mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, -1)
            h = h + layer["proj"](mixed)
            h = h + layer["down"](F.gelu(layer["up"](layer["n2"](h))))
        return self.head(self.norm(h)).flatten(0, 1)


def text():
    return torch.randint(65, (BATCH, 64)), torch.randint(65, (BATCH * 64,))


CASES = {
    "mlp": (mlp, lambda: (torch.rand(BATCH, 784), torch.randint(10, (BATCH,)))),
    "lenet": (lenet, lambda: (torch.rand(BATCH, 1, 28, 28), torch.randint(10, (BATCH,)))),
    "resnet8": (resnet8, lambda: (torch.rand(BATCH, 3, 32, 32), torch.randint(10, (BATCH,)))),
    "transformer": (Transformer, text),
}


def measure(build, make, seconds):
    model = build()
    x, y = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 8:
        begin = time.perf_counter()
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        times.append(time.perf_counter() - begin)
    warm = sorted(times[3:])
    return {"median": warm[len(warm) // 2], "best": warm[0]}


seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
print(json.dumps({
    "torch": torch.__version__,
    "steps": {name: measure(*case, seconds) for name, case in CASES.items()},
}))
