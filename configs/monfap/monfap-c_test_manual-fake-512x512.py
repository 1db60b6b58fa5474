# Cross-dataset test (Table III) of a checkpoint that was trained on OFV2 or FFIW.
_base_ = [
    '../_base_/models/monfap_convnextv2-atto.py',
    '../_base_/datasets/manual_fake_512x512.py',
    '../_base_/schedules/test_only.py',
    '../_base_/default_runtime.py',
]
