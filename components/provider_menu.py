"""Who words the answers: the choice of each person, and what an administrator chooses for everybody."""

import streamlit as st

from accounts import audit, opinions
from accounts.allowance import tokens_today
from accounts.people import UserView
from accounts.permissions import Action
from components.answer_card import as_written
from components.gate import may
from rag.llm.choice import Chosen, Option, chosen, groq_model, has_groq_key, keep, options
from rag.llm.provider import Failure
from settings import get_settings

_KEY = "companion_provider"


def provider_of_person() -> Option:
    """Return the provider that this person chose, else the first of the installation."""
    there = options()
    wanted = st.session_state.get(_KEY)
    return next((option for option in there if option.kind == wanted), there[0])


def provider_menu(person: UserView | None) -> None:
    """Draw the menu; nothing where there is nothing to choose."""
    there = {option.kind: option for option in options()}
    admin = person is not None and may(Action.SET_UP_COMPANION)
    if len(there) == 1 and not admin:
        return
    with st.popover("Answers by", icon=":material/neurology:", type="tertiary"):
        st.radio(
            "Who words the answers to your questions",
            list(there),
            index=list(there).index(provider_of_person().kind),
            format_func=lambda kind: as_written(there[kind].name),
            captions=[where_it_goes(option) for option in there.values()],
            key=_KEY,
        )
        if admin and st.toggle("Set up for everybody", key="companion_set_up"):
            _set_up(person.id if person else None)


def where_it_goes(option: Option) -> str:
    """Return in a sentence where a question goes."""
    if option.place:
        return f"Goes to {as_written(option.place)}, without names, numbers, addresses and dates."
    return "Stays on this machine."


def _set_up(by: int | None) -> None:
    now = chosen()
    names: dict[str, str] = {"": "As the settings say"}
    names.update((option.kind, option.name) for option in options())
    kind = st.selectbox(
        "Who answers when nobody chooses",
        list(names),
        index=list(names).index(now.kind) if now.kind in names else 0,
        format_func=lambda entry: names[entry],
    )
    model = now.groq_model
    if has_groq_key():
        model = _model(now)
        st.caption(f"{tokens_today():,} of {get_settings().tokens_a_day:,} tokens used today (UTC).")
    else:
        st.caption("There is no key for Groq: set MEDHIVE_GROQ_API_KEY to offer its models.")
    if st.button("Keep", type="primary", key="companion_keep"):
        keep(Chosen(kind, model))
        audit.record("set up the companion", "companion", by=by, detail={"provider": kind, "groq_model": model})
        st.toast("Kept for everybody.", icon=":material/check:")
    _opinions()


def _model(now: Chosen) -> str:
    from rag.llm import groq

    try:
        there = list(groq.models())
    except Failure as failure:
        st.warning(f"{as_written(str(failure))} The model stays as it is.", icon=":material/cloud_off:")
        return now.groq_model
    current = groq_model()
    if current not in there:
        st.warning(f"Groq has no model {as_written(current)}; choose another.", icon=":material/error:")
    return st.selectbox("Groq's model", there, index=there.index(current) if current in there else 0)


def _opinions() -> None:
    counts = opinions.counts()
    if not counts:
        return
    st.markdown("**What people think of the answers**")
    for provider, (up, down) in counts.items():
        st.caption(f"{as_written(provider)}: {up} up, {down} down")
    for view in opinions.latest(5):
        st.caption(
            f"{'Up' if view.helpful else 'Down'}, {as_written(view.topic or 'no topic')}: {as_written(view.comment)}"
        )
