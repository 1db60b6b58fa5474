"""What was imported lasts to the end, so the collector passes it by: a full collection visits all of it, for 0.3 s.

mmengine collects whenever it builds a dataset. The fork server of ``tests.scripts`` imports this module last: its
children would copy each page of what they visit.
"""

import gc


def pass_by_what_lasts() -> None:
    """To be done again after a pool of ``monfap_mm.jobs.workers``, which makes the collector forget it."""
    gc.collect()
    gc.freeze()


pass_by_what_lasts()
