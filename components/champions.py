"""The champions as cards: what they answer, how well with which interval, and from how many sites and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.theme import amount, figure, interval, number
from models.headline import headline

if TYPE_CHECKING:
    from models.task import Task
    from models.versions import VersionView


def champions() -> list[tuple[Task, VersionView]]:
    """Return (task, champion) of every task that has one."""
    from models.registry import tasks
    from models.versions import champion

    found = [(task, champion(name)) for name, task in tasks().items()]
    return [(task, version) for task, version in found if version is not None]


def champion_card(task: Task, version: VersionView) -> None:
    """Draw one champion."""
    manifest = version.manifest
    stands = headline(manifest.get("scores", {}))
    score = manifest.get("scores", {}).get(stands.metric)
    with st.container(border=True, key=f"champion_{task.name}"):
        words, number_ = st.columns([3, 2], vertical_alignment="center", gap="small")
        with words:
            st.markdown(f"**{task.title}**")
            st.caption(f"{task.question}  \n{_origin(version)}")
            if task.synthetic_only or manifest.get("data", {}).get("synthetic"):
                st.badge("synthetic data", icon=":material/science:", color="orange")
        with number_:
            note = f"{interval(score)} (95 %)" if score else "no figure in its manifest"
            figure(f"{stands.title}, held-out", number(score["value"] if score else None), note)


def _origin(version: VersionView) -> str:
    sites = len(version.manifest.get("data", {}).get("sites", []))
    parts = [version.label.capitalize()]
    if sites:
        parts.append(amount(sites, "site"))
    parts.append("shipped" if version.shipped else f"{version.created_at:%d %b %Y}")
    return " · ".join(parts)
