"""What `make feed` guesses from delivered text."""

import re
from pathlib import Path

import duckdb
import pytest
import yaml

from lakeweave.errors import UserError
from lakeweave.feed.columns import choose_key, guess
from lakeweave.feed.tables import SQL_WORDS, find_tables, table_name
from lakeweave.feed.writing import Plan, sources
from tests.python.hostile import HOSTILE
from tests.python.support import ROOT

SENTINELS = frozenset({"n/a", "none", "-"})
SYMBOLS = ("$", "€", "USD", "dollars")


def found(name: str, *values: str | None):
    return guess(name, values, len(values), SENTINELS, SYMBOLS)


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("n", ["1", "2", "-3", "n/a"], "integer"),
        ("n", ["1.0", "2.0", ""], "integer"),
        ("n", ["1.5", "2", "1e3"], "float"),
        ("zip", ["10001", "94110"], "text"),
        ("batch", ["001", "002"], "text"),
        ("amount", ["1,200.50", "$3", "(4.00)"], "money"),
        ("amount", ["12", "13"], "money"),
        ("paid", ["-$5.00", "$-7.50", "(8.25)", "€1,200.00", "9.00-", "+$4"], "money"),
        ("betrag", ["1.234,56", "0,99", "-12,00"], "money"),
        ("value", ["1.234,56 €", "-12,00 €", "+3,50 €", "1 200,00 €", "1\u202f200,00 €"], "money"),
        ("value", ["$1.20", "3 USD"], "money"),
        ("is_open", ["true", "FALSE"], "boolean"),
        ("answer", ["yes", "no"], "text"),
        ("day", ["2024-01-02", "2024-02-03"], "date"),
        ("moment", ["2024-01-02T03:04:05Z", "2024-01-02 03:04:05.123456 UTC"], "timestamp"),
        ("note", ["hello", "2024-01-02"], "text"),
        ("nothing", ["", "n/a", None], "text"),
    ],
)
def test_type(name: str, values: list[str | None], kind: str) -> None:
    assert found(name, *values).kind == kind


def test_day_before_month_is_found_by_the_values() -> None:
    column = found("day", "13/02/2024", "01/02/2024")
    assert (column.kind, column.formats, column.notes) == ("date", ("%d/%m/%Y",), [])


def test_an_ambiguous_order_of_day_and_month_is_reported() -> None:
    column = found("day", "01/02/2024", "03/04/2024")
    assert column.kind == "date"
    assert "reads the same values" in column.notes[0]


def test_values_of_another_type_are_reported() -> None:
    column = found("n", *[str(n) for n in range(99)], "many")
    assert (column.kind, column.odd, column.odd_examples) == ("integer", 1, ["many"])
    assert "'many'" in column.notes[-1]


def test_codes_stay_text_and_this_is_reported() -> None:
    assert "kept as text" in found("postal_code", "10001", "94110").notes[0]


@pytest.mark.parametrize(
    "name",
    [
        "email",
        "policy_holder_email",
        "name",
        "phone",
        "telephone",
        "street_address",
        "customer_name",
        "full_name",
        "policy_holder_name",
        "zip",
        "postal_code",
        "birthday",
        "date_of_birth",
        "dob",
    ],
)
def test_personal_columns(name: str) -> None:
    assert found(name, "x").is_personal


def test_columns_that_the_project_tags_in_bronze_are_personal() -> None:
    tagged = {
        column["name"]
        for path in (ROOT / "models" / "bronze").rglob("*.yml")
        for model in yaml.safe_load(path.read_text()).get("models", [])
        for column in model.get("columns", [])
        if (column.get("config") or {}).get("meta", {}).get("pii")
    }
    assert {"email", "postal_code", "ip_address"} <= tagged
    assert [name for name in sorted(tagged) if not found(name, "x").is_personal] == []


@pytest.mark.parametrize("name", ["product_name", "file_name", "names", "customer_id", "emailed_at"])
def test_other_columns(name: str) -> None:
    assert not found(name, "x").is_personal


def test_key() -> None:
    columns = [found("row", "1", "2"), found("claim_id", "7", "8"), found("status", "a", "a")]
    assert choose_key("claims", columns).name == "claim_id"
    assert choose_key("claims", [found("amount", "1", "2"), found("claim_id", "7", "7")]) is None


@pytest.mark.parametrize(
    ("file", "table"),
    [
        ("Claims_2024-01.csv.gz", "claims"),
        ("claims.csv", "claims"),
        ("orders_batch_12.json", "orders"),
        ("2024.csv", "_2024"),
        ("Réclamations 2026.csv", "reclamations"),
        ("中文.csv", "u4e2du6587"),
    ],
)
def test_table_name(file: str, table: str) -> None:
    assert table_name(file) == table


