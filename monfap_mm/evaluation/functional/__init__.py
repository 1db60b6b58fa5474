"""The arithmetic of the metrics, on arrays, as fractions of one; undefined values are NaN."""

from . import detection, faces, localization, pixel_ranking, pixel_scan, score_histogram

__all__ = ['detection', 'faces', 'localization', 'pixel_ranking', 'pixel_scan', 'score_histogram']
