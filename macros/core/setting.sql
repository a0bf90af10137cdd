{#
    A variable of this project, with its default in one place: a project that installs this one as a package does not see
    the variables of our dbt_project.yml, only its own.
#}
{% macro setting(name) -%}
    {%- set defaults = {
        'as_of': 'now',
        'landing_path': 'landing',
        'landing_gcs': 'gs://lakeweave-landing',
        'landing_s3': 's3://lakeweave-landing',
        'gold_bucket': 'warehouse/gold',
        'gold_bucket_s3': 's3://lakeweave-gold',
        'gold_bucket_gcs': 'gs://lakeweave-gold',
        'inference_content_check': 1000,
        'iceberg': false,
        'iceberg_warehouse': 'warehouse/iceberg',
        'iceberg_storage': none,
        'gcs_connection': 'default',
        'aws_connection': 'us-east4.lakeweave-aws',
        'connections': {},
        'apply_externals': none,
        'own_externals': true,
        'databases': {},
        'ingestion_batch_bytes': 536870912,
        'production_targets': ['prod', 'production'],
        'shop_default_currency': 'dollars',
        'churn_after_days': 90,
        'recognised_from': 0.6,
        'computed_once': false,
        'timestamp_pivot': none,
        'timestamp_formats': [
            '%Y-%m-%d %H:%M:%S',
            '%m/%d/%Y %H:%M:%S',
            '%b %d %Y %H:%M:%S',
            '%B %d, %Y %H:%M:%S',
            '%Y/%m/%d %H:%M:%S',
            '%m-%d-%Y %H:%M:%S',
            '%d %b %Y %H:%M:%S',
        ],
    } -%}
    {{ return(var(name, defaults[name])) }}
{%- endmacro %}
