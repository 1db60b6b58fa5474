"""The files of a model: config, checkpoint, ONNX; found, read and described."""
