"""Task families: what is asked, how an answer is read, how answers are compared."""

from cope_graph.tasks.code import PROMPTS as CODE_PROMPTS
from cope_graph.tasks.code import code
from cope_graph.tasks.mathematics import PROMPTS as MATH_PROMPTS
from cope_graph.tasks.mathematics import math
from cope_graph.tasks.task import Plan, Prompts, Task

__all__ = ["CODE_PROMPTS", "MATH_PROMPTS", "Plan", "Prompts", "Task", "code", "math"]