def test_tables_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.csv").write_text("id\n1\n")
    (tmp_path / "claims_1.csv").write_text("Claim No,Amount\n1,2\n")
    (tmp_path / "claims_2.csv").write_text("Claim No,Amount,Note\n2,3,x\n")
    claims, policies = sorted(find_tables(str(tmp_path), None), key=lambda table: table.name)
    assert (claims.name, claims.columns, claims.records) == ("claims", ["claim_no", "amount", "note"], 2)
    assert claims.values == {"claim_no": ["1", "2"], "amount": ["2", "3"], "note": [None, "x"]}
    assert claims.problems == ["claims_2.csv has columns that earlier files lack: note"]
    assert (policies.name, policies.records) == ("policies", 1)


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"does not exist\. Give a file"):
        find_tables(str(tmp_path / "none.csv"), None)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "claims.csv").write_bytes(b"")
    with pytest.raises(UserError, match="No file of the table 'claims' can be read"):
        find_tables(str(tmp_path / "claims.csv"), None)


def test_the_decimal_mark_is_found_by_the_values() -> None:
    column = found("value", "1.234,56 €", "0,99 €")
    assert (column.kind, column.decimal_mark) == ("money", ",")
    assert column.notes == ["is read with a comma as the decimal mark (`decimal_mark`)"]
    column = found("value", "$1,234.56", "$2,000")
    assert (column.decimal_mark, column.notes) == (".", [])
    column = found("value", "$1,234", "$2,000")
    assert column.decimal_mark == "."
    assert "three digits behind each comma" in column.notes[0]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["1,75", "1,80"], "looks like numbers with a decimal comma and is kept as text"),
        (
            ["1", "2", "3", "x", "y"],
            "looks like numbers and is kept as text, but 2 of 5 values have another form: 'x', 'y'",
        ),
        (["$1", "$2", "free"], "looks like amounts and is kept as text, but 1 of 3 values have another form: 'free'"),
        (["2024-01-01", "2024-01-02", "soon"], "looks like dates in ISO 8601 and is kept as text, but 1 of 3"),
    ],
)
def test_a_column_that_nearly_has_a_type_is_told(values: list[str], said: str) -> None:
    column = found("v", *values)
    assert column.kind == "text"
    assert column.notes[0].startswith(said)


def test_text_has_no_note() -> None:
    assert found("v", "a", "b", "3").notes == []


def test_words_of_sql_have_another_name(tmp_path: Path) -> None:
    (tmp_path / "claims.csv").write_text(HOSTILE)
    (table,) = find_tables(str(tmp_path / "claims.csv"), None)
    assert table.aliases == {"order": "claims_order", "group": "claims_group"}
    assert table.columns[2] == "claims_order"
    assert table.values["claims_order"] == list("123456")
    assert "order is a word of SQL, so the column is named claims_order" in table.problems


def test_words_of_sql_are_those_of_duckdb() -> None:
    words = duckdb.sql(
        "select keyword_name from duckdb_keywords() where keyword_category in ('reserved', 'type_function')"
    ).fetchall()
    assert {word for (word,) in words} <= SQL_WORDS


def test_docs_blocks_have_names_of_their_own_in_ascii(tmp_path: Path) -> None:
    """dbt ends the name of a block at the first letter that is not ASCII."""
    (tmp_path / "claims.csv").write_text("Prénom,Große,数,数量\na,b,c,d\n")
    (table,) = find_tables(str(tmp_path / "claims.csv"), None)
    columns = [guess(c, table.values[c], table.records, SENTINELS, SYMBOLS) for c in table.columns]
    names = re.findall(r"{% docs (\S+) %}", Plan("crm", table, columns, columns[0]).blocks())
    assert len(set(names)) == 4
    assert all(re.fullmatch("[a-z0-9_]+", name) for name in names), names


def test_the_currency_has_a_name_that_no_column_has(tmp_path: Path) -> None:
    (tmp_path / "claims.csv").write_text(HOSTILE)
    (table,) = find_tables(str(tmp_path / "claims.csv"), None)
    columns = [guess(c, table.values[c], table.records, SENTINELS, SYMBOLS) for c in table.columns]
    plan = Plan("crm", table, columns, None)
    sql = next(text for path, text in plan.files(tmp_path).items() if path.name == "silver_claims.sql")
    for line in (
        "{{ lakeweave.to_money('montant', decimal_mark=',') }} as montant,",
        "{{ lakeweave.to_money('amount') }} as amount,",
        "{{ lakeweave.money_value_type('amount') }} as amount_value_type_2,",
        "amount_value_type,",
        "{{ lakeweave.to_integer('claims_order') }} as claims_order,",
    ):
        assert f"        {line}\n" in sql, line
    assert "aliases: {order: claims_order, group: claims_group}" in sources("crm", [plan])
