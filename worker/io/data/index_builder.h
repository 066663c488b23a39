// Builds the record index of a text file by one pass over it, or takes it from a
// cache folder.
#ifndef PACELINE_WORKER_IO_DATA_INDEX_BUILDER_H_
#define PACELINE_WORKER_IO_DATA_INDEX_BUILDER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/fs.h"
#include "worker/core/data/record_cache.h"
#include "worker/core/data/record_index.h"
#include "worker/core/data/record_parser.h"
#include "worker/core/data/text_format.h"
#include "worker/io/data/bad_records.h"
#include "worker/io/data/data_bytes.h"

namespace paceline::worker {

// The parser for this file, made from its first line.
// Errors:  InvalidArgument  no line, or it does not fit the job; names the file.
absl::StatusOr<std::unique_ptr<RecordParser>> MakeParser(const DataBytes& bytes,
                                                         const TextFormat& format);

// Reads and parses every record, in pieces of 1 MiB; good ones go into `cache` too
// as long as it has room.
// Errors:  those of BadRecordRule::Check, as soon as the rule is broken.
//          DataLoss  the file changed meanwhile. Those of reading.
absl::StatusOr<RecordIndex> BuildIndex(const DataBytes& bytes, const TextFormat& format,
                                       const RecordParser& parser, const BadRecordRule& rule,
                                       RecordCache* cache);

// As BuildIndex, but takes an index that was stored in `dir` for the same file
// (path, size, modification time) and format, and stores the one it builds, in
// `<dir>/<hash>.index`. A stored index that is damaged or for something else is
// built anew. That it cannot be stored is logged, no error. Empty `dir`: no cache.
absl::StatusOr<RecordIndex> LoadOrBuildIndex(FileSystem* fs, const std::string& dir,
                                             const DataBytes& bytes, const TextFormat& format,
                                             const RecordParser& parser, const BadRecordRule& rule,
                                             RecordCache* cache);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_DATA_INDEX_BUILDER_H_
