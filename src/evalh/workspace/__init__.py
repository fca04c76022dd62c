"""The folder a user works in: finds it, reads what is configured there, and says everything that is wrong with it."""

from evalh.workspace.base import LoadedConfig, Workspace
from evalh.workspace.evaluators import FoundEvaluator
from evalh.workspace.find import reference_root
from evalh.workspace.policies import in_force
from evalh.workspace.rubric import RubricEvaluator

__all__ = ["FoundEvaluator", "LoadedConfig", "RubricEvaluator", "Workspace", "in_force", "reference_root"]
