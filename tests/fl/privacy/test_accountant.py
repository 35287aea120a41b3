"""The account of privacy agrees with what others have published."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fl.privacy import accountant
from fl.privacy.accountant import NoNoiseIsEnough, epsilon, noise_for


def test_a_step_costs_what_the_tests_of_tensorflow_privacy_publish() -> None:
    analysis = accountant._analysis()
    assert analysis.compute_rdp(q=0.1, noise_multiplier=2, steps=10, orders=[5.0])[0] == pytest.approx(
        0.07737, abs=1e-5
    )
    found = analysis.compute_rdp(q=0.01, noise_multiplier=2.5, steps=50, orders=[1.5, 2.5, 5.0, 50.0, 100.0])
    np.testing.assert_allclose(found, [6.5007e-04, 1.0854e-03, 2.1808e-03, 2.3846e-02, 1.6742e02], rtol=1e-3)


def test_ten_thousand_steps_cost_what_the_paper_on_deep_learning_with_privacy_says() -> None:
    """Abadi et al. 2016, section 5: q = .01, σ = 4, 10,000 steps, δ = 1e-5 give ε = 1.26 by the conversion of then."""
    costs = accountant._costs(4.0, 0.01)
    then = min(
        10_000 * cost + math.log(1e5) / (order - 1) for cost, order in zip(costs, accountant.ORDERS, strict=True)
    )
    assert then == pytest.approx(1.26, abs=0.01)
    assert 0.9 < epsilon(4.0, 0.01, 10_000, 1e-5) < then  # the conversion of today is tighter


@pytest.mark.parametrize(("noise", "steps"), [(2.85, 20), (10.0, 20), (1.0, 1), (5.0, 100)])
def test_without_sampling_epsilon_is_an_upper_bound_close_to_the_exact_value(noise: float, steps: int) -> None:
    """Balle & Wang 2018 give δ of the Gaussian mechanism exactly; steps compose to one of noise / √steps."""
    told, sigma = epsilon(noise, 1.0, steps, 1e-5), noise / math.sqrt(steps)

    def delta(eps: float) -> float:
        def normal(x: float) -> float:
            return 0.5 * math.erfc(-x / math.sqrt(2))

        return normal(0.5 / sigma - eps * sigma) - math.exp(eps) * normal(-0.5 / sigma - eps * sigma)

    assert delta(told) <= 1e-5 < delta(0.85 * told)


@given(budget=st.floats(0.5, 20), steps=st.integers(1, 400))
@settings(max_examples=25, deadline=None)
def test_the_noise_found_keeps_the_budget_and_hardly_less_would(budget: float, steps: int) -> None:
    noise = noise_for(budget, 1e-5, 1.0, steps)
    assert epsilon(noise, 1.0, steps, 1e-5) <= budget < epsilon(0.99 * noise, 1.0, steps, 1e-5)


def test_being_drawn_less_often_costs_less_and_no_step_costs_nothing() -> None:
    assert epsilon(2.0, 0.2, 10, 1e-5) < epsilon(2.0, 1.0, 10, 1e-5)
    assert epsilon(2.0, 1.0, 0, 1e-5) == 0
    assert epsilon(0.0, 1.0, 1, 1e-5) == math.inf


def test_a_budget_that_no_noise_keeps_is_refused() -> None:
    with pytest.raises(NoNoiseIsEnough, match="no noise keeps 1000000 steps within ε"):
        noise_for(0.001, 1e-9, 1.0, 1_000_000)
