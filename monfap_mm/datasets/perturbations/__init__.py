"""Perturbations of test images in five families, drawn by image identity (Sec. IV-C c of the paper)."""

from .families import PERTURBATIONS
from .perturber import Perturber
from .pipeline import perturb_pipeline
from .table import Perturbation, load_table

__all__ = ['PERTURBATIONS', 'Perturbation', 'Perturber', 'load_table', 'perturb_pipeline']
