# The remote function's service. Only BigQuery's connection may call it.
resource "google_service_account" "convert_to_usd" {
  count        = var.convert_to_usd_image == "" ? 0 : 1
  account_id   = "${var.name}-convert-to-usd"
  display_name = "Lakeweave: convert_to_usd, which needs nothing"
}

resource "google_cloud_run_v2_service" "convert_to_usd" {
  count    = var.convert_to_usd_image == "" ? 0 : 1
  name     = "${var.name}-convert-to-usd"
  location = var.location
  ingress  = "INGRESS_TRAFFIC_ALL"

  template {
    service_account                  = google_service_account.convert_to_usd[0].email
    max_instance_request_concurrency = 16

    scaling {
      max_instance_count = 10
    }

    containers {
      image = var.convert_to_usd_image
    }
  }
}

resource "google_bigquery_connection" "functions" {
  count         = var.convert_to_usd_image == "" ? 0 : 1
  connection_id = "${var.name}-functions"
  location      = var.location
  description   = "BigQuery calls remote functions by this."
  cloud_resource {}
}

resource "google_cloud_run_v2_service_iam_member" "bigquery_calls_convert_to_usd" {
  count    = var.convert_to_usd_image == "" ? 0 : 1
  name     = google_cloud_run_v2_service.convert_to_usd[0].name
  location = var.location
  role     = "roles/run.invoker"
  member   = "serviceAccount:${google_bigquery_connection.functions[0].cloud_resource[0].service_account_id}"
}
