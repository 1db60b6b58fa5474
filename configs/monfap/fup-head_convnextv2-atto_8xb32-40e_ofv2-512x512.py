# The head alone, in a stock EncoderDecoder: its cues are then the features themselves.
_base_ = './monfap-c_8xb32-40e_ofv2-512x512.py'
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(test_cfg=dict(size=(32, 32))),  # pads what is smaller than the stride, in testing
    neck=None,
)
