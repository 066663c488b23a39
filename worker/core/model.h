// What a model is to the rest of the worker: its tables, the keys a batch needs,
// and a runner that computes on a device.
#ifndef PACELINE_WORKER_CORE_MODEL_H_
#define PACELINE_WORKER_CORE_MODEL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "proto/node.pb.h"
#include "worker/core/batch.h"
#include "worker/core/tensor_memory.h"

namespace paceline::worker {

class Dataset;

// Rows of one table as a rank holds them during an iteration.
//
// dense:  rows is [TableSpec.rows, dim] row-major float32; keys is empty.
// sparse: rows is [keys.size(), dim]; keys ascending and distinct.
//
// version: names what is in rows: two with the same version, other than 0, are equal.
//          0: it has no name.
struct TableRows {
  std::vector<uint64_t> keys;
  TensorFloats rows;
  uint64_t version = 0;
};

// One entry per table, in the order of Model::tables().
using Parameters = std::vector<TableRows>;

// One entry per table: the same keys and shape as the parameters it was computed from.
using Gradients = std::vector<TableRows>;

// Sum of the losses of `count` samples.
struct LossSum {
  double sum = 0;
  uint64_t count = 0;
};

// What scores are, where the kind of the model leaves it open (library).
enum class ScoreKind { kOfKind, kValue, kProbability, kClasses };

// What a model says of each sample, for evaluation.
//
// scores is [n, width] row-major. Of width 1:
//   linear, mf                                 the value, the rating
//   logistic, fm, wide_deep, deepfm, dcn       the probability of label 1 (fm: the value
//                                              under squared loss)
//   kmeans                                     the number of the nearest cluster
//   lm                                         the geometric mean of the probabilities of
//                                              the bytes
// Of as many as there are classes: softmax, mlp, cnn, their probabilities. library: what
// score_kind says. losses is [n]. Width 0, both empty: nothing is said (counting, layers,
// the emulated device).
struct Predictions {
  uint64_t width = 1;
  std::vector<float> scores;
  std::vector<float> losses;
  ScoreKind score_kind = ScoreKind::kOfKind;
};

// Called when the gradient of table `table` is complete, in backward order, so
// that it can leave while lower layers still compute.
using GradientReady = std::function<void(int table)>;

// Computes a model on one device. Owned by one thread, the task's compute thread, except
// for Stage.
//
// Stage and Upload let a device begin early what Gradient would otherwise do first; who
// does not call them gets the same results, and Upload may be followed by no Gradient that
// has its version.
class Runner {
 public:
  virtual ~Runner() = default;

  // Looks at the data to train on, once, before anything is computed: for models that start
  // from what they find there (kmeans). The same data and spec give the same start in every
  // rank and task. Models without data are not started.
  // Errors:  InvalidArgument  data that the model cannot start from; those of Dataset::Read.
  virtual absl::Status Start(Dataset* /*train*/) { return absl::OkStatus(); }

  // Begins to bring a batch to the device, and notes that in it: batch->staged. On the
  // thread that reads batches, beside the calls of the owner.
  // Errors:  InvalidArgument    as Gradient.
  //          ResourceExhausted  the device has no memory for it; says how much there is.
  virtual absl::Status Stage(Batch* /*batch*/) { return absl::OkStatus(); }

  // Whether Upload is worth a call: always the same answer, on any thread.
  virtual bool wants_uploads() const { return false; }

  // Brings the rows of a dense table to the device, for the Gradient that gets them with
  // the same version. `rows` stay as they are until it returns.
  virtual absl::Status Upload(int /*table*/, absl::Span<const float> /*rows*/,
                              uint64_t /*version*/) {
    return absl::OkStatus();
  }

  // Gradient of scale * (sum of the sample losses) with respect to `parameters`.
  // `gradients` is resized and overwritten; storage is reused between calls.
  // `loss` gets the unscaled sum.
  // Errors:  InvalidArgument  a label or an index out of range, naming it.
  virtual absl::Status Gradient(const Batch& batch, const Parameters& parameters, float scale,
                                Gradients* gradients, LossSum* loss,
                                const GradientReady& ready) = 0;

  // Scores and losses of each sample.
  // Errors:  as Gradient.
  virtual absl::Status Predict(const Batch& batch, const Parameters& parameters,
                               Predictions* predictions) = 0;
};

// The tables of a model and what a batch needs of them. Immutable.
class Model {
 public:
  virtual ~Model() = default;

  // In name order.
  virtual const std::vector<v1::TableSpec>& tables() const = 0;

  // Writes the keys that `batch` needs of each sparse table (ascending, distinct);
  // leaves the keys of dense tables empty. `keys` gets one entry per table.
  virtual void Keys(const Batch& batch, std::vector<std::vector<uint64_t>>* keys) const = 0;
};

}  // namespace paceline::worker

#endif  // PACELINE_WORKER_CORE_MODEL_H_
