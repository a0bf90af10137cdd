"""What dbt-databricks sends, run by open-source Spark with Delta."""
