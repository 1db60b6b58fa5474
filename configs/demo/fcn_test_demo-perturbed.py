# Test on the perturbed test set of the demo of a checkpoint that was trained on the clean one.
_base_ = ['./fcn_demo.py', '../_base_/datasets/perturbed_pipelines_own-size.py']
test_dataloader = dict(dataset=dict(pipeline=_base_.perturbed_test_pipeline))
tta_pipeline = _base_.perturbed_tta_pipeline
