# Test on the perturbed test set of OFV2 (Table IV) of a checkpoint that was trained on the clean one.
_base_ = [
    '../monfap/monfap-r-slim_8xb32-40e_ofv2-512x512.py',
    '../_base_/datasets/perturbed_pipelines_512x512.py',
]
test_dataloader = dict(dataset=dict(pipeline=_base_.perturbed_test_pipeline))
tta_pipeline = _base_.perturbed_tta_pipeline
