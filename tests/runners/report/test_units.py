import pytest

from runners.report.units import (
    difference_unit,
    format_differences,
    format_estimate,
    format_p_value,
    format_ratio,
    format_value,
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "bytes", "0 B"),
        (999, "bytes", "999 B"),
        (1000, "bytes", "1.00 kB"),
        (999_999, "bytes", "1.00 MB"),
        (13_044_720, "bytes", "13.0 MB"),
        (2.5e9, "bytes", "2.50 GB"),
        (0, "seconds", "0 s"),
        (4.2e-6, "seconds", "4.20 µs"),
        (0.0437, "seconds", "43.7 ms"),
        (0.9999, "seconds", "1.00 s"),
        (90, "seconds", "90.0 s"),
        (120, "seconds", "2.00 min"),
        (7200, "seconds", "2.00 h"),
        (345_600, "seconds", "4.00 d"),
        (469.25, "samples_per_s", "469 /s"),
        (30_224, "samples_per_s", "30.2 k/s"),
        (0, "usd", "0 USD"),
        (0.000912, "usd", "0.0912 ¢"),
        (0.5, "usd", "50.0 ¢"),
        (1, "usd", "1.00 USD"),
        (12_345.6, "usd", "12,346 USD"),
        (0.5, "joules", "0.500 J"),
        (2.4e6, "joules", "2.40 MJ"),
        (0, "count", "0.0"),
        (1234, "count", "1,234.0"),
        (0.9123, "fraction", "91.2 %"),
        (0.9123, "score", "0.912"),
    ],
)
def test_value_is_scaled_to_a_readable_unit(value, unit, text):
    assert format_value(value, unit) == text


@pytest.mark.parametrize(
    ("mean", "half_width", "unit", "text"),
    [
        (0.912, 0.005, "fraction", "91.2 ± 0.5 %"),
        (30.0, None, "seconds", "30.0 s"),
        (30.0, 0.0, "seconds", "30.0 ± 0 s"),
        (30.0, 0.001, "seconds", "30.0 ± <0.1 s"),
        (0.0583, 0.186, "seconds", "58.3 ± 186.0 ms"),
        (0.00912, 0.00011, "usd", "0.912 ± 0.011 ¢"),
    ],
)
def test_half_width_shares_the_unit_and_decimals_of_the_mean(mean, half_width, unit, text):
    assert format_estimate(mean, half_width, unit) == text


def test_differences_carry_signs_and_share_a_unit():
    assert format_differences((-0.012, -0.03, 0.006), "fraction") == ["−1.2", "−3.0", "+0.6"]
    assert difference_unit((-0.012,), "fraction") == "points"
    assert format_differences((0.5, -2.0, 3.0), "seconds") == ["+0.50", "−2.00", "+3.00"]
    assert difference_unit((0.5, -2.0, 3.0), "seconds") == "s"


def test_zero_difference_has_no_sign():
    assert format_differences((0.0001, -0.0001), "fraction") == ["0.0", "0.0"]


@pytest.mark.parametrize(
    ("ratio", "text"), [(2.414, "2.41×"), (0.0708, "0.0708×"), (1432.8, "1,433×")]
)
def test_ratio_has_three_digits(ratio, text):
    assert format_ratio(ratio) == text


@pytest.mark.parametrize(("p_value", "text"), [(None, "–"), (0.0004, "< 0.001"), (0.0423, "0.042")])
def test_p_value(p_value, text):
    assert format_p_value(p_value) == text
