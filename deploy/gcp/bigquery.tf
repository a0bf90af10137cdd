locals {
  datasets = toset(["bronze", "silver", "gold", "ml", "ledger", "seeds", "snapshots", "thelook", "listings", "marketplace", "yoga", "grocery"])
}

resource "google_bigquery_dataset" "layer" {
  for_each                   = local.datasets
  dataset_id                 = each.value
  location                   = var.location
  description                = "Lakeweave: ${each.value}."
  delete_contents_on_destroy = false
}

resource "google_bigquery_dataset_iam_member" "dbt_writes" {
  for_each   = local.datasets
  dataset_id = google_bigquery_dataset.layer[each.value].dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = "serviceAccount:${google_service_account.dbt.email}"
}

resource "google_bigquery_dataset_iam_member" "analysts_read" {
  for_each   = { for pair in setproduct(["silver", "gold"], var.analysts) : join("/", pair) => pair }
  dataset_id = google_bigquery_dataset.layer[each.value[0]].dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.value[1]
}

# Reads files and objects; writes the Iceberg tables.
resource "google_bigquery_connection" "lake" {
  connection_id = "${var.name}-lake"
  location      = var.location
  description   = "BigQuery reads the landing bucket and keeps Iceberg tables in the lake by this."
  cloud_resource {}
}

resource "google_storage_bucket_iam_member" "connection_reads_landing" {
  bucket = google_storage_bucket.landing.name
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:${google_bigquery_connection.lake.cloud_resource[0].service_account_id}"
}

resource "google_storage_bucket_iam_member" "connection_writes_lake" {
  bucket = google_storage_bucket.lake.name
  role   = "roles/storage.objectUser"
  member = "serviceAccount:${google_bigquery_connection.lake.cloud_resource[0].service_account_id}"
}

resource "google_storage_bucket_iam_member" "connection_sees_lake" {
  bucket = google_storage_bucket.lake.name
  role   = "roles/storage.legacyBucketReader"
  member = "serviceAccount:${google_bigquery_connection.lake.cloud_resource[0].service_account_id}"
}

resource "google_bigquery_connection_iam_member" "dbt_uses_lake" {
  project       = var.project
  location      = var.location
  connection_id = google_bigquery_connection.lake.connection_id
  role          = "roles/bigquery.connectionUser"
  member        = "serviceAccount:${google_service_account.dbt.email}"
}

# Calls models: Gemini, embeddings, Vision.
resource "google_bigquery_connection" "models" {
  connection_id = "${var.name}-models"
  location      = var.location
  description   = "BigQuery calls models by this."
  cloud_resource {}
}

resource "google_project_iam_member" "connection_calls_models" {
  for_each = toset(["roles/aiplatform.user", "roles/serviceusage.serviceUsageConsumer"])
  project  = var.project
  role     = each.value
  member   = "serviceAccount:${google_bigquery_connection.models.cloud_resource[0].service_account_id}"
}

resource "google_bigquery_connection_iam_member" "dbt_uses_models" {
  project       = var.project
  location      = var.location
  connection_id = google_bigquery_connection.models.connection_id
  role          = "roles/bigquery.connectionUser"
  member        = "serviceAccount:${google_service_account.dbt.email}"
}

# Reads S3. Its identity goes into deploy/aws (BigQueryIdentity) and into vars.connections.
resource "google_bigquery_connection" "aws" {
  count         = var.aws_role == "" ? 0 : 1
  connection_id = "${var.name}-aws"
  location      = var.location
  description   = "BigQuery reads S3 by this."
  aws {
    access_role {
      iam_role_id = var.aws_role
    }
  }
}

resource "google_bigquery_connection_iam_member" "dbt_uses_aws" {
  count         = var.aws_role == "" ? 0 : 1
  project       = var.project
  location      = var.location
  connection_id = google_bigquery_connection.aws[0].connection_id
  role          = "roles/bigquery.connectionUser"
  member        = "serviceAccount:${google_service_account.dbt.email}"
}
