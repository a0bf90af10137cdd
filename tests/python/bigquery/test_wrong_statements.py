"""Statements of the kinds that people get wrong, each of which the gate must refuse, and right ones that it must take."""

from __future__ import annotations

import pytest

from . import functions, sqltypes
from .analyzer import Analyzer, Refused
from .warehouse import Column, Model, Table, Warehouse


def _table(name: str, kind: str = "TABLE", /, **columns: str) -> Table:
    made = [Column(column, sqltypes.parse(words)) for column, words in columns.items()]
    return Table("p", "d", name, kind, made)


@pytest.fixture
def shop() -> Warehouse:
    """A small shop: tables, an external and an object table, a view, models and a connection."""
    images = _table("images", "EXTERNAL", **functions.OBJECT_TABLE)
    images.is_object_table = True
    tables = [
        _table("orders", id="INT64", amount="NUMERIC", country="STRING", placed_at="TIMESTAMP", tags="ARRAY<STRING>"),
        _table("users", id="INT64", name="STRING", born="DATE", payload="JSON", score="FLOAT64"),
        _table("vectors", id="INT64", embedding="ARRAY<FLOAT64>"),
        _table("files", "EXTERNAL", id="STRING", body="STRING"),
        _table("a_view", "VIEW", id="INT64"),
        images,
    ]
    return Warehouse(
        "p",
        datasets={"p.d"},
        tables={table.path: table for table in tables},
        models={
            model.path: model
            for model in (
                Model("p.d.gemini", "text"),
                Model("p.d.embedder", "embedding"),
                Model("p.d.vision", "vision"),
                Model("p.d.churn", "predict", {"predicted_churned": "BOOL"}),
            )
        },
        connections={"p.us.lake"},
    )


