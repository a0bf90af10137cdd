"""No personal column goes into a prompt unannounced: bodies written at random, run, and compared with the verdict.

``LAKEWEAVE_BODIES`` sets how many bodies are tried (``make test-security-long``: 10,000).
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from lakeweave.personal.lineage import Lineage, Relation
from lakeweave.personal.upstream import verdict
from tests.python.security import bodies, macros

BODIES = int(os.environ.get("LAKEWEAVE_BODIES", "100"))
SEED = int(os.environ.get("LAKEWEAVE_SEED", "0"))


def question(body: str, dialect: str = "duckdb", **nodes: Any) -> dict[str, Any]:
    return {"dialect": dialect, "body": body, "input": "prompt", "nodes": {**bodies.NODES, **nodes}}


def by_lineage(body: str) -> bool:
    said = verdict(question(body))
    return bool(said.found or said.problem)


def by_name(body: str, target: str = "databricks") -> bool:
    said = macros.personal(target)._personal_columns_by_name(question(body, target))
    return bool(said["found"] or said["problem"])


# What passed the check before this one, and its like.
BODIES_THAT_LEAK = [
    "select id, country as prompt from main.people union all select id, email from main.people",
    "with c(id, prompt) as (select id, email from main.people) select * from c",
    "select t.prompt from (select id, email from main.people) as t(id, prompt)",
    "select to_json(u) as prompt from main.people as u",
    "select cast(u as varchar) as prompt from main.people as u",
    "select p as prompt from (select columns(*) from main.people) as p",
    "select prompt from (unpivot main.people on email into name kind value prompt)",
    "select id, prompt: email from main.people",
    "select * exclude (country) rename (email as prompt) from main.people",
    "select r.country as prompt from (select * replace (full_name as country) from main.people) as r",
    'select "EMAIL" as prompt from main.people',
    "select unnest(struct_pack(prompt := email)) from main.people",
    "select contact as prompt from main.renamed",
    "select e as prompt from (from main.people select email as e)",
    "select x as prompt from main.people as u, lateral (select u.full_name as x) as l",
    "select list(u)::varchar as prompt from main.people as u",
    "select id, (select string_agg(z.contact, ',') from main.renamed as z) as prompt from main.people",
    "with recursive r(n, prompt) as (select 1, '' union all select n + 1, p.email from r, main.people as p where n < 2) select * from r",
    "select p.prompt from query('select email as prompt from main.people') as p",
    "select columns('email_1') as prompt from (select a.*, b.* from main.people as a, main.people as b)",
    "select unnest(q) from (select email as country, country as prompt, email as prompt_1 from main.people) as q(prompt, a, b)",
    "select [email for email in [email]]::varchar as prompt from main.people",
    "select list_transform([email], lambda country: country)::varchar as prompt from main.people",
    "select ({'a': 'x', 'b': email}).b as prompt from main.people",
    "select (p).email as prompt from main.people as p",
    "select p['email'] as prompt from main.people as p",
    "select prompt from (unpivot main.people on (country, email) into name k value v, prompt)",
    "select prompt from (unpivot (pivot main.people on email using count(*)) on columns(* exclude (id, full_name, country, segment)) into name prompt value v)",
    "select email as prompt from main.people except select 'x'",
    "select string_agg(country || email, ',' order by id) as prompt from main.people",
    "select lag(country, 1, email) over (order by id) as prompt from main.people",
    "select mode() within group (order by email) as prompt from main.people",
    "select arg_max(email, country) as prompt from main.people",
    "select columns(c -> c like '%ma%') as prompt from main.people",
    "select l.e as prompt from main.orders as o left join lateral (select p.email as e from main.people as p where p.id = o.person_id) as l on true",
    "select a.id, b.email as prompt from main.orders as a positional join main.people as b",
    "select json_extract_string(to_json(p), '$.email') as prompt from main.people as p",
    "with recursive t(n, prompt) using key (n) as (select 1, email from main.people union select n + 1, prompt from t where n < 2) select prompt from t",
    "select map {email: 1}::varchar as prompt from main.people",
    "select map_concat(map {'a': 'b'}, map {{'k': email}.k: 'c'})::varchar as prompt from main.people",
    "select quantile_disc(0.5 order by email) as prompt from main.people",
    "select mode(order by email) filter (where id > 0) as prompt from main.people",
    "select (select email) as prompt from main.people",
    "select coalesce(null, (select p.email from main.people as p limit 1)) as prompt from main.orders",
    "from main.people as p select to_json(p) as prompt",
    "select w.prompt from main.people as p inner join main.orders as o on true, unnest([p.email]) as w(prompt)",
]


@pytest.mark.parametrize("body", BODIES_THAT_LEAK)
def test_a_body_that_leaks_is_refused(body: str) -> None:
    with bodies.warehouse() as connection:
        assert bodies.leaks(connection, body), "the case proves nothing: this body does not leak"
    assert by_lineage(body)
    assert by_name(body.replace('"', "`"))


@pytest.mark.parametrize(
    "body",
    [
        "select id, email, 'no email, ' || country as prompt from main.people",
        "select * exclude (email, full_name), country as prompt from main.people",
        "with a as (select * from main.people), b as (select a.id, a.country as prompt from a where a.email is not null) select * from b",
        "select product as prompt from main.orders union all select country from main.people",
        "select count(*) as prompt from main.people",
        "select o.product as prompt from main.orders as o join main.people as p on p.id = o.person_id and p.email <> ''",
        "-- about email\nselect 'email' as prompt from main.people",
        "select columns('^country$') as prompt from main.people",
        "select columns(c -> c like 'coun%') as prompt from main.people",
        "select country as prompt from main.people intersect select email from main.people",
        "select country as prompt from main.people union all by name select 1, email from main.people",
        "select prompt from (unpivot main.people on country, segment into name k value prompt)",
        "select u.country as prompt from main.people unpivot (v for k in (email, full_name)) as u",
        "select case when email is null then 'no e-mail' else country end as prompt from main.people",
        "select (p).country || struct_extract(p, 'segment') || p['country'] as prompt from main.people as p",
        "select {'a': country, 'b': email}.a as prompt from main.people",
        "select string_agg(country, ',' order by email) as prompt from main.people",
        "select lag(country) over (partition by segment order by email) as prompt from main.people",
        "select count(distinct email)::varchar as prompt from main.people",
        "select list_transform([country], lambda email: email || '!')::varchar as prompt from main.people",
        "select [email || '!' for email in [country]]::varchar as prompt from main.people",
        "select unnest(q) from (select id, country as prompt from main.people) as q",
    ],
)
def test_a_harmless_body_is_allowed(body: str) -> None:
    assert not by_lineage(body), verdict(question(body))


# Engine, body: texts and comments that end elsewhere than they seem to, and what reads columns that the query does not show.
HIDDEN = [
    ("bigquery", "select country as x # don't\n, email as prompt # it's\n from main.people"),
    ("bigquery", "select country as x -- don't\r, email as prompt -- it's\n from main.people"),
    ("bigquery", "select country as x, r'\\'' || email || '' as prompt from main.people"),
    ("bigquery", "select `p.main.f`(id) as prompt from main.people"),
    ("bigquery", "select concat(p.main.f(id)) as prompt from main.people"),
    ("bigquery", "select contact as prompt from `p.other.people`"),
    ("bigquery", "select (select p.*) as prompt from main.people as p"),
    ("bigquery", "select prompt from main.people, unnest(array(select email from main.people)) as prompt"),
    ("bigquery", "select prompt from main.people as p join main.orders as o using (id), unnest([p.email]) as prompt"),
    ("databricks", "select country as x -- don't\r, email as prompt -- it's\n from main.people"),
    ("databricks", "select -- \\\n don't\n email as prompt -- '\n from main.people"),
    ("databricks", "select /* /* */ ' */ email as prompt /* ' */ */ from main.people"),
    ("databricks", "select concat(r'\\', email, '\\'') as prompt from main.people"),
    ("databricks", "select $$'$$, email as prompt, $$'$$ from main.people"),
    ("databricks", "select identifier('email') as prompt from main.people"),
    ("databricks", "select main.f(id) as prompt from main.people"),
    ("databricks", "from main.people as p select to_json(p) as prompt"),
    ("databricks", "select country from main.people union all from main.people select email as prompt"),
    ("databricks", "select p.email.part as prompt from main.people as p"),
    ("databricks", "select prompt from main.people as p join main.orders as o on true lateral view explode(array(p.email)) t as prompt"),
    ("spark", "select identifier('email') as prompt from main.people"),
    ("spark", "select function_of_ones_own(id) as prompt from main.people"),
]  # fmt: skip


@pytest.mark.parametrize(("engine", "body"), HIDDEN)
def test_a_column_that_is_hidden_from_a_reader_is_refused(engine: str, body: str) -> None:
    if engine != "spark":
        assert by_name(body, engine)
    said = verdict(question(body, engine))
    assert said.found or said.problem


@pytest.mark.parametrize(
    ("engine", "body"),
    [
        ("bigquery", "select country as prompt # it's the country of the e-mail\nfrom main.people"),
        ("bigquery", "select net.host(country) || safe.substr(segment, 1) as prompt from main.people"),
        ("bigquery", r"select regexp_replace(country, r'\W+', ' ') as prompt from main.people"),
        ("bigquery", "select if(exists(select 1 from main.orders as o where o.person_id = p.id), 'buys', country) as prompt from main.people as p"),
        ("databricks", "select country as prompt -- it's the country\nfrom main.people as p join main.orders as o on p.id = o.person_id, main.renamed"),
        ("databricks", r"select regexp_replace(country, r'\W+', ' ') as prompt from main.people"),
        ("spark", "select initcap(country) || cast(year(now()) as string) || int(id) as prompt from main.people"),
    ],
)  # fmt: skip
def test_what_hides_nothing_is_let_pass(engine: str, body: str) -> None:
    assert engine == "spark" or not by_name(body, engine)
    said = verdict(question(body, engine))
    assert (said.found, said.problem) == ((), "")


def test_reads_of_a_template_are_found_in_its_jinja_only() -> None:
    reads = macros.Macros("duckdb", "inference/_personal_columns.sql")._reads_of_the_template
    assert reads("{% set a = run_query('select email') %}select {{ a }}, {{ dbt_utils.get_column_values(x, 'y') }}") == [
        "get_column_values", "run_query",
    ]  # fmt: skip
    assert reads("{%- call statement('s', fetch_result=True) -%}select 1{%- endcall -%}{{ load_result('s') }}") == [
        "load_result",
        "statement",
    ]
    assert reads("select statement(1), 'run_query(x)' from {{ ref('a') }} {% if execute %}where true{% endif %}") == []


def test_random_bodies_send_no_personal_value() -> None:
    let_through, leaking, refused, clean = [], 0, 0, 0
    with bodies.warehouse() as connection:
        for body in bodies.written(20261128 + 7 * SEED, BODIES):
            leaks = bodies.leaks(connection, body)
            if leaks is None:
                continue
            is_refused = by_lineage(body)
            leaking += leaks
            clean += not leaks
            refused += is_refused and not leaks
            if leaks and not is_refused:
                let_through.append(body)
    assert not let_through, "\n\n".join(let_through[:5])
    assert leaking > BODIES / 5, "too few of the bodies leak to prove anything"
    # Ambiguous bodies are refused, but most clean bodies pass; otherwise users would switch off the check.
    assert refused < clean * 0.3
    print(f"{leaking} leaking bodies, 0 let through; {refused} of {clean} clean ones refused")


def test_portable_bodies_at_random_pass_no_check_by_names() -> None:
    let_through, leaking = [], 0
    with bodies.warehouse() as connection:
        for body in bodies.written(20261129 + 7 * SEED, max(150, BODIES // 3), portable=True):
            if bodies.leaks(connection, body):
                leaking += 1
                if not by_name(body):
                    let_through.append(body)
    assert not let_through, "\n\n".join(let_through[:5])
    assert leaking > 30


@pytest.mark.parametrize("check", [by_lineage, by_name])
def test_plain_harmless_bodies_are_not_refused(check: Any) -> None:
    refused, tried = [], 0
    with bodies.warehouse() as connection:
        for body in bodies.written(20261130 + 7 * SEED, max(100, BODIES // 3), harmless=True):
            leaks = bodies.leaks(connection, body)
            assert not leaks, body
            if leaks is not None:
                tried += 1
                if check(body):
                    refused.append(body)
    assert tried > 60
    assert len(refused) <= tried * 0.02, "\n\n".join(refused[:5])


def _model(name: str, **said: Any) -> dict[str, Any]:
    node = {
        "name": name, "resource_type": "model", "schema": "main", "identifier": name, "pii": {},
        "depends_on": ["model.p.people"],
    }  # fmt: skip
    return {f"model.p.{name}": node | said}


def _found(body: str, nodes: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    said = verdict(question(body, **nodes))
    return said.found, said.unread


def test_a_tag_follows_the_column_through_models() -> None:
    renamed = _model("m", compiled_code="select id, lower(email) as e, country from main.people")
    below = _model("n", raw_code="select id, e as contact from {{ ref('m') }}", depends_on=["model.p.m"])
    assert _found("select contact as prompt from main.n", renamed | below)[0] == ("`email` (tagged in people)",)
    assert _found("select id as prompt from main.n", renamed | below)[0] == ()
    # A model may say that it made a column harmless.
    below["model.p.n"]["pii"] = {"contact": False}
    assert _found("select contact as prompt from main.n", renamed | below)[0] == ()


def test_the_answer_to_a_personal_question_is_personal() -> None:
    asked = _model("a", compiled_code="select id, email as prompt from main.people", input="prompt")
    assert _found("select response as prompt from main.a", asked)[0] == ("`email` (tagged in people)",)
    assert _found("select response_state as prompt from main.a", asked)[0] == ()


def test_an_unreadable_model_is_reported() -> None:
    for said in (
        {"language": "python", "raw_code": "def model(dbt, session): ..."},
        {"raw_code": "{% for c in cs %}{{ c }}{% endfor %}"},
    ):
        found, unread = _found("select email as prompt from main.m", _model("m", **said))
        assert found == ("`email` (tagged in people)",)
        assert unread == ("m",)


def test_tagged_seeds_and_sources_count() -> None:
    source = _model("raw", resource_type="source", source_name="crm", pii={"phone": True}, depends_on=[])
    assert _found("select phone as prompt from main.raw", source)[0] == ("`phone` (tagged in raw)",)
    assert _found("select other as prompt from main.raw", source)[0] == ()


def test_other_text_than_sql_is_refused_with_a_reason() -> None:
    for body in ("select from where (", "select 1 as prompt; select email as prompt from main.people", ""):
        said = verdict(question(body))
        assert said.problem, body
        assert said.found
    deep = "select " + "(" * 3000 + "email" + ")" * 3000 + " as prompt from main.people"
    said = verdict(question(deep))
    assert said.problem or said.found


def test_a_relation_that_is_not_upstream_counts_as_everything() -> None:
    assert verdict(question("select a as prompt from main.elsewhere")).found
    assert verdict(question("select a as prompt from 'people.csv'")).found
    read = Lineage("duckdb", lambda *_: None, frozenset({"x"})).read("select 1 as prompt")
    assert read == Relation((("prompt", frozenset()),))


@pytest.mark.parametrize("dialect", ["spark", "bigquery", "databricks"])
def test_other_dialects_are_read_by_lineage_too(dialect: str) -> None:
    leaking = [
        "select to_json(u) as prompt from main.people as u", "select u.email as prompt from main.people u",
        "with c as (select id, email as e from main.people) select e as prompt from c",
        "select country as prompt from main.people union all select email from main.people",
    ]  # fmt: skip
    if dialect == "bigquery":
        leaking += [
            "select as struct id, email as prompt from main.people", "select country as prompt from (select * except (id) replace (email as country) from main.people)",
            "select to_json_string((select as struct u.*)) as prompt from main.people as u", "from main.people |> select email as prompt",
        ]  # fmt: skip
    else:
        leaking += [
            "select prompt from main.people lateral view explode(array(email)) t as prompt", "select stack(1, email) as (prompt) from main.people",
            "select struct(*) as prompt from main.people", "select concat_ws(',', email, id) as prompt from main.people",
            "select inline(array(struct(email as prompt))) from main.people",
            "select listagg(country) within group (order by id) as a, email as prompt from main.people",
            "select window(now(), '1 day') as w, email || '' as prompt from main.people",
            "select id as sort, email || '' as prompt from main.people", "select id as limit, to_json(p) as prompt from main.people as p",
            "select percentile_disc(0.5) within group (order by email) as prompt from main.people",
            "select country as on, concat(email) as prompt from main.people",
        ]  # fmt: skip
    for body in leaking:
        said = verdict(question(body, dialect))
        assert said.found or said.problem, body
        assert by_name(body, dialect), body
    for body in (
        "select country as prompt from main.people",
        "select concat('a', u.country) as prompt from main.people as u",
    ):
        assert not verdict(question(body, dialect)).found, body
        assert not by_name(body, dialect), body
