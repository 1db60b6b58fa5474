"""The convolutional LSTM of ManTra-Net, as Keras defines it."""

import torch
from torch import Tensor, nn

State = tuple[Tensor, Tensor]


class ConvLSTMCell(nn.Module):
    """One step. Gates in the order input, forget, cell, output; zero padding; hard sigmoid ``clip(0.2 x + 0.5, 0, 1)``.

    Args:
        in_channels: Channels of the input.
        channels: Channels C of the state.
        kernel_size: Of both convolutions. Default: 7.
    """

    def __init__(self, in_channels: int, channels: int, kernel_size: int = 7) -> None:
        super().__init__()
        padding = kernel_size // 2
        self.input_conv = nn.Conv2d(in_channels, 4 * channels, kernel_size, padding=padding)
        self.hidden_conv = nn.Conv2d(channels, 4 * channels, kernel_size, padding=padding, bias=False)
        nn.init.xavier_uniform_(self.input_conv.weight)
        nn.init.orthogonal_(self.hidden_conv.weight)
        nn.init.zeros_(self.input_conv.bias)
        nn.init.ones_(self.input_conv.bias[channels : 2 * channels])  # forgets nothing at first

    def forward(self, x: Tensor, state: State | None = None) -> State:
        """Input ``(B, in_channels, H, W)`` and state to the next state: hidden and cell, ``(B, C, H, W)`` each."""
        gates = self.input_conv(x)
        if state is not None:
            gates = gates + self.hidden_conv(state[0])
        enter, forget, new, leave = gates.chunk(4, dim=1)
        cell = _hard_sigmoid(enter) * new.tanh()
        if state is not None:
            cell = cell + _hard_sigmoid(forget) * state[1]
        return _hard_sigmoid(leave) * torch.tanh(cell), cell


def _hard_sigmoid(x: Tensor) -> Tensor:
    """Keras's; PyTorch's has the slope 1/6."""
    return (0.2 * x + 0.5).clamp(0, 1)
