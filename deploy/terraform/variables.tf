variable "project" {
  description = "The project of Google Cloud."
  type        = string
}

variable "region" {
  type    = string
  default = "europe-west4"
}

variable "zone" {
  type    = string
  default = "europe-west4-a"
}

variable "subnet" {
  description = "Of all machines: at least 256 addresses."
  type        = string
  default     = "10.10.0.0/24"
}

variable "client_ranges" {
  description = "From where operators and users come: a VPN's addresses, not the internet's."
  type        = list(string)
}

variable "servers" {
  type    = number
  default = 2
}

variable "workers" {
  type    = number
  default = 2
}

variable "slots" {
  description = "Tasks at a time on each worker."
  type        = number
  default     = 1
}

variable "spot" {
  description = "Workers are spot machines."
  type        = bool
  default     = false
}

variable "server_machine_type" {
  type    = string
  default = "n2-standard-4"
}

variable "worker_machine_type" {
  type    = string
  default = "n2-standard-8"
}

variable "memory_limit" {
  description = "Bytes of tables on each server: four fifths of its memory."
  type        = string
  default     = "12GB"
}

variable "data_gb" {
  description = "Disk of the scheduler and of each server: cuts, and room for the next."
  type        = number
  default     = 100
}

variable "package_url" {
  description = "Where machines fetch the .deb of deploy/package.sh."
  type        = string
}

variable "package_sha256" {
  type = string
}

variable "pki" {
  description = "The folder of pacectl certs --dir."
  type        = string
}
