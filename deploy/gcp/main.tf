# What:  what Lakeweave needs on Google Cloud: buckets, datasets, connections and who may use them, messages about arrivals.
# How:   terraform -chdir=deploy/gcp init && terraform -chdir=deploy/gcp apply -var project=my-project
# Rules: no key anywhere; each account may do what its work needs, on the bucket or dataset that it needs; nothing is public.
terraform {
  required_version = ">= 1.6"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.location
}

# The identity that runs dbt in production.
resource "google_service_account" "dbt" {
  account_id   = "${var.name}-dbt"
  display_name = "Lakeweave: dbt"
}

resource "google_project_iam_member" "dbt_runs_queries" {
  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = "serviceAccount:${google_service_account.dbt.email}"
}
