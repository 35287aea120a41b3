"""A language model may word what the agent says; it learns no site's name, and changes no figure."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest

from accounts.allowance import Allowance
from fl import runs
from fl.engine import Engine
from fl.execute import execute
from fl.privacy.panel import seen
from fl.request import RunRequest
from fl.strategies.agentic import sentence
from fl.watcher import SiteInfo
from fl.wording import MOST_FAILURES, Worded, check, without_names, worded
from rag.llm.provider import Failure
from settings import get_settings
from tests.fl.queue import held
from tests.fl.test_agentic import HONEST, round_of
from tests.fl.told import Told
from tests.rag.groq_stub import USAGE, Behaviour, Handler, Stub, groq_stub, hangs, refuses, says

NAMES = ("St Mary", "St Mary North", "Site A")
SITES = [SiteInfo(position, name) for position, name in enumerate(NAMES)]
AGENT = replace(round_of(HONEST[:3]), names=list(NAMES))
LEFT_OUT = sentence(AGENT, np.array([0.5, 0.0, 0.5]), [0], (0.7, 0.512), "")
KEPT = sentence(AGENT, AGENT.shares, [], (0.5, 0.5), "")
GOOD = (
    "The agent left out [site 1], since loss is 0.512 without it and 0.700 with it, and shortened what [site 2] sent."
)


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, *behaviours: Behaviour, patience: float = 20.0) -> Iterator[Stub]:
    with groq_stub(*behaviours) as stub:
        monkeypatch.setenv("MEDHIVE_AGENT_WORDING", "1")
        monkeypatch.setenv("MEDHIVE_GROQ_API_KEY", "gsk_secret")
        monkeypatch.setenv("MEDHIVE_GROQ_ADDRESS", stub.address)
        monkeypatch.setenv("MEDHIVE_ANSWER_PATIENCE", str(patience))
        get_settings.cache_clear()
        yield stub


def events_of(*said: str, at_once: bool = False) -> list[str]:
    told = Told()
    watcher = worded(told)
    watcher.sites(SITES)
    for text in said:
        watcher.event(text)
    with patch("fl.wording.END_SECONDS", 60.0):  # however busy the machine is
        watcher.finish(at_once=at_once)
    return told.events


def test_the_agents_sentence_is_worded_and_no_name_of_a_site_leaves_this_machine(
    home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(monkeypatch, says(GOOD)) as stub:
        [said] = events_of(LEFT_OUT)
    assert said == (
        "Round 1: The agent left out St Mary North, since loss is 0.512 without it and 0.700 with it, and shortened "
        "what St Mary sent. (Worded by Groq, openai/gpt-oss-120b.)"
    )
    [asked] = stub.asked
    assert not any(name in json.dumps(asked) for name in NAMES)
    assert (
        "sets aside [site 1]: loss 0.512 on the server's rows, 0.700 with them; shortens the update of [site 2]"
        in (asked["messages"][-1]["content"])
    )
    assert Allowance("anybody").tokens_left() == get_settings().tokens_a_day - USAGE["total_tokens"]


def test_the_same_sentence_of_another_round_is_asked_for_once(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    good = "the agent counts all 3 sites by their records, as no other way is clearly better."
    with serving(monkeypatch, says(good)) as stub:
        other, first, second = sorted(events_of(KEPT, KEPT.replace("Round 1", "Round 2"), "A site left out 2 rows."))
    assert len(stub.asked) == 1
    assert (first[:24], second[:24]) == ("Round 1: The agent count", "Round 2: The agent count")
    assert other == "A site left out 2 rows."  # not of the agent: passed on at once, as it is


@pytest.mark.parametrize(
    ("behaviour", "patience", "because"),
    [
        (refuses(401), 20.0, "Groq refused the key"),
        (says(GOOD.replace("0.512", "0.2")), 20.0, "did not word it faithfully"),
        (says(GOOD.replace("[site 2]", "[site 1]")), 20.0, "did not word it faithfully"),
        (says(GOOD.replace("left out", "praises")), 20.0, "did not say what the agent did"),
        (says("See http://example.org/0.512/0.700 for [site 1] and [site 2]."), 20.0, "did not word it faithfully"),
        (hangs(3), 0.3, "Groq did not answer in time"),
    ],
)
def test_without_a_good_wording_the_agents_own_sentence_stands_and_says_so(
    home: object, monkeypatch: pytest.MonkeyPatch, behaviour: Behaviour, patience: float, because: str
) -> None:
    with serving(monkeypatch, behaviour, patience=patience):
        [said] = events_of(LEFT_OUT)
    assert said.startswith(f"{LEFT_OUT} (In the agent's own words: ") and because in said


def test_a_model_that_keeps_failing_is_not_asked_any_more(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = [LEFT_OUT.replace("0.512", f"0.{number}") for number in range(501, 506)]
    with serving(monkeypatch, refuses(401)) as stub:
        said = events_of(*sentences)
    assert len(stub.asked) == MOST_FAILURES
    assert [text[: len(LEFT_OUT)] for text in said] == sentences
    assert all("no language model was asked any more after 3 failures" in text for text in said[MOST_FAILURES:])


def test_a_run_that_ends_waits_for_no_wording_and_loses_no_sentence(
    home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(monkeypatch, hangs(2)):
        said = events_of(LEFT_OUT, KEPT, at_once=True)
    assert [text.partition(" (In the agent's own words: ")[0] for text in said] == [LEFT_OUT, KEPT]


def test_without_a_key_a_word_says_so(home: object) -> None:
    assert events_of(KEPT) == [f"{KEPT} (In the agent's own words: there is no key for Groq.)"]


def test_names_within_names_are_told_apart() -> None:
    marked, names = without_names("St Mary North and St Mary, not St Maryland; St Mary again", NAMES[1::-1])
    assert marked == "[site 1] and [site 2], not St Maryland; [site 2] again"
    assert names == {"[site 1]": "St Mary North", "[site 2]": "St Mary"}


@pytest.mark.parametrize("wrong", ["the agent keeps all 3 sites but excluded one.", "the agent keeps [site 1]."])
def test_a_wording_of_another_act_or_of_other_sites_is_refused(wrong: str) -> None:
    check("the agent keeps all 3 sites by their rows.", "the agent counts all 3 sites alike.")
    with pytest.raises(Failure):
        check("the agent keeps all 3 sites by their rows.", wrong)


def test_a_run_with_the_setting_keeps_the_wordings_and_the_same_model(
    home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def behave(handler: Handler) -> None:
        entry = handler.server.asked[-1]["messages"][-1]["content"]
        says(entry.replace("keeps", "takes in"))(handler)

    request = RunRequest("breast_cancer", sites=3, rounds=2, benefit=False, strategy="agentic", executor="in-process")
    plain, computing = held(request), Engine()
    with plain:
        execute(plain, computing)
    monkeypatch.setattr("fl.wording.END_SECONDS", 60.0)  # however busy the machine is
    with serving(monkeypatch, behave):
        lease = held(request)
        with lease:
            execute(lease, computing)
    one, other = (runs.get_run(each.run_id) for each in (plain, lease))
    told = [event.text for event in other.events if event.text.startswith("Round ")]
    assert len(told) == 2 and all(text.endswith("(Worded by Groq, openai/gpt-oss-120b.)") for text in told)
    assert not any("(Worded" in event.text or "own words" in event.text for event in one.events)  # nobody was asked
    others = [line["Who"] for line in seen(other) if line not in seen(one)]
    assert others == ["Groq, openai/gpt-oss-120b"]  # the panel says who else got to know something
    assert one.final == other.final


def test_a_watcher_that_words_is_a_watcher(home: object) -> None:
    told = Told()
    watcher = Worded(told, lambda text: (text, "nobody"))
    watcher.phase("training")
    watcher.site_state(0, 1, "answered")
    watcher.site_update(0, 1, 0.5, {}, 0.1, 3)
    watcher.finish()
    assert (told.phases, told.states, len(told.updates)) == (["training"], [(0, 1, "answered")], 1)
