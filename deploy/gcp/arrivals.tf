# A message for each object that arrives in the inbox: to a topic that anyone may subscribe to, and by Eventarc to a service.
resource "google_pubsub_topic" "arrivals" {
  name                       = "${var.name}-arrivals"
  message_retention_duration = "604800s"
}

data "google_storage_project_service_account" "storage" {}

resource "google_pubsub_topic_iam_member" "storage_publishes" {
  topic  = google_pubsub_topic.arrivals.name
  role   = "roles/pubsub.publisher"
  member = "serviceAccount:${data.google_storage_project_service_account.storage.email_address}"
}

resource "google_storage_notification" "inbox" {
  bucket             = google_storage_bucket.landing.name
  topic              = google_pubsub_topic.arrivals.id
  event_types        = ["OBJECT_FINALIZE"]
  object_name_prefix = "inbox/"
  payload_format     = "JSON_API_V1"
  depends_on         = [google_pubsub_topic_iam_member.storage_publishes]
}

variable "arrivals_service" {
  description = "Cloud Run service that is called for each arrival; empty for none."
  type        = string
  default     = ""
}

resource "google_service_account" "arrivals" {
  count        = var.arrivals_service == "" ? 0 : 1
  account_id   = "${var.name}-arrivals"
  display_name = "Lakeweave: calls the arrivals service"
}

resource "google_cloud_run_v2_service_iam_member" "arrivals_calls" {
  count    = var.arrivals_service == "" ? 0 : 1
  name     = var.arrivals_service
  location = var.location
  role     = "roles/run.invoker"
  member   = "serviceAccount:${google_service_account.arrivals[0].email}"
}

resource "google_project_iam_member" "arrivals_receives" {
  count   = var.arrivals_service == "" ? 0 : 1
  project = var.project
  role    = "roles/eventarc.eventReceiver"
  member  = "serviceAccount:${google_service_account.arrivals[0].email}"
}

resource "google_eventarc_trigger" "arrivals" {
  count           = var.arrivals_service == "" ? 0 : 1
  name            = "${var.name}-arrivals"
  location        = var.location
  service_account = google_service_account.arrivals[0].email

  matching_criteria {
    attribute = "type"
    value     = "google.cloud.pubsub.topic.v1.messagePublished"
  }

  transport {
    pubsub {
      topic = google_pubsub_topic.arrivals.id
    }
  }

  destination {
    cloud_run_service {
      service = var.arrivals_service
      region  = var.location
    }
  }
}
