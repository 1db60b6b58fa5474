"""DANet's head as MVSS-Net has it: mmseg's without its auxiliary outputs, in half precision too."""

import torch
import torch.nn.functional as F
from mmseg.models.decode_heads.da_head import CAM, PAM, DAHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn


class PositionAttention(PAM):
    """mmseg's ``PAM``: the same result, without a matrix of all pairs of pixels kept for the gradient where the device
    has a kernel for that.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Attend over the pixels of ``(B, C, H, W)``."""
        query, key, value = (
            project(x).flatten(2).transpose(1, 2)[:, None]
            for project in (self.query_project, self.key_project, self.value_project)
        )
        attended = F.scaled_dot_product_attention(query, key, value, scale=1.0)
        return self.gamma(attended[:, 0].transpose(1, 2).reshape(x.shape)) + x


class ChannelAttention(CAM):
    """mmseg's ``CAM``, in fp32 also under autocast: its energies are sums over all pixels, too large for fp16."""

    def forward(self, x: Tensor) -> Tensor:
        """Attend over the channels of ``(B, C, H, W)``."""
        with torch.autocast(x.device.type, enabled=False):
            pixels = x.to(self.gamma.scale.dtype).flatten(2)
            energy = pixels @ pixels.transpose(1, 2)
            attended = (-energy).softmax(dim=-1) @ pixels  # mmseg's maximum - energy has the same softmax
            return (self.gamma(attended) + pixels).reshape(x.shape).to(x.dtype)


@MODELS.register_module()
class DualAttentionHead(DAHead):
    """mmseg's ``DAHead`` with the sum of both branches as its only output.

    What ``DAHead`` has for its auxiliary losses does not exist, so that DDP waits for nothing. The dropout is by
    element, not by channel.

    Args:
        **kwargs: Arguments of mmseg's ``DAHead``.
    """

    # DAHead's own expect three outputs.
    predict = BaseDecodeHead.predict
    loss_by_feat = BaseDecodeHead.loss_by_feat

    def __init__(self, **kwargs) -> None:
        # Losses are the segmentor's; mmseg's default would warn.
        super().__init__(**(dict(loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)) | kwargs))
        del self.pam_conv_seg, self.cam_conv_seg
        self.pam = PositionAttention(self.channels, self.pam_channels)
        self.cam = ChannelAttention()
        self.dropout = nn.Dropout(self.dropout_ratio)

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Logits ``(B, out_channels, H, W)`` from features ``(B, C, H, W)``."""
        x = self._transform_inputs(inputs)
        by_position = self.pam_out_conv(self.pam(self.pam_in_conv(x)))
        by_channel = self.cam_out_conv(self.cam(self.cam_in_conv(x)))
        return self.cls_seg(by_position + by_channel)
