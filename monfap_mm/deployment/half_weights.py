"""Files of half the size: weights stored in 16 bits, calculations as before."""

import numpy as np

from ..model_files.onnx_seal import KEY, seal

# Biases are few, and it is them that a sum feels.
LEAST_NUMBERS = 1024
# What an answer may then differ by from the model's, as a share of its largest absolute value. A rounded weight is off
# by up to 1/2048.
TOLERANCE = 1e-2


def halve_weights(content: bytes) -> bytes:
    """Round each large constant of an ONNX file to float16; the graph casts it back.

    A runtime does so once, when it opens the file, so the answers take as long as before.

    Args:
        content: A sealed file, as :func:`to_onnx` makes it.

    Returns:
        Another one, sealed.

    Raises:
        ValueError: If a number is beyond 65,504, the largest of float16.
    """
    import onnx

    model = onnx.load_from_string(content)
    casts = []
    for constant in model.graph.initializer:
        if constant.data_type != onnx.TensorProto.FLOAT or np.prod(constant.dims) < LEAST_NUMBERS:
            continue
        name, values = constant.name, onnx.numpy_helper.to_array(constant)
        if np.abs(values).max() > np.finfo(np.float16).max:
            raise ValueError(f'{name} does not fit into 16 bits: its largest number is {np.abs(values).max():.3g}')
        constant.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f'{name}_half'))
        casts.append(onnx.helper.make_node('Cast', [f'{name}_half'], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]  # in the order of calculation, as the format asks
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    entries = {entry.key: entry.value for entry in model.metadata_props}
    onnx.helper.set_model_props(model, {key: value for key, value in entries.items() if key != KEY.decode()})
    return seal(model.SerializeToString())
