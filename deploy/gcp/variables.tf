variable "project" {
  description = "The Google Cloud project."
  type        = string
}

variable "location" {
  description = "Where everything is: one location for buckets, datasets and connections. us-east4 lies beside AWS us-east-1."
  type        = string
  default     = "us-east4"
}

variable "name" {
  description = "Begins the name of every bucket and account."
  type        = string
  default     = "lakeweave"
}

variable "analysts" {
  description = "Members who read silver and gold, as user:… or group:…."
  type        = list(string)
  default     = []
}

variable "aws_role" {
  description = "The role that deploy/aws makes (BigQueryRoleArn); empty where nothing is on AWS."
  type        = string
  default     = ""
}

variable "convert_to_usd_image" {
  description = "Image of deploy/gcp/convert_to_usd; empty where the function is not wanted."
  type        = string
  default     = ""
}

variable "days_of_old_versions" {
  description = "Days after which a version that was replaced or deleted is gone for good."
  type        = number
  default     = 30
}
