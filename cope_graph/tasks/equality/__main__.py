"""The worker by hand: `python -m cope_graph.tasks.equality`, then requests as in `server`."""

from cope_graph.tasks.equality.limits import CPU_SECONDS
from cope_graph.tasks.equality.server import serve

if __name__ == "__main__":
    serve(CPU_SECONDS)
