// Opens the data set that a job file names.
//
//   auto train = OpenDataset(spec.data().train(), spec.data(), &fs, index_dir);
//
// Limits of the data section apply to the file: a record with more than
// data.features features, or a label outside data.classes, is a bad record. To
// read evaluation data with the shape of the training data, set features in the
// spec from the training data first, and classes if the model has classes. A csv
// file must have exactly data.features feature columns, an idx or cifar10 file as many
// pixels; of a text file, a record is as many bytes.
//
// `form` is that of records with categories (category_parser.h); CategoryFormOf says what the
// model learns from.
//
// Everything in `index_dir` (record indexes, unpacked .gz files) can be deleted
// when no task runs; it is made again. Empty: nothing is stored, and a .gz file is
// held in memory. The folder may be shared by any number of tasks and jobs.
#ifndef PACELINE_WORKER_IO_DATA_OPEN_DATASET_H_
#define PACELINE_WORKER_IO_DATA_OPEN_DATASET_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/fs.h"
#include "proto/job.pb.h"
#include "worker/core/data/category_parser.h"
#include "worker/core/dataset.h"

namespace paceline::worker {

// Every error names the file.
// Errors:  NotFound, PermissionDenied, ...  the file cannot be opened.
//          InvalidArgument    empty, no records, does not fit the job, or (on_bad_record:
//                             fail) a bad record: `FILE:LINE: record N: reason`.
//          ResourceExhausted  more bad records than max_bad_records; names the first ten.
//          DataLoss           cut off or damaged.
absl::StatusOr<std::unique_ptr<Dataset>> OpenDataset(const v1::DataFile& file,
                                                     const v1::DataSpec& spec, FileSystem* fs,
                                                     const std::string& index_dir,
                                                     CategoryForm form = CategoryForm::kCsr);

// By fields for click models, else csr.
CategoryForm CategoryFormOf(v1::ModelKind kind);

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_IO_DATA_OPEN_DATASET_H_
