import pytest

from monfap_mm.datasets.perturbations import perturb_pipeline

LOAD, MASK, PACK = (dict(type=name) for name in ('LoadForgeryImage', 'LoadForgeryAnnotations', 'PackForgeryInputs'))
RESIZE = dict(type='Resize', scale=(32, 32))
PERTURB = [dict(type='Perturb', seed=3), dict(type='FreezeMask')]


@pytest.mark.parametrize('pipeline', [[LOAD, RESIZE, MASK, PACK], [LOAD, MASK, RESIZE, PACK]])
def test_perturbs_at_the_original_size(pipeline):
    kept = list(pipeline)
    assert perturb_pipeline(pipeline, seed=3) == [LOAD, MASK, *PERTURB, RESIZE, PACK]
    assert pipeline == kept


@pytest.mark.parametrize(
    'pipeline',
    [[], [LOAD, PACK], [LOAD, dict(type='TestTimeAug', transforms=[[MASK]])], [RESIZE, MASK], [LOAD, MASK, *PERTURB]],
)
def test_pipelines_that_cannot_be_perturbed(pipeline):
    with pytest.raises(ValueError, match='Only a pipeline that starts with LoadForgeryImage'):
        perturb_pipeline(pipeline)
