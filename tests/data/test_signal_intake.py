"""A signal file is read to the same samples, or refused with one sentence."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from data.intake.signal import SignalError, read_signals

SAMPLES = np.round(np.sin(np.arange(1000) / 40), 4)


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def record(folder: Path, name: str = "mit101_1") -> dict[str, bytes]:
    place = folder / "ecg_strips_mitbih"
    return {f"a/{name}{end}": (place / f"{name}{end}").read_bytes() for end in (".hea", ".dat", ".atr")}


def test_a_wfdb_record_is_read_with_leads_rate_and_marks(datasets: Path) -> None:
    (found,) = read_signals("x.zip", zipped(record(datasets)))
    assert found.samples.shape == (3600, 2) and found.rate == 360 and found.leads == ("MLII", "V1")
    assert len(found.peaks) == len(found.symbols) == 11


def test_a_csv_with_times_and_one_with_a_told_rate_are_read() -> None:
    timed = "time,II\n" + "\n".join(f"{i / 250:.4f},{value}" for i, value in enumerate(SAMPLES))
    told = "# fs=250\n" + "\n".join(map(str, SAMPLES))
    for text in (timed, told):
        (found,) = read_signals("x.csv", text.encode())
        assert found.rate == 250 and found.lead() == pytest.approx(SAMPLES, abs=1e-4)


def test_an_edf_is_read_in_millivolt() -> None:
    import edfio

    made = io.BytesIO()
    signal = edfio.EdfSignal(1000 * SAMPLES, sampling_frequency=250, label="ECG II", physical_dimension="uV")
    edfio.Edf([signal]).write(made)
    (found,) = read_signals("x.edf", made.getvalue())
    assert found.rate == 250 and found.lead() == pytest.approx(SAMPLES, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("x.csv", b"", "is empty"),
        ("x.csv", b"\xff\xfe\x00\x01", "neither a ZIP"),
        ("x.csv", b"1\n2\n3\n", "how many samples a second"),
        ("x.csv", b"a,b\n1,2\n1\n", "line 3"),
        ("x.csv", b"# fs=250\n1\n2\n", "s long"),
        ("x.csv", b"# fs=9\n" + b"1\n" * 500, "9 samples a second"),
        ("x.zip", b"PK\x03\x04nothing", "damaged"),
        ("x.zip", zipped({"a.txt": b"x"}), "no WFDB record"),
        ("x.zip", zipped({"a.hea": b"a 1 360 1000\n../../etc/passwd 212\n"}), "outside of the ZIP"),
        ("x.zip", zipped({"a.hea": b"a 1 360 1000\na.dat 212 200 12 0 0 0 0 II\n"}), "not in the ZIP"),
        ("x.zip", zipped({"a.hea": b"a 1 360 1000\na.dat 212\n", "a.dat": b"x"}), "damaged"),
        ("x.zip", zipped({"a.hea": b"x" * 70_000_000}), "unpacks to more"),
        ("x.edf", b"0       " + b"z" * 900, "damaged"),
        ("x.dat", b"123", "one part of a WFDB record"),
    ],
    ids=range(14),
)
def test_a_file_that_cannot_be_read_gets_one_sentence(name: str, raw: bytes, words: str) -> None:
    with pytest.raises(SignalError, match=words) as error:
        read_signals(name, raw)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def test_truncated_and_changed_records_never_crash(datasets: Path) -> None:
    whole, random = zipped(record(datasets)), np.random.default_rng(0)
    for _ in range(60):
        changed = bytearray(whole[: random.integers(1, len(whole))])
        for at in random.integers(0, len(changed), 5):
            changed[at] = random.integers(256)
        try:
            read_signals("x.zip", bytes(changed))
        except SignalError as error:
            assert str(error).endswith(".")