WRONG: list[tuple[str, str, str]] = [
    # ---------- names
    ("a column that is not there", "select totl from `p`.`d`.`orders`", "Unrecognized name: totl"),
    ("a column of another table", "select o.name from `p`.`d`.`orders` as o", "Name name not found inside o"),
    ("a column that a CTE does not pass on", "with a as (select id from `p`.`d`.`orders`) select amount from a", "amount"),
    ("a table that is not there", "select 1 from `p`.`d`.`order`", "Table not found"),
    ("a table of another dataset", "select 1 from `p`.`e`.`orders`", "Table not found"),
    ("two tables with the column", "select id from `p.d.orders` join `p.d.users` on true", "ambiguous"),
    ("an alias used in WHERE", "select amount * 2 as doubled from `p.d.orders` where doubled > 1", "doubled"),
    ("an alias used beside its definition", "select amount as a, a * 2 as b from `p.d.orders`", "Unrecognized name: a"),
    ("a dataset that is not there", "create table `p`.`e`.`t` as select 1 as a", "Not found: Dataset p.e"),
    # ---------- types
    ("text compared with a number", "select 1 from `p.d.orders` where country = 1", "No matching signature"),
    ("text added to a number", "select amount + country from `p.d.orders`", r"operator \+"),
    ("a number where text is wanted", "select substr(id, 1, 2) from `p.d.orders`", "function SUBSTR"),
    ("CASE of two types", "select case when true then id else country end from `p.d.orders`", "CASE"),
    ("UNION of two types", "select id from `p.d.orders` union all select country from `p.d.orders`", "incompatible types"),
    ("UNION of two widths", "select id from `p.d.orders` union all select id, name from `p.d.users`", "mismatched column count"),
    ("INSERT of the wrong type", "insert into `p.d.orders` (id) select country from `p.d.orders`", "type STRING"),
    ("INSERT of too few columns", "insert into `p.d.users` (id, name) select id from `p.d.orders`", "column"),
    ("MERGE that sets the wrong type", "merge `p.d.users` t using `p.d.orders` s on t.id = s.id when matched then update set name = s.amount", "name"),
    ("a timestamp compared with a date", "select 1 from `p.d.orders` where placed_at > current_date()", "No matching signature"),
    ("arrays compared", "select 1 from `p.d.orders` where tags = ['a']", "not defined"),
    ("JSON grouped by", "select payload, count(*) from `p.d.users` group by payload", "JSON"),
    ("a window partitioned by a float", "select row_number() over (partition by score order by id) from `p.d.users`", "FLOAT64"),
    # ---------- arguments and functions
    ("too few arguments", "select date_diff(born, born) from `p.d.users`", "DATE_DIFF"),
    ("a unit as text", "select timestamp_trunc(placed_at, 'day') from `p.d.orders`", "date part"),
    ("a function of another engine", "select dateadd(day, 1, placed_at) from `p.d.orders`", "Function not found: dateadd"),
    ("DuckDB's list functions", "select list_contains(tags, 'a') from `p.d.orders`", "Function not found"),
    ("Spark's element_at", "select element_at(tags, 1) from `p.d.orders`", "Function not found"),
    ("a ZetaSQL function that BigQuery lacks", "select array_sum([1, 2])", "Function not found: array_sum"),
    ("an aggregate without GROUP BY", "select country, id, sum(amount) from `p.d.orders` group by country", "neither grouped"),
    ("an aggregate in WHERE", "select id from `p.d.orders` where sum(amount) > 1", "Aggregate function SUM not allowed"),
    # ---------- DuckDB and Spark
    ("a :: cast", "select amount::string from `p.d.orders`", "Syntax error"),
    ("ILIKE", "select id from `p.d.orders` where country ilike 'g%'", "ILIKE"),
    ("VARCHAR", "select cast(id as varchar) from `p.d.orders`", "Type not found: varchar"),
    ("DOUBLE", "select cast(id as double) from `p.d.orders`", "Type not found: double"),
    ("quotes around a name", 'select "id" + 1 from `p.d.orders`', "literal"),
    ("EXCLUDE", "select * exclude (id) from `p.d.orders`", "Syntax error"),
    ("FILTER of an aggregate", "select count(*) filter (where id > 1) from `p.d.orders`", "Syntax error"),
    ("RLIKE", "select id from `p.d.orders` where country rlike 'g'", "Syntax error"),
    ("a lambda", "select list_transform(tags, x -> upper(x)) from `p.d.orders`", "."),
    ("LEFT ANTI JOIN", "select * from `p.d.orders` o left anti join `p.d.users` u on o.id = u.id", "Syntax error"),
    ("INSERT BY NAME", "insert into `p.d.users` by name select id from `p.d.orders`", "Syntax error"),
    ("RETURNING", "delete from `p.d.orders` where true returning id", "."),
    ("USING DELTA", "create table `p.d.t` (id int64) using delta", "Syntax error"),
    ("DELETE USING", "delete from `p.d.orders` using `p.d.users` where true", "Syntax error"),
    # ---------- what the service refuses
    ("a reserved column name", "create table `p.d.t` as select _FILE_NAME as _file_name from `p.d.files`", "Invalid field name"),
    ("two columns of one name", "create table `p.d.t` as select 1 as a, 2 as A", "Duplicate"),
    ("DELETE without WHERE", "delete from `p.d.orders`", "WHERE"),
    ("MERGE into an external table", "merge `p.d.files` t using `p.d.files` s on false when not matched then insert row", "EXTERNAL"),
    ("a view over a table", "create or replace view `p.d.orders` as select 1 as a", "currently a TABLE"),
    ("a table that is there already", "create table `p.d.orders` as select 1 as a", "Already Exists"),
    ("DROP TABLE of a view", "drop table `p.d.a_view`", "VIEW"),
    ("a partition by a bare timestamp", "create table `p.d.t` partition by moment as select current_timestamp() as moment", "PARTITION BY"),
    ("a partition by hour of a date", "create table `p.d.t` partition by date_trunc(day, hour) as select current_date() as day", "."),
    ("clustered by a float", "create table `p.d.t` cluster by a as select 0.5 as a", "CLUSTER BY"),
    ("five columns to cluster by", "create table `p.d.t` cluster by a, b, c, d, e as select 1 a, 1 b, 1 c, 1 d, 1 e", "at most four"),
    ("another partitioning on replace", "create or replace table `p.d.orders` partition by day as select current_date() as day", "partitioning spec"),
    ("a temporary table outside of a script", "create temp table t as select 1 as a", "script"),
    ("DDL in a transaction", "begin transaction; create table `p.d.t` as select 1 as a; commit transaction", "transaction"),
    ("a label in capitals", "create table `p.d.t` options (labels = [('Team', 'x')]) as select 1 as a", "Label"),
    # ---------- options and connections
    ("an option that is not there", "create table `p.d.t` options (descripton = 'x') as select 1 as a", "Unknown option"),
    ("an Iceberg table with JSON", "create table `p.d.t` with connection default options (file_format = 'PARQUET', table_format = 'ICEBERG', storage_uri = 'gs://b/t') as select payload from `p.d.users`", "cannot hold"),
    ("an Iceberg table that is replaced", "create or replace table `p.d.t` with connection default options (file_format = 'PARQUET', table_format = 'ICEBERG', storage_uri = 'gs://b/t') as select 1 as a", "is not replaced"),
    ("an option of the wrong type", "create table `p.d.t` options (description = 5) as select 1 as a", "description"),
    ("an option of another kind of thing", "create view `p.d.v` options (require_partition_filter = true) as select 1 as a", "Unknown option"),
    ("a table option on a column", "create table `p.d.t` (a int64 options (labels = [('a', 'b')]))", "Unknown option"),
    ("a filter without a partition", "create table `p.d.t` options (require_partition_filter = true) as select 1 as a", "PARTITION BY"),
    ("an external table without format", "create external table `p.d.t` (a string) options (uris = ['gs://b/*'])", "format"),
    ("a format that is none", "create external table `p.d.t` (a string) options (format = 'CSVV', uris = ['gs://b/*'])", "CSVV"),
    ("S3 without a connection", "create external table `p.d.t` (a string) options (format = 'CSV', uris = ['s3://b/*'])", "CONNECTION"),
    ("a connection that is not there", "create external table `p.d.t` (a string) with connection `us.lakee` options (format = 'CSV', uris = ['gs://b/*'])", "Connection not found"),
    ("metadata cached without a connection", "create external table `p.d.t` (a string) options (format = 'CSV', uris = ['gs://b/*'], metadata_cache_mode = 'MANUAL', max_staleness = interval 1 hour)", "CONNECTION"),
    ("an object table without a connection", "create external table `p.d.t` options (object_metadata = 'SIMPLE', uris = ['gs://b/*'])", "CONNECTION"),
    ("an object table on S3", "create external table `p.d.t` with connection `us.lake` options (object_metadata = 'SIMPLE', uris = ['s3://b/*'])", "Cloud Storage"),
    ("a remote model without a connection", "create model `p.d.m` remote options (endpoint = 'gemini-3.1-flash-lite')", "."),
    ("a remote model without an endpoint", "create model `p.d.m` remote with connection `us.lake` options (description = 'x')", "ENDPOINT"),
    ("a service that is none", "create model `p.d.m` remote with connection `us.lake` options (remote_service_type = 'CLOUD_AI_VISION_V2')", "CLOUD_AI_VISION_V2"),
    ("REMOTE CONNECTION", "create model `p.d.m` remote connection `us.lake` options (endpoint = 'x')", "Syntax error"),
    ("a vector index on a text", "create vector index i on `p.d.orders`(country) options (index_type = 'IVF')", "ARRAY<FLOAT64>"),
    ("a vector index without a type", "create vector index i on `p.d.vectors`(embedding) options (distance_type = 'COSINE')", "index_type"),
    # ---------- models and their functions
    ("a model that is not there", "select * from ai.generate_text(model `p.d.gemni`, (select 'x' as prompt), struct(1 as max_output_tokens))", "Model not found"),
    ("a model of another kind", "select * from ai.generate_text(model `p.d.embedder`, (select 'x' as prompt))", "text generation endpoint"),
    ("no prompt", "select * from ai.generate_text(model `p.d.gemini`, (select 'x' as question), struct(1 as max_output_tokens))", "prompt"),
    ("a prompt that is a number", "select * from ai.generate_text(model `p.d.gemini`, (select 1 as prompt))", "prompt"),
    ("an option that the function lacks", "select * from ai.generate_text(model `p.d.gemini`, (select 'x' as prompt), struct(true as flatten_json_output))", "flatten_json_output"),
    ("an option of the wrong type in STRUCT", "select * from ai.generate_text(model `p.d.gemini`, (select 'x' as prompt), struct('96' as max_output_tokens))", "max_output_tokens"),
    ("the older function's column", "select ml_generate_text_llm_result from ai.generate_text(model `p.d.gemini`, (select 'x' as prompt))", "Unrecognized name"),
    ("a column that was not passed on", "select id from ai.generate_text(model `p.d.gemini`, (select country as prompt from `p.d.orders`))", "Unrecognized name: id"),
    ("the table function as a scalar", "select ai.generate_text(model `p.d.gemini`, country) from `p.d.orders`", "."),
    ("a picture function over a query", "select * from ml.annotate_image(model `p.d.vision`, (select * from `p.d.images`), struct(['LABEL_DETECTION'] as vision_features))", "object table"),
    ("a picture function over a plain table", "select * from ml.annotate_image(model `p.d.vision`, table `p.d.orders`, struct(['LABEL_DETECTION'] as vision_features))", "object table"),
    ("a vision feature that is none", "select * from ml.annotate_image(model `p.d.vision`, table `p.d.images`, struct(['LABELS'] as vision_features))", "LABELS"),
    ("the content of an object selected", "select data from `p.d.images`", "ML.DECODE_IMAGE"),
    ("a wrong named argument", "select * from vector_search(table `p.d.vectors`, 'embedding', table `p.d.vectors`, topk => 5)", "topk"),
    ("a vector column that is not there", "select * from vector_search(table `p.d.vectors`, 'vector', table `p.d.vectors`, top_k => 5)", "vector"),
    ("a vector column that is none", "select * from vector_search(table `p.d.orders`, 'country', table `p.d.vectors`)", "column_to_search"),
    ("a metric that is none", "select * from vector_search(table `p.d.vectors`, 'embedding', table `p.d.vectors`, distance_type => 'L2')", "distance_type"),
    ("AI.GENERATE without a prompt", "select ai.generate(endpoint => 'gemini-3.1-flash-lite')", "GENERATE"),
    ("a field that the output schema lacks", "select ai.generate('x', output_schema => 'label STRING').score", "score"),
    ("an output schema of no type", "select ai.generate('x', output_schema => 'label TEXT')", "output_schema"),
    # ---------- scripts
    ("an undeclared variable", "begin set n = 1; end", "Undeclared variable: n"),
    ("a variable of the wrong type", "declare n int64; set n = 'x'", "n|variable"),
    ("a condition that is no condition", "declare n int64; if n then select 1; end if", "BOOL"),
    ("a mistake inside a block", "begin select 1; exception when error then select totl from `p.d.orders`; end", "totl"),
    ("a call of no procedure", "call bq.refresh_metadata_cache('p.d.t')", "."),
    ("a wrong argument of a procedure", "call bq.refresh_external_metadata_cache(5)", "."),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "says"), [pytest.param(sql, says, id=kind) for kind, sql, says in WRONG])
