"""Numbers predicted: any shape [N, ...], equal in prediction and target."""

from __future__ import annotations

import torch
from torch import Tensor

from ..criterion import Criterion, value_losses
from ..format import REGRESSION_OUTPUTS_KEPT
from .losses import Elements, Summary, combine, loss_columns, mask_elements, pack


def summarize(
    *, loss: Tensor | None, prediction: Tensor, target: Tensor | None, mask: Tensor | None, ignore_index: int | None, criterion: Criterion | None
) -> Summary:
    n = prediction.shape[0]
    predicted = prediction.detach().reshape(n, -1)
    wanted = None if target is None or target.shape[:1] != prediction.shape[:1] else target.detach().reshape(n, -1)
    valid = mask_elements(mask, n, predicted.shape[1])
    fits = wanted is not None and wanted.shape == predicted.shape
    if wanted is not None and fits and ignore_index is not None:
        valid = combine(valid, wanted != ignore_index)
    elements = Elements(predicted.shape[1], valid)
    count = elements.count(predicted)
    if loss is None and criterion is not None and wanted is not None and fits:
        loss = value_losses(criterion, predicted.float(), wanted.float())
    first = predicted[:, 0].double()
    floats = {**loss_columns(loss, elements, count), "predicted_value": first}
    if wanted is not None:
        floats |= {"target_value": wanted[:, 0].double(), "error": first - wanted[:, 0]}
    summary = pack(floats, {"elements": count, "elements_total": torch.full_like(count, predicted.shape[1])})
    if predicted.shape[1] > 1:
        summary["predicted_values"] = predicted[:, :REGRESSION_OUTPUTS_KEPT].float()
    if wanted is not None and max(predicted.shape[1], wanted.shape[1]) > 1:
        summary["target_values"] = wanted[:, :REGRESSION_OUTPUTS_KEPT].float()
    return summary
