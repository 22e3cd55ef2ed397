"""Task families: what is asked, how an answer is read, how answers are compared."""

from cope_graph.tasks.mathematics import PROMPTS as MATH_PROMPTS
from cope_graph.tasks.mathematics import math
from cope_graph.tasks.task import Plan, Prompts, Task

__all__ = ["MATH_PROMPTS", "Plan", "Prompts", "Task", "math"]
