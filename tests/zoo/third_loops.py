"""Loops of agents, graphs, rankings and of learning from few labels, each right unless a case says otherwise."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer

from recorder import Recorder

from .data import batches, digits
from .models import Cnn, mlp

SIDE = 5
"""The grid of the agents: start anywhere, the goal is the last corner, ten steps of wind and walls at most."""


def move(state: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Next state, reward and whether the goal was reached."""
    row, column = state // SIDE, state % SIDE
    row = (row + torch.tensor([-1, 1, 0, 0])[action]).clamp(0, SIDE - 1)
    column = (column + torch.tensor([0, 0, -1, 1])[action]).clamp(0, SIDE - 1)
    after = row * SIDE + column
    done = after == SIDE * SIDE - 1
    return after, done.float() - 0.05, done


def seen(state: Tensor) -> Tensor:
    return F.one_hot(state, SIDE * SIDE).float()


def arrived(policy: Callable[[Tensor], Tensor]) -> float:
    """Share of all starts from which the greedy policy finds the goal in eight moves, the longest way."""
    state = torch.arange(SIDE * SIDE - 1)
    done = torch.zeros(len(state), dtype=torch.bool)
    for _ in range(2 * SIDE - 2):
        after, _, now = move(state, policy(seen(state)).argmax(1))
        state, done = torch.where(done, state, after), done | now
    return done.float().mean().item()


def deep_q(path: Path, seed: int, scale: float, *, optimized: Callable[[nn.Module, nn.Module], nn.Module] = lambda online, target: online) -> None:
    """Q-learning with a replay memory and a target network that follows every 20 steps."""
    torch.manual_seed(seed)
    online, target = mlp([SIDE * SIDE, 48, 4]), mlp([SIDE * SIDE, 48, 4])
    target.load_state_dict(online.state_dict())
    optimizer = Adam(optimized(online, target).parameters(), lr=3e-3 * scale)
    memory: list[tuple[Tensor, ...]] = []
    state = torch.randint(0, 24, (16,))
    with Recorder(path, online, optimizer, config={"algorithm": "dqn", "gamma": 0.9}) as rec:
        for step in range(500):
            with torch.no_grad():
                greedy = online(seen(state)).argmax(1)
            action = torch.where(torch.rand(16) < max(0.2, 1 - step / 200), torch.randint(0, 4, (16,)), greedy)
            after, reward, done = move(state, action)
            memory.append((state, action, reward, after, done.float()))
            state = torch.where(done | (torch.rand(16) < 0.05), torch.randint(0, 24, (16,)), after)
            drawn = [torch.cat(parts) for parts in zip(*(memory[row] for row in torch.randint(0, len(memory), (4,)).tolist()), strict=True)]
            with torch.no_grad():
                aim = drawn[2] + 0.9 * (1 - drawn[4]) * target(seen(drawn[3])).max(1).values
            value = online(seen(drawn[0])).gather(1, drawn[1][:, None])[:, 0]
            loss = F.smooth_l1_loss(value, aim)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % 20 == 19:
                target.load_state_dict(online.state_dict())
            rec.log(loss=loss.detach(), reward=reward.mean(), q=value.detach().mean())
            if step % 50 == 49:
                with rec.split("valid"), torch.no_grad():
                    rec.log(arrived=arrived(online))


class ActorCritic(nn.Module):
    """A policy and a value on one body."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(SIDE * SIDE, 64)
        self.act = nn.Tanh()
        self.policy, self.value = nn.Linear(64, 4), nn.Linear(64, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.act(self.body(x))
        return self.policy(x), self.value(x)


def rollout(model: ActorCritic, state: Tensor, length: int = 10) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """States, actions and discounted returns of some moments of many agents, and where these are then."""
    states, actions, rewards, ends = [], [], [], []
    with torch.no_grad():
        for _ in range(length):
            action = torch.distributions.Categorical(logits=model(seen(state))[0]).sample()
            after, reward, done = move(state, action)
            states.append(state)
            actions.append(action)
            rewards.append(reward)
            ends.append(done.float())
            state = torch.where(done, torch.randint(0, 24, (len(state),)), after)
        total, returns = model(seen(state))[1][:, 0], []
        for reward, end in zip(reversed(rewards), reversed(ends), strict=True):
            total = reward + 0.9 * total * (1 - end)
            returns.insert(0, total)
    return torch.cat(states), torch.cat(actions), torch.cat(returns), state


def actor_critic(path: Path, seed: int, scale: float, *, shaped: Callable[[Tensor], Tensor] = lambda value: value[:, 0]) -> None:
    """Advantage actor-critic on many grids at once, with a bonus for entropy; `shaped` makes the critic's output fit the returns."""
    torch.manual_seed(seed)
    model = ActorCritic()
    optimizer = Adam(model.parameters(), lr=5e-3 * scale)
    state = torch.randint(0, 24, (24,))
    with Recorder(path, model, optimizer, loss="mse_loss", task="regression", config={"algorithm": "a2c", "gamma": 0.9}) as rec:
        for step in range(250):
            states, actions, returns, state = rollout(model, state)
            logits, value = model(seen(states))
            choice = torch.distributions.Categorical(logits=logits)
            value = shaped(value)
            errors = (value - returns) ** 2
            advantage = returns - value.detach()
            policy_loss = -(choice.log_prob(actions) * advantage).mean()
            optimizer.zero_grad()
            (policy_loss + errors.mean() - 0.01 * choice.entropy().mean()).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            rec.log(loss=errors.detach().mean(), policy_loss=policy_loss.detach(), entropy=choice.entropy().detach().mean())
            rec.samples([f"{step}:{row}" for row in range(len(states))], prediction=value.detach(), target=returns)
            if step % 25 == 24:
                with rec.split("valid"), torch.no_grad():
                    states, _, returns, _ = rollout(model, torch.randint(0, 24, (100,)))
                    error = ((model(seen(states))[1][:, 0] - returns) ** 2).mean()
                    rec.log(arrived=arrived(lambda x: model(x)[0]), value_r2=1 - error / returns.var())


