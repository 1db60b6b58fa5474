# Test the starter model on perturbed photographs.
_base_ = [
    './monfap_tf-efficientnet-lite0-slim_photos-256x256.py',
    '../_base_/datasets/perturbed_pipelines_own-size.py',
]
test_dataloader = dict(dataset=dict(pipeline=_base_.perturbed_test_pipeline))
tta_pipeline = _base_.perturbed_tta_pipeline