def test_wrong_statements_are_refused(shop: Warehouse, sql: str, says: str) -> None:
    """Each is refused, for the reason that it is wrong, and leaves the warehouse as it was."""
    before = shop.copy()
    with pytest.raises(Refused, match=rf"(?is){says}") as refused:
        Analyzer(shop).run(sql)
    assert "broke down" not in refused.value.message
    assert shop == before


def test_there_are_enough_of_them() -> None:
    assert len(WRONG) >= 40
    assert len({kind for kind, _, _ in WRONG}) == len(WRONG)


RIGHT: list[str] = [
    "select country, count(*) as n from `p`.`d`.`orders` group by country qualify row_number() over (order by count(*) desc) = 1",
    "select * except (payload) replace (upper(name) as name) from `p.d.users`",
    "select orders.id from `p.d.orders`",
    "from `p.d.orders` |> where amount > 0 |> aggregate sum(amount) as total group by country",
    "select json_value(payload, '$.a') as a, safe_cast(name as int64) as n, max_by(name, id) as x from `p.d.users` group by 1, 2",
    "select id, body, _FILE_NAME as path from `p.d.files`",
    "create or replace table `p.d.t` partition by timestamp_trunc(moment, day) cluster by id options (require_partition_filter = true, labels = [('a', 'b')]) as select current_timestamp() as moment, 1 as id",
    "create table `p.d.t` (id int64 not null options (description = 'x'), v array<float64>, s struct<a bigint, b string>)",
    "create external table `p.d.t` (a string) with partition columns (day date) with connection `us.lake` options (format = 'CSV', uris = ['s3://b/x/*'], hive_partition_uri_prefix = 's3://b/x', max_staleness = interval 1 hour, metadata_cache_mode = 'AUTOMATIC')",
    "create external table `p.d.t` with connection default options (object_metadata = 'SIMPLE', uris = ['gs://b/*.jpg'])",
    "create connection if not exists `us.other` options (connection_type = 'CLOUD_RESOURCE', description = 'x')",
    "create or replace model `p.d.m` remote with connection default options (endpoint = 'gemini-3.1-flash-lite')",
    "create or replace model `p.d.m` input (f float64) output (score float64) remote with connection `us.lake` options (endpoint = 'https://x/y')",
    "create or replace model `p.d.m` options (model_type = 'LOGISTIC_REG', input_label_cols = ['big']) as select id, amount > 3 as big from `p.d.orders`",
    "create vector index i on `p.d.vectors`(embedding) storing (id) options (index_type = 'IVF', distance_type = 'COSINE')",
    "with a as (select id, country as prompt from `p.d.orders`), b as (select * from ai.generate_text(model `p.d.gemini`, (select * from a), struct(96 as max_output_tokens, 0 as temperature))) select id, prompt, result, status from b",
    "select id, embedding, status from ai.generate_embedding(model `p.d.embedder`, (select id, country as content from `p.d.orders`), struct('CLUSTERING' as task_type))",
    "select * from ml.predict(model `p.d.churn`, table `p.d.orders`, struct(0.5 as threshold))",
    "select uri, json_value(ml_annotate_image_result, '$.a') as a from ml.annotate_image(model `p.d.vision`, table `p.d.images`, struct(['label_detection'] as vision_features)) where ml_annotate_image_status = ''",
    "select base.id, query.id as q, distance from vector_search(table `p.d.vectors`, 'embedding', (select * from `p.d.vectors` where id = 1), top_k => 5, distance_type => 'COSINE', options => '{\"use_brute_force\": true}')",
    "select base.id, distance from vector_search(table `p.d.vectors`, 'embedding', query_value => [0.1, 0.2], top_k => 5)",
    "select ml.resize_image(ml.decode_image(data), 224, 224, false) as input, uri from `p.d.images`",
    "select ai.generate(('about ', country), output_schema => 'label STRING, score FLOAT64', endpoint => 'gemini-3.1-flash-lite').score from `p.d.orders`",
    "select uri, size from obj.list('gs://b/prefix')",
    "select uri, signed_url from external_object_transform(table `p.d.images`, ['SIGNED_URL'])",
    "call bq.refresh_external_metadata_cache('p.d.files')",
    "select table_name from `p`.`d`.INFORMATION_SCHEMA.TABLES where table_type = 'VIEW'",
    "select total_slot_ms from `region-us`.INFORMATION_SCHEMA.JOBS_BY_PROJECT",
    "declare n, m int64; declare total numeric default 0; set (n, m) = (select as struct count(*), 1 from `p.d.orders`); begin transaction; insert into `p.d.vectors` (id) values (n); commit transaction; while n > 0 do set n = n - 1; end while",
    "create temp table t as select 1 as a; select a from t; drop table t",
    "begin select 1; exception when error then select @@error.message; raise using message = @@error.message; end",
    "for each_row in (select id from `p.d.orders`) do select each_row.id; end for",
]  # fmt: skip


@pytest.mark.parametrize("sql", RIGHT)
def test_right_statements_are_taken(shop: Warehouse, sql: str) -> None:
    """The refusals are not had by refusing everything."""
    assert Analyzer(shop).run(sql)
