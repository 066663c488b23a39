// A model of your own for Paceline: docs/user-models.md.
//
//   class Mean final : public paceline::UserModel {
//    public:
//     explicit Mean(const paceline::Job& job) : mean_(job.Find("mean")) {}
//     paceline::Scores scores() const override { return {paceline::ScoreKind::kValue, 1}; }
//     double Gradient(const paceline::Batch& batch, const paceline::Parameters& parameters,
//                     float scale, paceline::Gradients& gradients) override;
//     void Predict(const paceline::Batch& batch, const paceline::Parameters& parameters,
//                  float* scores, float* losses) override;
//    ...
//   };
//   PACELINE_MODEL(Mean)
//
//   g++ -std=c++17 -O2 -shared -fPIC -fvisibility=hidden mean.cc -o mean.so
//
// Needs C++17 and its library, and is compiled into yours: between a worker and your library
// there is C alone (paceline_model_abi.h), whatever compiler or release of Paceline.
#ifndef PACELINE_MODEL_H_
#define PACELINE_MODEL_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "paceline_model_abi.h"

namespace paceline {

struct Table {
  std::string name;
  uint64_t rows = 0;  // 0 if sparse
  uint32_t dim = 0;
  bool sparse = false;
};

// What a model is made for.
struct Job {
  uint64_t features = 0;
  uint32_t classes = 0;
  uint64_t seed = 0;
  std::vector<Table> tables;  // in name order
  std::map<std::string, std::string> options;

  // The place of a table. Throws std::invalid_argument: there is none.
  size_t Find(const std::string& table) const {
    for (size_t t = 0; t < tables.size(); ++t) {
      if (tables[t].name == table) return t;
    }
    throw std::invalid_argument("model.library.tables: a table " + table + " expected, got none");
  }

  // The value of an option, or `otherwise`.
  std::string Option(const std::string& name, const std::string& otherwise) const {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : found->second;
  }

  // Throws std::invalid_argument: it is no number.
  double Number(const std::string& name, double otherwise) const {
    const auto found = options.find(name);
    if (found == options.end()) return otherwise;
    size_t read = 0;
    double number = 0;
    try {
      number = std::stod(found->second, &read);
    } catch (const std::exception&) {
      read = 0;
    }
    if (read != 0 && read == found->second.size()) return number;
    throw std::invalid_argument("model.library.options: " + name + ": a number expected, got " +
                                found->second);
  }
};

enum class ScoreKind : uint32_t {
  kValue = PACELINE_SCORE_VALUE,
  kProbability = PACELINE_SCORE_PROBABILITY,
  kClasses = PACELINE_SCORE_CLASSES,
};

struct Scores {
  ScoreKind kind = ScoreKind::kValue;
  uint32_t width = 1;
};

// A view of a batch.
class Batch {
 public:
  explicit Batch(const PacelineBatch& raw) : raw_(raw) {}

  const PacelineBatch& raw() const { return raw_; }
  uint64_t size() const { return raw_.records; }
  float label(uint64_t record) const { return raw_.labels[record]; }

  // Calls visit(index, value) for the features of a record: of a dense batch, or of the numbers
  // of one by fields, all; of a sparse one those that it has, in ascending order.
  template <typename Visit>
  void ForEach(uint64_t record, Visit&& visit) const {
    if (raw_.form == PACELINE_BATCH_SPARSE) {
      for (uint64_t k = raw_.offsets[record]; k < raw_.offsets[record + 1]; ++k) {
        visit(raw_.indices[k], raw_.values[k]);
      }
      return;
    }
    for (uint64_t c = 0; c < raw_.columns; ++c) visit(c, raw_.dense[record * raw_.columns + c]);
  }

  // Of a batch by fields.
  uint64_t key(uint64_t record, uint32_t field) const {
    return raw_.indices[record * raw_.fields + field];
  }

 private:
  const PacelineBatch& raw_;
};

// A view of a table's rows.
class Rows {
 public:
  Rows(const PacelineRows& raw, uint32_t dim) : raw_(raw), dim_(dim) {}

  uint64_t size() const { return raw_.count; }
  uint32_t dim() const { return dim_; }
  const float* operator[](uint64_t row) const { return raw_.values + row * dim_; }

  // The row of a key (dense: of a row's number), here and in the gradient.
  // Throws std::out_of_range: it is not among them.
  uint64_t Find(uint64_t key) const {
    if (raw_.keys == nullptr) {
      if (key < raw_.count) return key;
    } else {
      const uint64_t* const end = raw_.keys + raw_.count;
      const uint64_t* const found = std::lower_bound(raw_.keys, end, key);
      if (found != end && *found == key) return static_cast<uint64_t>(found - raw_.keys);
    }
    throw std::out_of_range("key " + std::to_string(key) + " is not among the " +
                            std::to_string(raw_.count) + " rows of the table");
  }

 private:
  const PacelineRows raw_;
  uint32_t dim_;
};

// A view of a table's gradient: as many rows, in the same order.
class GradientRows {
 public:
  GradientRows(float* values, uint32_t dim) : values_(values), dim_(dim) {}
  float* operator[](uint64_t row) const { return values_ + row * dim_; }

 private:
  float* values_;
  uint32_t dim_;
};

// One entry per table, in the order of Job::tables.
using Parameters = std::vector<Rows>;
using Gradients = std::vector<GradientRows>;

// What you write. Any exception that a function throws fails the job with its text.
//
// A task makes one model to train and one to evaluate beside it, on threads of their own. Of
// one model Gradient and Predict are called one at a time; Keys is called on other threads too,
// beside itself and them. The same arguments must give the same results, to the bit, in every
// process: no clock, no random_device, no order of threads.
class UserModel {
 public:
  virtual ~UserModel() = default;