@functools.cache
def graph(count: int = 320) -> tuple[Tensor, Tensor, Tensor]:
    """A graph of four communities: noisy features of each node, the adjacency (with itself, scaled by degree), and the community."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 4, (count,), generator=generator)
    chance = torch.where(labels[:, None] == labels, 0.06, 0.006)
    edges = (torch.rand(count, count, generator=generator) < chance).float().triu(1)
    edges = edges + edges.T + torch.eye(count)
    degree = edges.sum(1).rsqrt()
    features = torch.randn(4, 12, generator=generator)[labels] + 1.5 * torch.randn(count, 12, generator=generator)
    return features, degree[:, None] * edges * degree, labels


class Gcn(nn.Module):
    """Two graph convolutions."""

    def __init__(self, edges: Tensor) -> None:
        super().__init__()
        self.edges: Tensor
        self.register_buffer("edges", edges, persistent=False)
        self.fc1, self.act1, self.drop, self.fc2 = nn.Linear(12, 24), nn.ReLU(), nn.Dropout(0.3), nn.Linear(24, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.edges @ self.fc2(self.drop(self.act1(self.edges @ self.fc1(x))))


def communities(path: Path, seed: int, scale: float, *, order: Callable[[Tensor], Tensor] = lambda labels: labels) -> None:
    """Which community a node belongs to, by a graph convolution over the whole graph in every step; a third of the nodes are labelled."""
    torch.manual_seed(seed)
    features, edges, labels = graph()
    labels = order(labels)
    model = Gcn(edges)
    optimizer = Adam(model.parameters(), lr=1e-2 * scale, weight_decay=5e-4)
    known, asked = torch.arange(110), torch.arange(110, 320)
    with Recorder(path, model, optimizer, loss="cross_entropy", task="classification", config={"model": "gcn"}) as rec:
        for rec.epoch in range(150):
            model.train()
            logits = model(features)[known]
            losses = F.cross_entropy(logits, labels[known], reduction="none")
            optimizer.zero_grad()
            losses.mean().backward()
            optimizer.step()
            rec.log(loss=losses.detach().mean())
            rec.samples(known, loss=losses.detach(), prediction=logits.detach(), target=labels[known], inputs=features[known])
            if rec.epoch % 5 == 4:
                model.eval()
                with rec.split("valid"), torch.no_grad():
                    logits = model(features)[asked]
                    losses = F.cross_entropy(logits, labels[asked], reduction="none")
                    rec.log(loss=losses.mean(), accuracy=(logits.argmax(1) == labels[asked]).float().mean())
                    rec.samples(asked, loss=losses, prediction=logits, target=labels[asked], inputs=features[asked])


class Taste(nn.Module):
    """How much a user likes an item: factors of both, and the item's fame."""

    def __init__(self, users: int = 120, items: int = 150, rank: int = 8) -> None:
        super().__init__()
        self.user, self.item, self.fame = nn.Embedding(users, rank), nn.Embedding(items, rank), nn.Embedding(items, 1)
        for table in (self.user, self.item, self.fame):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, user: Tensor, item: Tensor) -> Tensor:
        return (self.user(user) * self.item(item)).sum(1) + self.fame(item)[:, 0]


@functools.cache
def clicks() -> tuple[Tensor, Tensor]:
    """6000 pairs of a user and an item that this user clicked, in random order; and all such pairs as a table."""
    generator = torch.Generator().manual_seed(0)
    user, item = torch.randn(120, 3, generator=generator), torch.randn(150, 3, generator=generator)
    liked = user @ item.T + 0.5 * torch.randn(120, 150, generator=generator) > 0.7
    pairs = liked.nonzero()
    return pairs[torch.randperm(len(pairs), generator=generator)][:6000], liked


