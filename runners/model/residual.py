"""Owns the blocks that `resnet` is built of; imported only where modules are built."""

import torch
from torch import nn


def norm(channels: int, groups: int | None) -> nn.Module:
    """Return batch norm, or group norm where there are groups (Wu & He 2018)."""
    return nn.BatchNorm2d(channels) if groups is None else nn.GroupNorm(groups, channels)


class ResidualBlock(nn.Module):
    """Add to its input what two 3x3 convolutions make of it (He et al. 2016, figure 2), shape
    (batch, channels, height, width).

    Where the stride is 2 or the number of channels changes, the input passes a 1x1 convolution with
    a norm (option B of the paper's section 4.1).
    """

    def __init__(self, fan_in: int, fan_out: int, stride: int, groups: int | None) -> None:
        super().__init__()
        self.first = nn.Conv2d(fan_in, fan_out, 3, stride=stride, padding=1, bias=False)
        self.first_norm = norm(fan_out, groups)
        self.second = nn.Conv2d(fan_out, fan_out, 3, padding=1, bias=False)
        self.second_norm = norm(fan_out, groups)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or fan_in != fan_out:
            projection = nn.Conv2d(fan_in, fan_out, 1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(projection, norm(fan_out, groups))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the sum, after a ReLU."""
        inner = self.first_norm(self.first(images)).relu()
        return (self.second_norm(self.second(inner)) + self.shortcut(images)).relu()
