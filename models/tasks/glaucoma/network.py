"""The network of glaucoma: one layer over frozen features of three views, with dropout."""

from collections import OrderedDict

from torch import nn

from models.backbone import FEATURES
from models.fundus import VIEWS


def make() -> nn.Module:
    """Return a fresh layer: (n, VIEWS · FEATURES) standardised features in, (n, 1) logit out."""
    # names of layers are part of the weights: those of versions that saw the views otherwise do not fit
    return nn.Sequential(OrderedDict(dropout=nn.Dropout(0.5), of_views=nn.Linear(VIEWS * FEATURES, 1)))
