# The same UPerHead without neck: what MoNFAP-C costs beside a stock segmentor on its backbone.
_base_ = './mnm_convnextv2-atto_upernet_8xb32-40e_ofv2-512x512.py'
model = dict(neck=None)
