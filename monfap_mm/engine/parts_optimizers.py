"""Several optimizers for the parts of one model."""

from mmengine.optim import OptimWrapperDict
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS
from torch import nn


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class PartsOptimWrapperConstructor:
    """Builds an ``OptimWrapperDict``, as an adversarial model needs.

    ``optim_wrapper=dict(constructor='PartsOptimWrapperConstructor', generator=dict(type='OptimWrapper',
    optimizer=...), discriminator=dict(...))``: an entry with the name of a submodule gets its parameters, the single
    other entry gets all the rest.

    Args:
        optim_wrapper_cfg: The entries.
        paramwise_cfg: Not supported.

    Raises:
        ValueError: If there is a ``paramwise_cfg``, or not exactly one entry for the rest.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        if paramwise_cfg:
            raise ValueError('PartsOptimWrapperConstructor knows no paramwise_cfg.')
        self.parts = optim_wrapper_cfg

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        """Build the optimizers of a model, which may be wrapped for several processes."""
        model = getattr(model, 'module', model)
        own = {name: list(getattr(model, name).parameters()) for name in self.parts if hasattr(model, name)}
        rest = [name for name in self.parts if name not in own]
        if len(rest) != 1:
            raise ValueError(
                f'optim_wrapper must have one entry that is no submodule of {type(model).__name__} and gets the other '
                f'parameters, but of {", ".join(self.parts)} these are none: {", ".join(rest) or "nothing"}.'
            )
        claimed = {id(parameter) for parameters in own.values() for parameter in parameters}
        own[rest[0]] = [parameter for parameter in model.parameters() if id(parameter) not in claimed]
        return OptimWrapperDict(**{name: _build(self.parts[name], own[name]) for name in self.parts})


def _build(cfg: dict, parameters: list[nn.Parameter]):
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    optimizer = OPTIMIZERS.build(dict(cfg['optimizer'], params=trained))
    return OPTIM_WRAPPERS.build(dict(cfg, type=cfg.get('type', 'OptimWrapper'), optimizer=optimizer))
