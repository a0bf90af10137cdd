output "landing_gcs" {
  description = "vars.landing_gcs"
  value       = "gs://${google_storage_bucket.landing.name}"
}

output "gold_bucket_gcs" {
  description = "vars.gold_bucket_gcs"
  value       = "gs://${google_storage_bucket.lake.name}/gold"
}

output "iceberg_storage" {
  description = "vars.iceberg_storage"
  value       = "gs://${google_storage_bucket.lake.name}/iceberg"
}

output "gcs_connection" {
  description = "vars.gcs_connection"
  value       = "${var.location}.${google_bigquery_connection.lake.connection_id}"
}

output "aws_identity" {
  description = "BigQueryIdentity of deploy/aws, and vars.connections.<aws_connection>.identity"
  value       = one(google_bigquery_connection.aws[*].aws[0].access_role[0].identity)
}

output "convert_to_usd_endpoint" {
  description = "endpoint of `dbt run-operation create_convert_to_usd`"
  value       = one(google_cloud_run_v2_service.convert_to_usd[*].uri)
}
