# Paceline on Google Cloud: a network, a scheduler, servers and workers of Debian 12.
# README.md beside this says what to prepare. Not run.
terraform {
  required_version = ">= 1.3"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 5.0"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
  zone    = var.zone
}

locals {
  # Addresses are fixed beforehand: they are in the certificates.
  scheduler = { scheduler = cidrhost(var.subnet, 10) }
  servers   = { for i in range(var.servers) : "server${i + 1}" => cidrhost(var.subnet, 20 + i) }
  workers   = { for i in range(var.workers) : "worker${i + 1}" => cidrhost(var.subnet, 120 + i) }

  roles = merge(
    { for name, address in local.scheduler : name => { role = "scheduler", address = address } },
    { for name, address in local.servers : name => { role = "server", address = address } },
    { for name, address in local.workers : name => { role = "worker", address = address } },
  )
  machine_type = {
    scheduler = "e2-standard-2"
    server    = var.server_machine_type
    worker    = var.worker_machine_type
  }
}

resource "google_compute_network" "paceline" {
  name                    = "paceline"
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "paceline" {
  name          = "paceline"
  network       = google_compute_network.paceline.id
  ip_cidr_range = var.subnet
}

# Daemons among themselves: the table in deploy/README.md.
resource "google_compute_firewall" "cluster" {
  name        = "paceline-cluster"
  network     = google_compute_network.paceline.name
  source_tags = ["paceline"]
  target_tags = ["paceline"]
  allow {
    protocol = "tcp"
    ports    = ["7070-7072"]
  }
}

# Operators and users.
resource "google_compute_firewall" "clients" {
  name          = "paceline-clients"
  network       = google_compute_network.paceline.name
  source_ranges = var.client_ranges
  target_tags   = ["paceline"]
  allow {
    protocol = "tcp"
    ports    = ["22", "7070-7072"]
  }
}

# Packages come from Debian's mirrors, without addresses of the machines' own.
resource "google_compute_router" "paceline" {
  name    = "paceline"
  network = google_compute_network.paceline.id
}

resource "google_compute_router_nat" "paceline" {
  name                               = "paceline"
  router                             = google_compute_router.paceline.name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"
}

# The scheduler's journal and the servers' cuts outlive their machines.
resource "google_compute_disk" "data" {
  for_each = merge(local.scheduler, local.servers)
  name     = "paceline-${each.key}-data"
  type     = "pd-ssd"
  size     = var.data_gb
}

resource "google_compute_instance" "paceline" {
  for_each     = local.roles
  name         = "paceline-${each.key}"
  machine_type = local.machine_type[each.value.role]
  tags         = ["paceline"]

  boot_disk {
    initialize_params {
      image = "debian-cloud/debian-12"
      size  = 20
    }
  }

  dynamic "attached_disk" {
    for_each = contains(keys(google_compute_disk.data), each.key) ? [google_compute_disk.data[each.key]] : []
    content {
      source      = attached_disk.value.id
      device_name = "paceline-data"
    }
  }

  network_interface {
    subnetwork = google_compute_subnetwork.paceline.id
    network_ip = each.value.address
  }

  # Workers, and servers of jobs with checkpoint.replicas, may be taken away at any time.
  scheduling {
    provisioning_model          = var.spot && each.value.role == "worker" ? "SPOT" : "STANDARD"
    preemptible                 = var.spot && each.value.role == "worker"
    automatic_restart           = !(var.spot && each.value.role == "worker")
    instance_termination_action = var.spot && each.value.role == "worker" ? "STOP" : null
  }

  metadata = {
    user-data = templatefile("${path.module}/../cloud-init/${each.value.role}.yaml", {
      package_url    = var.package_url
      package_sha256 = var.package_sha256
      scheduler      = local.scheduler["scheduler"]
      memory_limit   = var.memory_limit
      slots          = var.slots
      cloud          = "gcp"
      data_device    = "/dev/disk/by-id/google-paceline-data"
      ca_crt         = filebase64("${var.pki}/${each.value.role}-${each.key}/ca.crt")
      tls_crt        = filebase64("${var.pki}/${each.value.role}-${each.key}/tls.crt")
      tls_key        = filebase64("${var.pki}/${each.value.role}-${each.key}/tls.key")
    })
  }
}

output "scheduler" {
  description = "For pacectl --address, from inside client_ranges."
  value       = "${local.scheduler["scheduler"]}:7070"
}
