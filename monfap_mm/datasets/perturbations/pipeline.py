"""A test pipeline with perturbations."""

from collections.abc import Sequence


def perturb_pipeline(pipeline: Sequence[dict], **perturb) -> list[dict]:
    """Perturb the images of a test pipeline at their original size, before everything else that it does.

    The mask must be loaded before, to be moved along, and stays as it is from then on: ``LoadForgeryAnnotations`` is
    taken from where it is, and the result begins with ``LoadForgeryImage``, ``LoadForgeryAnnotations``, ``Perturb``,
    ``FreezeMask``.

    Args:
        pipeline: Configs of transforms, the first of which is ``LoadForgeryImage``.
        **perturb: Arguments of ``Perturb``.

    Raises:
        ValueError: If the pipeline does not start with ``LoadForgeryImage``, has no ``LoadForgeryAnnotations``, or
            perturbs already.
    """
    types = [step['type'] for step in pipeline]
    if types[:1] != ['LoadForgeryImage'] or types.count('LoadForgeryAnnotations') != 1 or 'Perturb' in types:
        raise ValueError(
            'Only a pipeline that starts with LoadForgeryImage, loads the mask once by LoadForgeryAnnotations, and '
            f'has no Perturb can be perturbed; this one has {", ".join(types)}'
        )
    load_mask = pipeline[types.index('LoadForgeryAnnotations')]
    rest = [step for step in pipeline[1:] if step is not load_mask]
    return [pipeline[0], load_mask, dict(type='Perturb', **perturb), dict(type='FreezeMask'), *rest]
