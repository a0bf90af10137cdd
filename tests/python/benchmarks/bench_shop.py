"""The shop from files to gold: `dbt run` against a DuckDB script written by hand that does the same work.

``python -m tests.python.benchmarks.bench_shop [--scale 1] [--rounds 3]``

The script reads the same files, cleans, deduplicates, types and standardizes the same columns, keeps bronze, silver and gold
as tables, and computes the same aggregates. It accounts for nothing: no hashes, no independent counts, no rejected
records, no ledger, no increments, no documentation. The two run in turn, each in a process of its own and on an empty
warehouse; the ratio is the figure.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.python.support import ROOT, Workspace

SCRIPT = r'''
import sys, duckdb
landing, warehouse = sys.argv[1:]
con = duckdb.connect(warehouse, config={"threads": 2, "memory_limit": "6GB"})
con.execute("set timezone = 'UTC'")
for schema in ("bronze", "silver", "gold", "seeds"):
    con.execute(f"create schema {schema}")
for seed in ("null_sentinels", "currency_symbols", "standard_spellings", "exchange_rates"):
    con.execute(f"create table seeds.{seed} as select * from read_csv('seeds/{seed}.csv')")
MONEY = {"cost", "retail_price", "sale_price", "product_retail_price"}
TIMES = {"created_at", "shipped_at", "delivered_at", "returned_at", "sold_at"}
FORMATS = "['%Y-%m-%d %H:%M:%S','%m/%d/%Y %H:%M:%S','%b %d %Y %H:%M:%S','%B %d, %Y %H:%M:%S','%Y/%m/%d %H:%M:%S','%m-%d-%Y %H:%M:%S','%d %b %Y %H:%M:%S']"
WHOLE = {"age", "num_of_item", "sequence_number"}
SPELLED = {"gender": "gender", "country": "country", "category": "category", "department": "department", "status": "order_status",
           "browser": "browser", "product_category": "category", "product_department": "department"}
REPAIR = {"first_name", "last_name", "city", "state", "street_address", "name", "brand", "product_name", "product_brand"}

def clean(c):
    return (f"case when not list_contains((select list(lower(sentinel)) from seeds.null_sentinels), lower(trim({c})))"
            f" then nullif(trim({c}), '') end")

def title(c):
    return (f"case when {c} = upper({c}) or {c} = lower({c}) then array_to_string(list_transform(string_split(lower({c}), ' '),"
            f" lambda w: array_to_string(list_transform(string_split(w, '-'), lambda p: upper(p[1]) || p[2:]), '-')), ' ') else {c} end")

def spelled(table, c):
    domain = SPELLED.get(c) or ("user_traffic_source" if table == "users" else "event_traffic_source")
    return f"coalesce((select max(standard) from seeds.standard_spellings s where s.domain = '{domain}' and lower(s.spelling) = lower({c})), {c})"

for table in ("distribution_centers", "products", "users", "orders", "order_items", "inventory_items", "events"):
    pattern = f"{landing}/gcp/inbox/{table}/*.csv"
    columns = [row[0] for row in con.execute(f"describe select * from read_csv('{pattern}', all_varchar=true)").fetchall()]
    cells = []
    for c in columns:
        if c in MONEY:
            cells.append(f"coalesce(nullif(regexp_replace({clean(c)}, '[^0-9.+-]', '', 'g'), ''), {clean(c)}) as {c}")
            cells.append(f"(select max(value_type) from seeds.currency_symbols s where lower(s.symbol) = lower(nullif(regexp_replace({clean(c)}, '[-+0-9., ]', '', 'g'), ''))) as {c}_value_type")
        else:
            cells.append(f"{clean(c)} as {c}")
    con.execute(f"""create table bronze.{table} as
        with raw as (select *, row_number() over () as n from read_csv('{pattern}', all_varchar=true, filename=true))
        select {", ".join(cells)}, filename, n, row_number() over (partition by filename, {", ".join("raw." + c for c in columns)} order by n) > 1 as is_repeat from raw""")
    key = "order_id" if table == "orders" else "id"
    typed = []
    for c in columns:
        if c in MONEY:
            typed += [f"try_cast({c} as decimal(28, 6)) as {c}", f"{c}_value_type"]
        elif c in TIMES:
            typed.append(f"coalesce(try_strptime({c}, {FORMATS}), try_cast({c} as timestamptz) at time zone 'UTC') as {c}")
        elif c == "id" or c.endswith("_id") and c != "session_id" or c in WHOLE:
            typed.append(f"try_cast({c} as bigint) as {c}")
        elif c in ("latitude", "longitude"):
            typed.append(f"try_cast({c} as double) as {c}")
        elif c in SPELLED or c == "traffic_source":
            typed.append(f"{spelled(table, c)} as {c}")
        elif c in REPAIR:
            typed.append(f"{title(c)} as {c}")
        elif c in ("email", "event_type", "uri"):
            typed.append(f"lower({c}) as {c}")
        elif c in ("sku", "product_sku", "postal_code"):
            typed.append(f"upper({c}) as {c}")
        else:
            typed.append(c)
    keep = "where email is not null" if table == "users" else ""
    con.execute(f"""create table silver.{table} as select {", ".join(typed)} from (
        select * from bronze.{table} where not is_repeat
        qualify row_number() over (partition by try_cast({key} as bigint) order by filename desc, n desc) = 1) {keep}""")

con.execute("""create table gold.orders_enriched as
    select i.*, o.status as order_status, o.created_at as ordered_at, u.gender, u.city, u.state, u.country, u.traffic_source, u.age,
        p.name, p.category, p.brand, p.department, o.status not in ('Cancelled', 'Returned') as is_sold, o.status = 'Returned' as is_returned,
        case when coalesce(i.sale_price_value_type, 'dollars') = 'dollars' then i.sale_price
            else cast(round(i.sale_price::double * r.usd_per_unit, 6) as decimal(28, 6)) end as sale_price_usd
    from silver.order_items i left join silver.orders o using (order_id) left join silver.users u on i.user_id = u.id
    left join silver.products p on i.product_id = p.id
    left join seeds.exchange_rates r on r.value_type = i.sale_price_value_type and coalesce(o.created_at, i.created_at) >= r.valid_from
        and coalesce(o.created_at, i.created_at) < r.valid_to""")
con.execute("""create table gold.customer_metrics as
    with c as (select user_id, count(*) n, min(created_at) first_order_at, max(created_at) last_order_at from silver.orders group by 1),
    s as (select user_id, sum(case when is_sold then sale_price_usd else 0 end) total_spend, count(distinct case when is_sold then order_id end) k,
        count(*) filter (is_returned) returned, count(*) filter (is_sold or is_returned) bought from gold.orders_enriched group by 1)
    select u.id as user_id, email, country, n, total_spend, total_spend / nullif(k, 0) as avg_order_value, returned / nullif(bought, 0) as return_rate,
        first_order_at, last_order_at, date_diff('day', last_order_at, timestamp '2026-03-01') as days
    from silver.users u left join c on u.id = c.user_id left join s on u.id = s.user_id""")
con.execute("""create table gold.product_performance as
    with s as (select product_id, count(*) filter (is_sold) units_sold, sum(case when is_sold then sale_price_usd else 0 end) revenue,
        count(*) filter (is_returned) returned from gold.orders_enriched group by 1),
    t as (select product_id, count(*) stocked, count(sold_at) turned from silver.inventory_items group by 1)
    select p.*, s.*, turned / stocked as turnover from silver.products p left join s on p.id = s.product_id left join t on p.id = t.product_id""")
con.execute("""create table gold.daily_sales as
    with o as (select created_at::date d, count(*) n, count(distinct user_id) u from silver.orders where created_at is not null group by 1),
    r as (select ordered_at::date d, sum(case when is_sold then sale_price_usd else 0 end) revenue, count(*) filter (is_sold) items from gold.orders_enriched group by 1),
    f as (select first_order_at::date d, count(*) first_timers from (select min(created_at) first_order_at from silver.orders group by user_id) group by 1)
    select * from o left join r using (d) left join f using (d)""")
con.execute("""create table gold.cohort_retention as
    with o as (select user_id, traffic_source, date_trunc('month', o.created_at) m from silver.orders o join silver.users u on o.user_id = u.id where o.created_at is not null),
    f as (select user_id, min(m) c from o group by 1), a as (select distinct user_id, traffic_source, c, m from o join f using (user_id))
    select traffic_source, c, m, count(*) n from (select * from a union all select user_id, 'all', c, m from a) group by all""")
con.close()
'''


def timed(command: list[str], cwd: Path, env: dict[str, str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and the largest resident memory in GiB of one process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{output[-3000:]}")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--landing", type=Path, help="a landing zone that is there already")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lakeweave_bench_") as folder:
        root = Path(folder)
        landing = arguments.landing or root / "landing"
        if not landing.exists():
            subprocess.run(
                [sys.executable, "-m", "demo.landing", "--scale", str(arguments.scale), "--out", str(landing)],
                cwd=ROOT,
                check=True,
            )
        (root / "script.py").write_text(SCRIPT)
        ratios = []
        for number in range(arguments.rounds):
            workspace = Workspace.create(root / f"project{number}", landing.resolve())
            workspace.dbt("seed", "--quiet")
            run = workspace.command(
                "run",
                "--quiet",
                "--select",
                "bronze.thelook silver.thelook gold.shop",
                "--exclude",
                "+users_enriched,tag:ml users_enriched customer_churn_risk",
            )
            dbt, dbt_cpu, dbt_memory = timed(run, workspace.root, workspace.env())
            by_hand, hand_cpu, hand_memory = timed(
                [sys.executable, str(root / "script.py"), str(landing.resolve()), str(root / f"hand{number}.duckdb")],
                ROOT,
                dict(os.environ),
            )
            ratios.append(dbt / by_hand)
            print(
                f"round {number + 1}: dbt run {dbt:.1f} s ({dbt_cpu:.1f} s of processor, {dbt_memory:.1f} GiB),"
                f" by hand {by_hand:.1f} s ({hand_cpu:.1f}, {hand_memory:.1f}),"
                f" ratio {ratios[-1]:.2f}, of processor time {dbt_cpu / hand_cpu:.2f}",
                flush=True,
            )
        print(
            f"ratio, median of {len(ratios)}: {statistics.median(ratios):.2f} (min {min(ratios):.2f}, max {max(ratios):.2f})"
        )


if __name__ == "__main__":
    main()