def ranking(path: Path, seed: int, scale: float, *, decay: float = 1e-4) -> None:
    """A clicked item against one drawn at random (Bayesian personalized ranking); judged by held-out clicks against items never clicked."""
    torch.manual_seed(seed)
    pairs, liked = clicks()
    cut = len(pairs) * 4 // 5
    train = batches(pairs, pairs, range(cut), seed, batch_size=128, shuffle=True)
    model = Taste()
    optimizer = Adam(model.parameters(), lr=1e-2 * scale, weight_decay=decay)
    held = pairs[cut:]
    other = torch.multinomial((~liked[held[:, 0]]).float(), 1, generator=torch.Generator().manual_seed(1))[:, 0]
    with Recorder(path, model, optimizer, config={"loss": "bpr", "weight_decay": decay}) as rec:
        for rec.epoch in range(12):
            for ids, pair, _ in train:
                user, item = pair.unbind(1)
                losses = -F.logsigmoid(model(user, item) - model(user, torch.randint(0, 150, (len(pair),))))
                optimizer.zero_grad()
                losses.mean().backward()
                optimizer.step()
                rec.log(loss=losses.detach().mean())
                rec.samples(ids, loss=losses.detach(), inputs=pair)
            with rec.split("valid"), torch.no_grad():
                margin = model(*held.unbind(1)) - model(held[:, 0], other)
                rec.log(loss=-F.logsigmoid(margin).mean(), auc=(margin > 0).float().mean())


def learn(rec: Recorder, model: nn.Module, optimizer: Optimizer, ids: list[str], x: Tensor, y: Tensor) -> None:
    """One step of a classifier, with its rows."""
    prediction = model(x)
    losses = F.cross_entropy(prediction, y, reduction="none")
    optimizer.zero_grad()
    losses.mean().backward()
    optimizer.step()
    rec.log(loss=losses.detach().mean())
    rec.samples(ids, loss=losses.detach(), prediction=prediction.detach(), target=y)


def self_training(path: Path, seed: int, scale: float, *, stored: Callable[[Tensor], Tensor] = lambda rows: rows, start: int = 20) -> None:
    """A hundred labelled digits; from epoch `start` on also those others of which the model is sure, with the label it gives them."""
    torch.manual_seed(seed)
    images, labels = digits()
    model = Cnn(dropout=0.2)
    optimizer = Adam(model.parameters(), lr=4e-3 * scale)
    targets, rows = labels.clone(), list(range(100))
    with Recorder(path, model, optimizer, loss="cross_entropy", task="classification", config={"method": "pseudo labels", "labelled": 100}) as rec:
        for rec.epoch in range(start + 10):
            model.train()
            for ids, x, y in batches(images, targets, rows, seed + rec.epoch, batch_size=25, shuffle=True):
                learn(rec, model, optimizer, ids, x, y)
            model.eval()
            with rec.split("valid"), torch.no_grad():
                prediction = model(images[1300:1700])
                losses = F.cross_entropy(prediction, labels[1300:1700], reduction="none")
                rec.log(loss=losses.mean(), accuracy=(prediction.argmax(1) == labels[1300:1700]).float().mean())
                rec.samples(range(1300, 1700), loss=losses, prediction=prediction, target=labels[1300:1700])
            if rec.epoch + 1 == start:
                with torch.no_grad():
                    sure, guess = model(images[100:700]).softmax(1).max(1)
                chosen = (sure > 0.8).nonzero()[:, 0]
                targets[100 + chosen] = guess[stored(chosen)]
                rows = [*range(100), *(100 + chosen).tolist()]


def active_learning(path: Path, seed: int, scale: float, *, offset: int = 0) -> int | None:
    """Sixty digits to begin with; after every third epoch the eighty of the pool are added of which the model is least sure.

    The pool starts after the first 400 images, which are for validation; `offset` is added to the place in the pool. Returns the step of the first addition.
    """
    torch.manual_seed(seed)
    images, labels = digits()
    model = Cnn()
    optimizer = SGD(model.parameters(), lr=0.05 * scale, momentum=0.9, nesterov=True)
    chosen, step, first = set(range(400, 460)), 0, None
    with Recorder(path, model, optimizer, loss=nn.CrossEntropyLoss(), config={"query": 80}) as rec:
        for rec.epoch in range(24):
            for ids, x, y in batches(images, labels, sorted(chosen), seed + rec.epoch, batch_size=20, shuffle=True):
                learn(rec, model, optimizer, ids, x, y)
                step += 1
            with torch.no_grad():
                with rec.split("valid"):
                    prediction = model(images[:400])
                    losses = F.cross_entropy(prediction, labels[:400], reduction="none")
                    rec.log(loss=losses.mean(), accuracy=(prediction.argmax(1) == labels[:400]).float().mean())
                    rec.samples([str(row) for row in range(400)], loss=losses, prediction=prediction, target=labels[:400], inputs=images[:400])
                if rec.epoch % 3 == 2:
                    first = step if first is None else first
                    places = model(images[400:1200]).softmax(1).max(1).values.argsort()[:80]
                    chosen |= {place + 400 - offset for place in places.tolist()}
    return first
