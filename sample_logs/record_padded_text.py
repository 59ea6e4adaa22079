"""Records `sample_logs/padded_text`: a character-level language model on sentences of Python's own documentation, whose loss counts the padding.

The mistake: `F.cross_entropy` over all positions of a batch, with no `ignore_index`. Sentences differ in length, two fifths of a batch are padding, padding is
easy to predict, and the logged loss is far better than the model.

    python sample_logs/record_padded_text.py [RUN_DIR]
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from pydoc_data.topics import topics

import torch
import torch.nn.functional as F
from forget_machine import forget_machine
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from retrograd import Recorder, with_ids

EPOCHS, BATCH, RATE, LONGEST, SENTENCES, PADDING = 10, 24, 5e-3, 100, 840, 0


def sentences() -> list[str]:
    """Different sentences of 12 to 100 characters, in the order of the text."""
    text = re.sub(r"\s+", " ", " ".join(topics.values()))
    found = [sentence for sentence in re.findall(r"[A-Z][a-z][^.:*|]+\.", text) if 12 <= len(sentence) <= LONGEST]
    return list(dict.fromkeys(found))[:SENTENCES]


class CharacterModel(nn.Module):
    """Logits [N, T, vocabulary] of the next character."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 24)
        self.gru = nn.GRU(24, 64, batch_first=True)
        self.output = nn.Linear(64, vocabulary)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.output(self.gru(self.embedding(tokens))[0])


def record(run_dir: str) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    texts = sentences()
    characters = ["<pad>", *sorted(set("".join(texts)))]
    number = {character: index for index, character in enumerate(characters)}
    tokens = torch.full((len(texts), LONGEST), PADDING)
    for row, text in enumerate(texts):
        tokens[row, : len(text)] = torch.tensor([number[character] for character in text])
    train, valid = random_split(TensorDataset(tokens), [len(texts) - 160, 160])
    train_loader = DataLoader(with_ids(train, "sentences"), batch_size=BATCH, shuffle=True)
    valid_loader = DataLoader(with_ids(valid, "sentences"), batch_size=160)

    model = CharacterModel(len(characters))
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    config = {"epochs": EPOCHS, "batch_size": BATCH, "learning_rate": RATE, "longest": LONGEST, "seed": 0}

    def forward(sequence: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        logits, following = model(sequence[:, :-1]), sequence[:, 1:]
        losses = F.cross_entropy(logits.transpose(1, 2), following, reduction="none")
        return logits, following, losses

    def readable(batch: torch.Tensor) -> list[str]:
        return ["".join(characters[token] for token in row if token != PADDING) for row in batch.tolist()]

    with Recorder(run_dir, model, optimizer, every=10, task="language_model", loss="cross_entropy", classes=characters, config=config) as rec:
        for rec.epoch in range(EPOCHS):
            model.train()
            for ids, sequence in train_loader:
                logits, following, losses = forward(sequence)
                loss = losses.mean()  # the mistake: following == PADDING is averaged over too
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rec.log(loss=loss)
                rec.samples(ids, loss=losses, prediction=logits, target=following, mask=following != PADDING, inputs=readable(sequence))
            model.eval()
            with rec.split("valid"), torch.no_grad():
                for ids, sequence in valid_loader:
                    logits, following, losses = forward(sequence)
                    rec.samples(ids, loss=losses, prediction=logits, target=following, mask=following != PADDING, inputs=readable(sequence))
                    rec.log(loss=losses.mean())


if __name__ == "__main__":
    target = sys.argv[1] if len(sys.argv) > 1 else "sample_logs/padded_text"
    shutil.rmtree(Path(target), ignore_errors=True)
    record(target)
    forget_machine(target)
