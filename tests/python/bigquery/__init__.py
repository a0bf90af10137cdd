"""The BigQuery proof: what the dbt-bigquery adapter would send, read by Google's own SQL analyzer."""