  // Always the same.
  virtual Scores scores() const = 0;

  // Adds the keys that `batch` needs of tables[table], which is sparse, in any order.
  // Unless you say otherwise: all indices of the batch, of a dense one all columns.
  virtual void Keys(const Batch& batch, size_t /*table*/, std::vector<uint64_t>& keys) const {
    const PacelineBatch& raw = batch.raw();
    if (raw.form == PACELINE_BATCH_DENSE) {
      for (uint64_t c = 0; c < raw.columns; ++c) keys.push_back(c);
    } else {
      keys.assign(raw.indices, raw.indices + raw.entries);
    }
  }

  // Adds scale * the gradient of the sum of the records' losses to `gradients`, which are 0, and
  // returns that sum, not scaled.
  virtual double Gradient(const Batch& batch, const Parameters& parameters, float scale,
                          Gradients& gradients) = 0;

  // Fills scores [n, width] and losses [n]. Losses of probabilities and of classes are the
  // negative logarithm of the probability of the label: evaluation takes them as log_loss.
  virtual void Predict(const Batch& batch, const Parameters& parameters, float* scores,
                       float* losses) = 0;
};

namespace model_internal {

struct Instance {
  std::unique_ptr<UserModel> model;
  std::vector<uint32_t> dims;

  Parameters View(const PacelineRows* rows) const {
    Parameters views;
    views.reserve(dims.size());
    for (size_t t = 0; t < dims.size(); ++t) views.emplace_back(rows[t], dims[t]);
    return views;
  }
};

inline void SetError(PacelineError* error, const char* text) {
  if (error->capacity == 0) return;
  const size_t size = std::min<size_t>(std::strlen(text), error->capacity - 1);
  std::memcpy(error->text, text, size);
  error->text[size] = '\0';
}

// Calls what may throw; false if it did.
template <typename Call>
bool Try(PacelineError* error, const Call& call) noexcept {
  try {
    call();
    return true;
  } catch (const std::exception& thrown) {
    SetError(error, thrown.what());
  } catch (...) {
    SetError(error, "an exception that is not a std::exception");
  }
  return false;
}

inline Job ReadJob(const PacelineJob& raw) {
  Job job;
  job.features = raw.features;
  job.classes = raw.classes;
  job.seed = raw.seed;
  for (uint32_t t = 0; t < raw.table_count; ++t) {
    const PacelineTable& table = raw.tables[t];
    job.tables.push_back({table.name, table.rows, table.dim, table.sparse != 0});
  }
  for (uint64_t o = 0; o < raw.option_count; ++o) {
    job.options[raw.options[o].name] = raw.options[o].value;
  }
  return job;
}

template <typename Model>
const PacelineModel* Export() {
  static PacelineModel exported = [] {
    PacelineModel model = {};
    model.major = PACELINE_MODEL_MAJOR;
    model.minor = PACELINE_MODEL_MINOR;
    model.struct_size = sizeof(PacelineModel);
    model.create = [](const PacelineJob* raw, PacelineScores* scores,
                      PacelineError* error) -> void* {
      auto made = std::make_unique<Instance>();
      const bool ok = Try(error, [&] {
        const Job job = ReadJob(*raw);
        for (const Table& table : job.tables) made->dims.push_back(table.dim);
        made->model = std::make_unique<Model>(job);
        const Scores said = made->model->scores();
        scores->kind = static_cast<uint32_t>(said.kind);
        scores->width = said.width;
      });
      return ok ? made.release() : nullptr;
    };
    model.destroy = [](void* instance) { delete static_cast<Instance*>(instance); };
    model.keys = [](const void* instance, const PacelineBatch* batch, uint32_t table,
                    const PacelineKeys* keys, PacelineError* error) -> int32_t {
      return Try(error,
                 [&] {
                   std::vector<uint64_t> found;
                   static_cast<const Instance*>(instance)->model->Keys(Batch(*batch), table, found);
                   keys->add(keys->context, found.data(), found.size());
                 })
                 ? 0
                 : 1;
    };
    model.gradient = [](void* instance, const PacelineBatch* batch, const PacelineRows* parameters,
                        float scale, float* const* gradients, double* loss,
                        PacelineError* error) -> int32_t {
      return Try(error,
                 [&] {
                   const auto* const self = static_cast<const Instance*>(instance);
                   Gradients views;
                   for (size_t t = 0; t < self->dims.size(); ++t) {
                     views.emplace_back(gradients[t], self->dims[t]);
                   }
                   *loss =
                       self->model->Gradient(Batch(*batch), self->View(parameters), scale, views);
                 })
                 ? 0
                 : 1;
    };
    model.predict = [](void* instance, const PacelineBatch* batch, const PacelineRows* parameters,
                       float* scores, float* losses, PacelineError* error) -> int32_t {
      return Try(error,
                 [&] {
                   const auto* const self = static_cast<const Instance*>(instance);
                   self->model->Predict(Batch(*batch), self->View(parameters), scores, losses);
                 })
                 ? 0
                 : 1;
    };
    return model;
  }();
  return &exported;
}

}  // namespace model_internal
}  // namespace paceline

// Makes `Model`, a UserModel with a constructor that takes a const paceline::Job&, the model of
// the library. Once, outside of namespaces.
#define PACELINE_MODEL(Model)                           \
  extern "C" const PacelineModel* paceline_model() {    \
    return ::paceline::model_internal::Export<Model>(); \
  }

#endif  // PACELINE_MODEL_H_
