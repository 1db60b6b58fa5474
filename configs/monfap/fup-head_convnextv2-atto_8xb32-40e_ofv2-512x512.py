# The head alone, in a stock EncoderDecoder: its cues are then the features themselves.
_base_ = './monfap-c_8xb32-40e_ofv2-512x512.py'
model = dict(type='EncoderDecoder', neck=None)
