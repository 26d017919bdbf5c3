#!/usr/bin/env python3
"""Trains a small network on the handwritten digits of `examples/` and exports it for Rust, with PyTorch's own results.

    python3 torch/scripts/export.py --model digits.pt --pairs digits.npz

Needs torch 2.11 and numpy; runs on the CPU in under a minute. `--model` gets the network as TorchScript, `--pairs` the
digits that it was not trained on (`images`), what they show (`labels`) and what PyTorch makes of them (`probabilities`).
"""

import argparse
import io
import zipfile
from pathlib import Path

import numpy
import torch
from torch import nn

TORCH = Path(__file__).resolve().parent.parent
DIGITS = TORCH.parent / "examples" / "digits" / "data" / "digits.csv.gz"
SIDE = 8
TRAINED_ON = 1437
BATCH = 64


class Net(nn.Module):
    """Takes bytes as they are in the file, so that whoever uses it need not know how it was trained."""

    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(128, 10),
        )

    def forward(self, images):
        """From [N, 8, 8] pixels of 0 to 16 to [N, 10] probabilities."""
        return self.main(images.unsqueeze(1).float() / 16).softmax(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digits", type=Path, default=DIGITS, help="rows of 64 pixels and a label")
    parser.add_argument("--model", type=Path, default=TORCH / "data" / "digits.pt")
    parser.add_argument("--pairs", type=Path, default=TORCH / "data" / "digits.npz")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    rows = torch.from_numpy(numpy.loadtxt(arguments.digits, delimiter=",", dtype=numpy.uint8))
    images, labels = rows[:, :-1].reshape(-1, SIDE, SIDE), rows[:, -1]

    # Sums of the same numbers in the same order wherever it runs, and no slower for so small a network.
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    net = Net()
    train(net, images[:TRAINED_ON], labels[:TRAINED_ON].long(), arguments.epochs)
    script = torch.jit.script(net.eval())

    held_out, answers = images[TRAINED_ON:], labels[TRAINED_ON:]
    with torch.no_grad():
        probabilities = script(held_out)
    right = (probabilities.argmax(1) == answers).sum().item()
    print(f"{right} of {len(answers)} held-out digits are right")

    save(script, arguments.model)
    numpy.savez_compressed(arguments.pairs, images=held_out, labels=answers, probabilities=probabilities)
    print(f"wrote {arguments.model} and {arguments.pairs}")


def train(net, images, labels, epochs):
    adam = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(BATCH):
            adam.zero_grad()
            loss = nn.functional.nll_loss(net(images[batch]).log(), labels[batch])
            loss.backward()
            adam.step()


def save(script, path):
    """Leaves out what only tells errors where on this machine the sources are."""
    buffer = io.BytesIO()
    torch.jit.save(script, buffer)
    with zipfile.ZipFile(buffer) as everything, zipfile.ZipFile(path, "w") as kept:
        for entry in everything.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                kept.writestr(entry, everything.read(entry))


if __name__ == "__main__":
    main()
