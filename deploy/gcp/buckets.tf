# What was delivered is kept: versions of it for a while, and the archive in a cheaper class.
resource "google_storage_bucket" "landing" {
  name                        = "${var.name}-landing"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = var.days_of_old_versions
    }
    action {
      type = "Delete"
    }
  }

  lifecycle_rule {
    condition {
      age            = 60
      matches_prefix = ["archive/"]
    }
    action {
      type          = "SetStorageClass"
      storage_class = "NEARLINE"
    }
  }
}

# Iceberg tables of bronze and silver, and the published gold. BigQuery takes away the files of its tables itself.
resource "google_storage_bucket" "lake" {
  name                        = "${var.name}-lake"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = var.days_of_old_versions
    }
    action {
      type = "Delete"
    }
  }
}

resource "google_storage_bucket_iam_member" "dbt_reads_landing" {
  bucket = google_storage_bucket.landing.name
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:${google_service_account.dbt.email}"
}

resource "google_storage_bucket_iam_member" "dbt_publishes" {
  bucket = google_storage_bucket.lake.name
  role   = "roles/storage.objectUser"
  member = "serviceAccount:${google_service_account.dbt.email}"
}
