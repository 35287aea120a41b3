"""One module a system that is measured, each run as a process of its own: ``python -m benchmarks.systems.plain``.

A process learns from its environment what it is given (see ``given``) and what it is to give back (see ``events``).
"""
