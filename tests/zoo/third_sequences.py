"""Loops over sequences, sets and equations, each right unless a case says otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.optim import Adam, AdamW, RMSprop

from recorder import Recorder

from .data import batches, passages, text
from .models import CharacterGru, mlp
from .training import r2

SYMBOLS = 6


class Listener(nn.Module):
    """Frames to the logarithmic chance of a symbol or a pause in each."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act = nn.Conv1d(8, 32, 3, padding=1), nn.ReLU()
        self.rnn = nn.GRU(32, 32, batch_first=True, bidirectional=True)
        self.head = nn.Linear(64, SYMBOLS + 1)

    def forward(self, frames: Tensor) -> Tensor:
        return self.head(self.rnn(self.act(self.conv(frames.transpose(1, 2))).transpose(1, 2))[0]).log_softmax(-1)


def spoken(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Noisy frames of three to five symbols held for two to four frames each, how many frames, the symbols (from 1), and how many."""
    book = torch.randn(SYMBOLS + 1, 8, generator=torch.Generator().manual_seed(7))
    frames, symbols = [], []
    for _ in range(count):
        said = torch.randint(1, SYMBOLS + 1, (int(torch.randint(3, 6, (), generator=generator)),), generator=generator)
        held = torch.stack([said, torch.zeros_like(said)], dim=1).flatten()
        times = torch.randint(2, 4, (len(held),), generator=generator)
        times[1::2] -= 1
        frames.append(book[held.repeat_interleave(times)])
        symbols.append(said)
    lengths = torch.tensor([len(part) for part in frames])
    padded = pad_sequence(frames, batch_first=True)
    return (
        padded + 0.3 * torch.randn(padded.shape, generator=generator),
        lengths,
        pad_sequence(symbols, batch_first=True),
        torch.tensor(list(map(len, symbols))),
    )


def heard_exactly(told: Tensor, lengths: Tensor, symbols: Tensor) -> float:
    """Share of the sequences whose best path gives exactly the symbols."""
    right = 0
    for row, length, wanted in zip(told.argmax(-1), lengths.tolist(), symbols, strict=True):
        merged = torch.unique_consecutive(row[:length])
        right += merged[merged > 0].tolist() == wanted[wanted > 0].tolist()
    return right / len(told)


def speech(path: Path, seed: int, scale: float) -> None:
    """Symbols from unsegmented frames by CTC: at first only the pause is predicted."""
    torch.manual_seed(seed)
    frames, lengths, symbols, counts = spoken(700, torch.Generator().manual_seed(0))
    model, loss = Listener(), nn.CTCLoss(zero_infinity=True)
    optimizer = Adam(model.parameters(), lr=5e-3 * scale)
    with Recorder(path, model, optimizer, loss=loss, config={"model": "ctc"}) as rec:
        for rec.epoch in range(8):
            model.train()
            for rows in torch.randperm(500).split(25):
                value = loss(model(frames[rows]).transpose(0, 1), symbols[rows], lengths[rows], counts[rows])
                optimizer.zero_grad()
                value.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 5.0)
                optimizer.step()
                rec.log(loss=value.detach())
            model.eval()
            with rec.split("valid"), torch.no_grad():
                told = model(frames[500:])
                value = loss(told.transpose(0, 1), symbols[500:], lengths[500:], counts[500:])
                rec.log(loss=value, exact=heard_exactly(told, lengths[500:], symbols[500:]))


class Translator(nn.Module):
    """An encoder and a decoder with attention between them; number 0 starts a sentence."""

    def __init__(self, width: int = 48, tokens: int = 11) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.place = nn.Parameter(0.1 * torch.randn(8, width))
        self.encoder, self.decoder = nn.GRU(width, width, batch_first=True), nn.GRU(width, width, batch_first=True)
        self.query, self.head = nn.Linear(width, width), nn.Linear(2 * width, tokens)

    def forward(self, source: Tensor, given: Tensor) -> Tensor:
        memory, last = self.encoder(self.embedding(source) + self.place[: source.shape[1]])
        states, _ = self.decoder(self.embedding(given) + self.place[: given.shape[1]], last)
        share = (self.query(states) @ memory.transpose(1, 2)).softmax(-1)
        return self.head(torch.cat([states, share @ memory], dim=-1))

    def translate(self, source: Tensor, length: int) -> Tensor:
        given = torch.zeros(len(source), 1, dtype=torch.long)
        for _ in range(length):
            given = torch.cat([given, self(source, given)[:, -1:].argmax(-1)], dim=1)
        return given[:, 1:]


def after_start(target: Tensor) -> Tensor:
    """What the decoder is given: the start mark, and the target without its last token."""
    return F.pad(target[:, :-1], (1, 0))


def translation(path: Path, seed: int, scale: float, *, given: Callable[[Tensor], Tensor] = after_start) -> None:
    """Numbers to the same numbers in reverse order and one higher, with teacher forcing; judged without it."""
    torch.manual_seed(seed)
    source = torch.randint(1, 10, (1500, 6), generator=torch.Generator().manual_seed(0))
    target = source.flip(1) + 1
    model = Translator()
    optimizer = Adam(model.parameters(), lr=5e-3 * scale)
    train = batches(source, target, range(1200), seed, batch_size=40, shuffle=True)
    with Recorder(path, model, optimizer, loss="cross_entropy", task="language_model", config={"teacher_forcing": 1.0}) as rec:
        for rec.epoch in range(9):
            model.train()
            for ids, x, y in train:
                prediction = model(x, given(y))
                losses = F.cross_entropy(prediction.transpose(1, 2), y, reduction="none")
                optimizer.zero_grad()
                losses.mean().backward()
                optimizer.step()
                rec.log(loss=losses.detach().mean())
                rec.samples(ids, loss=losses.detach(), prediction=prediction.detach(), target=y, inputs=given(y))
            model.eval()
            with rec.split("valid"), torch.no_grad():
                x, y = source[1200:], target[1200:]
                losses = F.cross_entropy(model(x, given(y)).transpose(1, 2), y, reduction="none")
                rec.log(loss=losses.mean(), exact=(model.translate(x, 6) == y).all(1).float().mean())


def stream(path: Path, seed: int, scale: float, *, carry: Callable[[Tensor], Tensor] = torch.Tensor.detach) -> None:
    """Twenty long streams of text read piece by piece: the state goes on from piece to piece, the gradient (`carry`) does not."""
    torch.manual_seed(seed)
    streams = text()[: 20 * 3001].view(20, 3001)
    model = CharacterGru(width=64)
    optimizer = RMSprop(model.parameters(), lr=2e-3 * scale)
    with Recorder(path, model, optimizer, loss="cross_entropy", task="language_model", config={"piece": 20}) as rec:
        state: Any = torch.zeros(1, 16, 64)
        for start in range(0, 3000, 20):
            x, y = streams[:16, start : start + 20], streams[:16, start + 1 : start + 21]
            hidden, state = model.rnn(model.embedding(x), carry(state))
            prediction = model.head(hidden)
            losses = F.cross_entropy(prediction.transpose(1, 2), y, reduction="none")
            optimizer.zero_grad()
            losses.mean().backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            rec.log(loss=losses.detach().mean())
            rec.samples([f"{row}:{start}" for row in range(16)], loss=losses.detach(), prediction=prediction.detach(), target=y, inputs=x)
            if start % 300 == 280:
                with rec.split("valid"), torch.no_grad():
                    x, y = streams[16:, :500], streams[16:, 1:501]
                    rec.log(loss=F.cross_entropy(model(x).transpose(1, 2), y))


def ever_longer(path: Path, seed: int, scale: float) -> None:
    """A curriculum: pieces of six characters, then twelve, then twenty-four."""
    torch.manual_seed(seed)
    whole, following = passages(1000)
    model = CharacterGru()
    optimizer = AdamW(model.parameters(), lr=4e-3 * scale)
    held = whole[800:], following[800:]
    with Recorder(path, model, optimizer, loss="cross_entropy", task="language_model", config={"lengths": [6, 12, 24]}) as rec:
        for rec.epoch in range(9):
            length = (6, 12, 24)[rec.epoch // 3]
            for ids, x, y in batches(whole, following, range(800), seed + rec.epoch, batch_size=32, shuffle=True):
                prediction = model(x[:, :length])
                losses = F.cross_entropy(prediction.transpose(1, 2), y[:, :length], reduction="none")
                optimizer.zero_grad()
                losses.mean().backward()
                optimizer.step()
                rec.log(loss=losses.detach().mean(), length=length)
                rec.samples(ids, loss=losses.detach(), prediction=prediction.detach(), target=y[:, :length], inputs=x[:, :length])
            with rec.split("valid"), torch.no_grad():
                rec.log(loss=F.cross_entropy(model(held[0]).transpose(1, 2), held[1]))


def sinkhorn(scores: Tensor, temperature: float) -> Tensor:
    """Rows and columns in turn until both sum to one."""
    scores = scores / temperature
    for _ in range(12):
        scores = scores - scores.logsumexp(2, keepdim=True)
        scores = scores - scores.logsumexp(1, keepdim=True)
    return scores.exp()


def sorting(path: Path, seed: int, scale: float) -> None:
    """Five numbers are put in order by a soft permutation that hardens over epochs."""
    torch.manual_seed(seed)
    numbers = torch.rand(1200, 5, generator=torch.Generator().manual_seed(0))
    ordered = numbers.sort(1).values
    model = mlp([1, 48, 5], nn.Tanh)
    optimizer = Adam(model.parameters(), lr=1e-2 * scale)
    train = batches(numbers, ordered, range(900), seed, batch_size=45, shuffle=True)

    def place(x: Tensor, epoch: int) -> Tensor:
        scores = model(x.reshape(-1, 1)).view(len(x), 5, 5).transpose(1, 2)
        return (sinkhorn(scores, 0.85**epoch) @ x.unsqueeze(-1)).squeeze(-1)

    with Recorder(path, model, optimizer, loss=nn.MSELoss(), task="regression", config={"temperature": "0.85 ** epoch"}) as rec:
        for rec.epoch in range(10):
            for ids, x, y in train:
                prediction = place(x, rec.epoch)
                losses = (prediction - y) ** 2
                optimizer.zero_grad()
                losses.mean().backward()
                optimizer.step()
                rec.log(loss=losses.detach().mean())
                rec.samples(ids, loss=losses.detach(), prediction=prediction.detach(), target=y, inputs=x)
            with rec.split("valid"), torch.no_grad():
                prediction = place(numbers[900:], rec.epoch)
                rec.log(loss=((prediction - ordered[900:]) ** 2).mean(), r2=r2(prediction, ordered[900:]))


class Pointer(nn.Module):
    """A soft choice among the members of a set, by what a small network says of each; then a verdict on the chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.score = mlp([6, 24, 1], nn.Tanh)
        self.softmax = nn.Softmax(dim=1)
        self.verdict = mlp([6, 32, 3])
        self.temperature = 1.0

    def forward(self, x: Tensor) -> Tensor:
        scores = self.score(x.flatten(0, 1)).view(x.shape[:2])
        return self.verdict((self.softmax(scores / self.temperature).unsqueeze(-1) * x).sum(1))


def pointing(path: Path, seed: int, scale: float, *, cooler: Callable[[int, int], float] = lambda step, epoch: 0.85**epoch) -> None:
    """One of eight members of a set says the class, its first feature is zero; the choice hardens with the temperature."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(0)
    sets = torch.randn(1500, 8, 6, generator=generator)
    sets[..., 0] = 0.2 * sets[..., 0] + 1.5 * sets[..., 0].sign()
    chosen = torch.randint(0, 8, (1500,), generator=generator)
    sets[torch.arange(1500), chosen, 0] = 0.0
    told = sets[torch.arange(1500), chosen]
    labels = told[:, 1:4].argmax(1)
    model = Pointer()
    optimizer = Adam(model.parameters(), lr=4e-3 * scale)
    with Recorder(path, model, optimizer, loss="cross_entropy", task="classification", config={"temperature": 0.85}) as rec:
        for rec.epoch in range(12):
            for ids, x, y in batches(sets, labels, range(1200), seed + rec.epoch, batch_size=40, shuffle=True):
                model.temperature = max(1e-8, cooler(rec.steps, rec.epoch))
                prediction = model(x)
                losses = F.cross_entropy(prediction, y, reduction="none")
                optimizer.zero_grad()
                losses.mean().backward()
                optimizer.step()
                rec.log(loss=losses.detach().mean(), temperature=model.temperature)
                rec.samples(ids, loss=losses.detach(), prediction=prediction.detach(), target=y)
            with rec.split("valid"), torch.no_grad():
                prediction = model(sets[1200:])
                rec.log(loss=F.cross_entropy(prediction, labels[1200:]), accuracy=(prediction.argmax(1) == labels[1200:]).float().mean())


def survival(path: Path, seed: int, scale: float) -> None:
    """Cox's partial likelihood within a batch: who dies next among those still alive; a third is lost from sight."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1200, 8, generator=generator)
    risk = x[:, 0] + 0.8 * x[:, 1] ** 2 - 0.8 * x[:, 2] * x[:, 3]
    died = -torch.rand(1200, generator=generator).log() * (-risk).exp()
    lost = -torch.rand(1200, generator=generator).log() * 2.0
    times, event = torch.minimum(died, lost), (died <= lost).float()
    model = mlp([8, 48, 48, 1], nn.GELU)
    optimizer = AdamW(model.parameters(), lr=2e-3 * scale, weight_decay=0.1)

    def likelihood(rows: Tensor) -> Tensor:
        rows = rows[times[rows].argsort(descending=True)]
        told = model(x[rows])[:, 0]
        return ((told.logcumsumexp(0) - told) * event[rows]).sum() / event[rows].sum()

    def concordance(rows: Tensor) -> Tensor:
        told = model(x[rows])[:, 0]
        comparable = (times[rows][:, None] < times[rows]) & (event[rows][:, None] > 0)
        return (told[:, None] > told)[comparable].float().mean()

    with Recorder(path, model, optimizer, config={"model": "deepsurv", "weight_decay": 0.1}) as rec:
        for rec.epoch in range(9):
            for rows in torch.randperm(900).split(60):
                loss = likelihood(rows)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                rec.log(loss=loss.detach())
            with rec.split("valid"), torch.no_grad():
                rec.log(loss=likelihood(torch.arange(900, 1200)), concordance=concordance(torch.arange(900, 1200)))


def equation(path: Path, seed: int, scale: float, *, seconds: float = 1.0) -> None:
    """A network that solves u' = 2 cos(2 t) - u from u(0) = 1 on 0..4; `seconds` is how many units of its input make one of t."""
    torch.manual_seed(seed)
    model = mlp([1, 32, 32, 1], nn.Tanh)
    optimizer = Adam(model.parameters(), lr=3e-3 * scale)
    times = torch.linspace(0, 4, 200)[:, None]
    exact = (2 * torch.cos(2 * times) + 4 * torch.sin(2 * times)) / 5 + 0.6 * torch.exp(-times)
    with Recorder(path, model, optimizer, config={"equation": "u' = 2 cos 2t - u"}) as rec:
        for step in range(700):
            t = (4 * torch.rand(48, 1) * seconds).requires_grad_()
            u = model(t)
            (slope,) = torch.autograd.grad(u.sum(), t, create_graph=True)
            residual = ((slope * seconds - 2 * torch.cos(2 * t / seconds) + u) ** 2).mean()
            start = (model(torch.zeros(1, 1)) - 1).square().mean()
            loss = residual + 5 * start
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rec.log(loss=loss.detach(), residual=residual.detach(), start=start.detach())
            if step % 50 == 49:
                with rec.split("valid"), torch.no_grad():
                    rec.log(r2=r2(model(times * seconds), exact))
