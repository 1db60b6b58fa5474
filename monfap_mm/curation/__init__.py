"""From raw downloads to training lists: what the tools in ``tools/dataset_converters`` do."""
