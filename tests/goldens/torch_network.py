"""The network of BART's kind in PyTorch, for the scripts beside this file that make goldens (torch 2.13.0)."""
import zlib

import numpy as np
from torch import nn

BLOCKS = [(32, .25), (64, .25), (128, .4), (256, .4)]
HIDDEN = [(512, .5), (256, .5)]


def block(cin, cout, p):
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, padding="same"), nn.BatchNorm2d(cout), nn.ReLU(),
        nn.Conv2d(cout, cout, 3, padding="same"), nn.BatchNorm2d(cout), nn.ReLU(),
        nn.MaxPool2d(2, 2), nn.Dropout2d(p))


class Network(nn.Module):
    def __init__(self, classes, image_size=128, blocks=BLOCKS, hidden=HIDDEN):
        super().__init__()
        channels = 3
        for i, (c, p) in enumerate(blocks):
            self.add_module(f"block{i + 1}", block(channels, c, p))
            channels = c
        features = (image_size >> len(blocks)) ** 2 * channels
        head = [nn.Flatten()]
        for f, p in hidden:
            head += [nn.Linear(features, f), nn.ReLU(), nn.Dropout(p)]
            features = f
        self.classification_head = nn.Sequential(*head, nn.Linear(features, classes))

    def forward(self, x):
        for module in self.children():
            x = module(x)
        return x


def crc32(array):
    return f"{zlib.crc32(np.ascontiguousarray(array).tobytes()):x}"
