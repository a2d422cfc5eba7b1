"""Text tables of any country, encoding and program, and numbers that are never split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.errors import UserError
from physiosync_rt.formats.numerals import Numerals, UndecidedError, find_numerals
from physiosync_rt.formats.separators import find_separator, split_rows
from physiosync_rt.formats.table import Table, read_table
from physiosync_rt.formats.text import TextFile, decode, read_text


def _table(text: str, **known: object) -> Table:
    lines = text.split("\n")
    unfinished = lines[-1] != ""
    file = TextFile(Path("t.csv"), lines if unfinished else lines[:-1], unfinished)
    return read_table(file, **known)


def test_lines_of_another_length_are_left_out() -> None:
    assert split_rows(["1, 2", "3, 4", "5"], ",") == [["1", "2"], ["3", "4"], None]
    assert split_rows([], ",") == []
    table = _table("1;2\n3\n\n4;5;6\n7;8;\n;\n")
    assert table.rows == [["1", "2"], ["7", "8"]]
    assert table.line_numbers == [1, 5]
    assert table.notes == [
        "2 lines of wrong length were dropped",
        "1 lines between the rows are empty",
    ]


def test_a_last_line_that_is_cut_within_its_last_cell() -> None:
    whole = "1\t2.125\n2\t2.250\n3\t2.375\n"
    assert len(_table(whole + "4\t2.500").rows) == 4
    table = _table(whole + "4\t2.5")
    assert (len(table.rows), table.notes) == (3, ["1 lines of wrong length were dropped"])
    assert len(_table(whole + "4\t2.5\n").rows) == 4


def test_a_cell_that_is_not_a_number_is_missing_and_counted() -> None:
    rows = [f"{i}\t{i / 8}" for i in range(200)]
    rows[7] = "7\t#REF!"
    table = _table("\n".join(rows) + "\n")
    values = table.numbers([0, 1])
    assert np.flatnonzero(np.isnan(values[:, 1])).tolist() == [7]
    assert table.notes == [
        "1 cells are not numbers and count as missing (the first in line 8: '#REF!')"
    ]
    words = _table("1;a\n2;b\n3;c\n")
    with pytest.raises(UserError, match=r"t\.csv, line 1: 'a' is not a number"):
        words.numbers([1])


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("-19,41", ",", -19.41),
        ("1.234,5", ",", 1234.5),
        ("1.234.567", ",", 1234567),
        ("1,234.5", ".", 1234.5),
        ("1 234,5", ",", 1234.5),
        ("1'234'567.25", ".", 1234567.25),
        ("1,595933810034E12", ",", 1.595933810034e12),
        ("1e-3", ".", 1e-3),
        ("\N{MINUS SIGN}5", ".", -5),
        (",5", ",", 0.5),
        ("7.", ".", 7),
        ("1541598342.0", ",", 1541598342),
        ("0.123", ",", 0.123),
        ("-inf", ".", -np.inf),
    ],
)
def test_numerals(cell: str, decimal, value: float) -> None:
    assert Numerals(decimal).number(cell) == value
    assert Numerals(decimal).column([cell, cell])[0].tolist() == [value, value]


@pytest.mark.parametrize("cell", ["", "nan", "NaN", " "])
def test_a_missing_number(cell: str) -> None:
    assert np.isnan(Numerals().number(cell))


@pytest.mark.parametrize("cell", ["1_000", "12:30", "1,2,3", "0x1F", "5 uV", "--1", "1.2.3", "x"])
def test_what_is_not_a_number(cell: str) -> None:
    for decimal in (".", ","):
        with pytest.raises(ValueError, match="not a number"):
            Numerals(decimal).number(cell)


def test_the_decimal_sign_is_found_or_said_to_be_open() -> None:
    assert find_numerals(["1,5", "2"]) == Numerals(",")
    assert find_numerals(["1.5", "2"]) == Numerals(".")
    assert find_numerals(["1.234,5", "1.234"]) == Numerals(",", grouped=True)
    assert Numerals(",", grouped=True).number("1.234") == 1234
    assert find_numerals(["1,234.5", "9,876"]).number("9,876") == 9876
    assert find_numerals(["192.168.100", "1.5"]) == Numerals(".")
    assert find_numerals(["1.234.567", "1,5"]) == Numerals(",", grouped=True)
    assert find_numerals(["1,234"], likely=",") == Numerals(",")
    with pytest.raises(UndecidedError, match="1,234 has a decimal comma or separates thousands"):
        find_numerals(["1,234", "5"])
    with pytest.raises(UndecidedError, match=r"12\.345 has a decimal point or"):
        Numerals(",").number("12.345")
    with pytest.raises(UndecidedError, match=r"in 1,5 and not in 1,234\.5"):
        find_numerals(["1,5", "1,234.5"])


@pytest.mark.parametrize(
    ("lines", "n_columns", "separator"),
    [
        (["1\t2", "3\t4"], None, "\t"),
        (["1,5;2,5"], None, ";"),
        (["1.5,2.5"], None, ","),
        (["1, 2, 3"], None, ","),
        (["0, -19,41, -3,84"], None, ", "),
        (["0, -19,41, -3,84"], 3, ", "),
        (["0, -19,41, 13:45:42,454"], None, ", "),
        (["0, 1.5,0,0, 7"], None, ","),
        (["5,125", "6,250"], 1, ""),
        (["5.125", "6.250"], None, ""),
        (['"1,5","2,5"'], None, ","),
        (["time, 12:00, x"], None, ","),
    ],
)
def test_separators(lines: list[str], n_columns: int | None, separator: str) -> None:
    assert find_separator("t.csv", lines, n_columns) == separator


@pytest.mark.parametrize(
    ("line", "n_columns"),
    [("0,-19,41,-3,84", 3), ("12,004000,7,000000", None), ("1, 2,3,4, 05", None)],
)
def test_a_number_is_never_split(line: str, n_columns: int | None) -> None:
    with pytest.raises(UserError, match=r"t\.csv: its numbers have a decimal comma and commas"):
        find_separator("t.csv", [line] * 5, n_columns)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = "Größe in µV\r\n1;2\n"
    raw = text.encode(encoding)
    assert decode(raw).removeprefix("\ufeff") == text
    # A file that is cut within a character loses that character and nothing else.
    assert decode("5 µ".encode(encoding)[:-1]).startswith("5 ")
    (tmp_path / "t.csv").write_bytes(raw)
    file = read_text(tmp_path / "t.csv")
    assert file.lines[1] == "1;2"
    assert not file.unfinished


def test_western_encodings_and_what_is_not_text(tmp_path: Path) -> None:
    assert decode("Jürgen – µV".encode("cp1252")) == "Jürgen – µV"
    assert decode(b"\x81 \xb5V") == "\x81 µV"
    (tmp_path / "t.csv").write_bytes(b"1;2\n\0\0\0\0;4\n")
    with pytest.raises(UserError, match="not a text file"):
        read_text(tmp_path / "t.csv")


_SIGNS = [("\t", "."), ("\t", ","), (";", "."), (";", ","), (",", "."), (", ", "."), (", ", ",")]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_table_that_can_be_decided_gives_its_numbers(tmp_path_factory, data) -> None:
    separator, decimal = data.draw(st.sampled_from(_SIGNS))
    quoted = data.draw(st.booleans()) and len(separator) == 1
    if quoted and separator == ",":
        decimal = data.draw(st.sampled_from([".", ","]))
    n_columns = data.draw(st.integers(2, 6))
    # Three digits after a comma may be thousands; that is another test.
    digits = data.draw(st.sampled_from([1, 2, 4, 6]))
    groups = data.draw(st.booleans()) and (quoted or "," not in separator)
    number = st.floats(-1e6, 1e6).map(lambda x: round(x, digits))
    rows = data.draw(
        st.lists(
            st.tuples(number, *[st.one_of(number, st.just(np.nan))] * (n_columns - 1)),
            min_size=1,
            max_size=20,
        )
    )

    def cell(x: float) -> str:
        if np.isnan(x):
            return ""
        plain = f"{x:{',' if groups else ''}.{digits}f}"
        signs = str.maketrans(",.", ".,") if decimal == "," else {}
        return f'"{plain.translate(signs)}"' if quoted else plain.translate(signs)

    end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = "".join(separator.join(map(cell, row)) + end for row in rows)
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    path.write_bytes(text.encode(encoding))
    known = n_columns if data.draw(st.booleans()) else None
    table = read_table(read_text(path), n_columns=known)
    np.testing.assert_array_equal(table.numbers(range(n_columns)), np.array(rows))
    assert table.notes == []
