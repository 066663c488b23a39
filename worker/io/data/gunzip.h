// Unpacks a gzip file (RFC 1952, one or more members) piece by piece.
#ifndef PACELINE_WORKER_IO_DATA_GUNZIP_H_
#define PACELINE_WORKER_IO_DATA_GUNZIP_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/fs.h"

namespace paceline::worker {

// Hands the contents to `sink` in order, in pieces of at most 1 MiB; an error of
// the sink ends it and is returned. Memory: about 2 MiB.
// Errors:  InvalidArgument  not a gzip file.
//          DataLoss         cut off, or damaged (every member carries a CRC-32).
//          those of reading the file, and of `sink`.
absl::Status Gunzip(const ReadableFile& file,
                    absl::FunctionRef<absl::Status(absl::string_view)> sink);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_DATA_GUNZIP_H_
