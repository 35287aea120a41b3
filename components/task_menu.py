"""Choosing a task in a form."""

import streamlit as st

from models.registry import first_task, tasks
from models.task import Task


def task_menu(key: str) -> Task:
    """Draw the menu of all tasks and return the chosen one; it keeps its choice while the page stays open."""
    known = tasks()
    name = st.selectbox(
        "Task",
        list(known),
        list(known).index(first_task()),
        format_func=lambda name: known[name].title,
        key=key,
        persist_state="page",
    )
    return known[name]
