"""Healthy trainings with loops of their own: agents, graphs, rankings, few labels; written without sight of checks and thresholds."""

from __future__ import annotations

from pathlib import Path

from . import third_loops as loops
from .case import Case


def q_network_finds_the_corner(path: Path, seed: int, scale: float) -> None:
    """Deep Q-learning: the loss rises while values spread from the goal, and jumps whenever the target network follows."""
    loops.deep_q(path, seed, scale)


def actor_and_critic(path: Path, seed: int, scale: float) -> None:
    """The policy's loss hovers around zero and entropy falls, while the agents find the goal."""
    loops.actor_critic(path, seed, scale)


def communities_of_a_graph(path: Path, seed: int, scale: float) -> None:
    """A graph convolution: one batch is the whole graph, only a third of whose nodes are labelled."""
    loops.communities(path, seed, scale)


def clicked_against_drawn(path: Path, seed: int, scale: float) -> None:
    """A recommender that draws its negatives anew: a click may be drawn as one, so the loss cannot vanish."""
    loops.ranking(path, seed, scale)


def labels_by_the_model_itself(path: Path, seed: int, scale: float) -> None:
    """Self-training: the data set grows sixfold at once, and a few of the new labels are wrong."""
    loops.self_training(path, seed, scale)


def asks_for_the_hardest(path: Path, seed: int, scale: float) -> None:
    """Active learning: after each query the training loss jumps, since what is added is what the model does not know."""
    loops.active_learning(path, seed, scale)


THIRD_LOOPS = (
    Case(q_network_finds_the_corner, reaches=("arrived", 0.9)),
    Case(actor_and_critic, reaches=("arrived", 0.8)),
    Case(communities_of_a_graph, reaches=("accuracy", 0.8)),
    Case(clicked_against_drawn, reaches=("auc", 0.8)),
    Case(labels_by_the_model_itself, reaches=("accuracy", 0.75)),
    Case(asks_for_the_hardest, reaches=("accuracy", 0.85)),
)
