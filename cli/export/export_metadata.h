// What an export says of itself, in the metadata of its safetensors file:
//
//   job, job_id, cut_id   where it comes from
//   model                 the model section of the job, as JSON
//   data                  its data section, without paths, with the features and classes
//                         that training found
//   seed                  train.seed, of which rows that the file lacks have their values
//
// Pure functions. Thread-safe.
#ifndef PACELINE_CLI_EXPORT_EXPORT_METADATA_H_
#define PACELINE_CLI_EXPORT_EXPORT_METADATA_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/safetensors_header.h"
#include "proto/job.pb.h"
#include "proto/node.pb.h"

namespace paceline::cli {

// Of a manifest without a spec: job, job_id and cut_id alone.
TensorMetadata ExportMetadata(const v1::CutManifest& manifest);

// The job whose model the export `path` holds: model, data and train.seed, with defaults.
// Errors name the file.
// Errors: InvalidArgument  the metadata do not say it, or are none that this program reads.
absl::StatusOr<v1::JobSpec> ExportedJob(const std::string& path, const TensorMetadata& metadata);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_EXPORT_EXPORT_METADATA_H_
