#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/spec/cuda_form.h"
#include "common/spec/enum_names.h"
#include "common/spec/rules.h"

namespace paceline::spec_rules {
namespace {

void CheckSchedule(const v1::ScheduleSpec& schedule, const std::string& path,
                   std::vector<Problem>* problems) {
  const bool step = schedule.kind() == v1::SCHEDULE_KIND_STEP;
  const bool cosine = schedule.kind() == v1::SCHEDULE_KIND_COSINE;
  if (step && schedule.step_iterations() == 0) {
    problems->push_back(
        Expected(path + ".step_iterations", "a number of iterations (schedule kind step)", "none"));
  }
  RefuseIf(!step && schedule.step_iterations() != 0, path + ".step_iterations",
           "schedule kind step", problems);
  RefuseIf(!step && schedule.has_gamma(), path + ".gamma", "schedule kind step", problems);
  RefuseIf(!cosine && schedule.total_iterations() != 0, path + ".total_iterations",
           "schedule kind cosine", problems);
  RefuseIf(!cosine && schedule.min_factor() != 0, path + ".min_factor", "schedule kind cosine",
           problems);
  if (cosine && schedule.total_iterations() != 0 &&
      schedule.warmup_iterations() >= schedule.total_iterations()) {
    problems->push_back(
        Expected(path + ".warmup_iterations",
                 absl::StrCat("fewer than total_iterations (", schedule.total_iterations(), ")"),
                 absl::StrCat(schedule.warmup_iterations())));
  }
}

// `optimizer` is at `path`.
void CheckOptimizer(v1::ModelKind model, const v1::OptimizerSpec& optimizer,
                    const std::string& path, std::vector<Problem>* problems) {
  const v1::OptimizerKind kind = optimizer.kind();
  // They do not descend: each belongs to one model.
  const bool adds = kind == v1::OPTIMIZER_KIND_ADD || kind == v1::OPTIMIZER_KIND_SUM;
  const v1::ModelKind owner =
      kind == v1::OPTIMIZER_KIND_ADD ? v1::MODEL_KIND_COUNTING : v1::MODEL_KIND_KMEANS;
  if (model == v1::MODEL_KIND_COUNTING || model == v1::MODEL_KIND_KMEANS) {
    if (!adds || owner != model) {
      const std::string own = model == v1::MODEL_KIND_COUNTING ? "add" : "sum";
      problems->push_back(Expected(path + ".kind",
                                   absl::StrCat(own, " (model.kind ", EnumWord(model), ")"),
                                   EnumWord(kind)));
    }
  } else if (adds) {
    problems->push_back(Expected(path + ".kind",
                                 absl::StrCat("an optimizer that descends (", EnumWord(kind),
                                              " is for ", EnumWord(owner), ")"),
                                 EnumWord(kind)));
  }
  const bool momentum = kind == v1::OPTIMIZER_KIND_MOMENTUM;
  RefuseIf(!momentum && optimizer.has_momentum(), path + ".momentum", "optimizer kind momentum",
           problems);
  RefuseIf(!momentum && optimizer.nesterov(), path + ".nesterov", "optimizer kind momentum",
           problems);
  const bool adam = kind == v1::OPTIMIZER_KIND_ADAM || kind == v1::OPTIMIZER_KIND_ADAMW;
  RefuseIf(!adam && optimizer.has_beta1(), path + ".beta1", "optimizer kind adam or adamw",
           problems);
  RefuseIf(!adam && optimizer.has_beta2(), path + ".beta2", "optimizer kind adam or adamw",
           problems);
  const bool rmsprop = kind == v1::OPTIMIZER_KIND_RMSPROP;
  RefuseIf(!rmsprop && optimizer.has_rho(), path + ".rho", "optimizer kind rmsprop", problems);
  const bool epsilon =
      adam || rmsprop || kind == v1::OPTIMIZER_KIND_ADAGRAD || kind == v1::OPTIMIZER_KIND_FTRL;
  RefuseIf(!epsilon && optimizer.has_epsilon(), path + ".epsilon",
           "optimizer kind adagrad, rmsprop, adam, adamw or ftrl", problems);
  RefuseIf(kind != v1::OPTIMIZER_KIND_ADAMW && optimizer.has_weight_decay(), path + ".weight_decay",
           "optimizer kind adamw", problems);
  const std::string scaled = "an optimizer other than add and sum";
  RefuseIf(adds && optimizer.has_learning_rate(), path + ".learning_rate", scaled, problems);
  RefuseIf(adds && optimizer.l1() != 0, path + ".l1", scaled, problems);
  RefuseIf(adds && optimizer.l2() != 0, path + ".l2", scaled, problems);
  RefuseIf(adds && optimizer.clip_value() != 0, path + ".clip_value", scaled, problems);
  RefuseIf(adds && optimizer.clip_norm() != 0, path + ".clip_norm", scaled, problems);
  RefuseIf(adds && optimizer.has_schedule(), path + ".schedule", scaled, problems);
  CheckSchedule(optimizer.schedule(), path + ".schedule", problems);
}

// The rule of sparse tables alone. A rank scales its gradient of all tables together, so what
// that is limited to stands in one place.
// Whether a table of the model is sparse.
bool HasSparseTable(const v1::ModelSpec& model) {
  if (model.kind() != v1::MODEL_KIND_LIBRARY) return model.table() == v1::TABLE_KIND_SPARSE;
  const auto& tables = model.library().tables();
  return std::any_of(tables.begin(), tables.end(), [](const v1::LibraryTableSpec& table) {
    return table.kind() == v1::TABLE_KIND_SPARSE;
  });
}

void CheckSparseOptimizer(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  if (!spec.train().has_sparse_optimizer()) return;
  const v1::OptimizerSpec& optimizer = spec.train().sparse_optimizer();
  const std::string path = "train.sparse_optimizer";
  RefuseIf(!HasSparseTable(spec.model()), path,
           spec.model().kind() == v1::MODEL_KIND_LIBRARY ? "a table of kind sparse in model.library"
                                                         : "model.table sparse",
           problems);
  CheckOptimizer(spec.model().kind(), optimizer, path, problems);
  RefuseIf(optimizer.clip_norm() != 0, path + ".clip_norm",
           "train.optimizer, where it is for all tables", problems);
}

void CheckLength(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::TrainSpec& train = spec.train();
  if (train.epochs() != 0 && train.iterations() != 0) {
    problems->push_back(
        Complaint("train.epochs",
                  absl::StrCat("epochs (", train.epochs(), ") and iterations (", train.iterations(),
                               ") are both given; one of them expected")));
  } else if (IsDataless(spec.model().kind())) {
    const std::string model = EnumWord(spec.model().kind());
    RefuseIf(train.epochs() != 0, "train.epochs",
             absl::StrCat("a model that trains on data; give iterations for ", model), problems);
    if (train.epochs() == 0 && train.iterations() == 0) {
      problems->push_back(Expected("train.iterations",
                                   absl::StrCat("a number of iterations (model.kind ", model, ")"),
                                   "none"));
    }
  } else if (train.epochs() == 0 && train.iterations() == 0) {
    problems->push_back(Complaint("train", "epochs or iterations expected, got neither"));
  }
}

void CheckDevice(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::TrainSpec& train = spec.train();
  const v1::DeviceKind device = spec.resources().device();
  const bool emulated = device == v1::DEVICE_KIND_EMULATED;
  RefuseIf(!emulated && train.emulated_step_ms() != 0, "train.emulated_step_ms",
           "resources.device emulated", problems);
  RefuseIf(!emulated && train.emulated_jitter() != 0, "train.emulated_jitter",
           "resources.device emulated", problems);
  if (spec.model().kind() == v1::MODEL_KIND_LAYERS && !emulated) {
    problems->push_back(
        Expected("resources.device", "emulated (model.kind layers)", EnumWord(device)));
  }
  const bool cuda = device == v1::DEVICE_KIND_CUDA;
  const v1::ModelKind model = spec.model().kind();
  // Of layers it is said above, of libraries in library_rules.cc.
  const bool known = model != v1::MODEL_KIND_UNSPECIFIED && model != v1::MODEL_KIND_LAYERS &&
                     model != v1::MODEL_KIND_LIBRARY;
  if (cuda && known && !HasCudaForm(model)) {
    problems->push_back(Expected("resources.device",
                                 absl::StrCat("auto, cpu or emulated (model.kind ", EnumWord(model),
                                              " has no form for GPUs)"),
                                 "cuda"));
  }
  const bool may_be_cuda = cuda || device == v1::DEVICE_KIND_AUTO;
  RefuseIf(!may_be_cuda && spec.resources().gpu_memory() != 0, "resources.gpu_memory",
           "resources.device cuda or auto", problems);
  RefuseIf(!may_be_cuda && !train.deterministic(), "train.deterministic",
           "resources.device cuda or auto", problems);
}

// What the processor computes in is float32.
void CheckPrecision(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::TrainSpec& train = spec.train();
  const v1::DeviceKind device = spec.resources().device();
  if (train.precision() != v1::PRECISION_FLOAT32 && device != v1::DEVICE_KIND_CUDA) {
    const bool open = device == v1::DEVICE_KIND_AUTO;
    problems->push_back(
        Expected("train.precision",
                 absl::StrCat("float32 (resources.device ", EnumWord(device),
                              open ? ", which may become cpu; other precisions need cuda)"
                                   : "; other precisions need cuda)"),
                 EnumWord(train.precision())));
  }
  const double scale = train.loss_scale();
  if (scale == 0) return;
  RefuseIf(train.precision() != v1::PRECISION_FP16, "train.loss_scale", "train.precision fp16",
           problems);
  // Scaling by a power of two changes no digit of a gradient.
  int exponent = 0;
  if (scale > 0 && (scale < 1 || std::frexp(scale, &exponent) != 0.5)) {
    problems->push_back(Expected("train.loss_scale", "0 or a power of two from 1 to 16777216",
                                 absl::StrCat(scale)));
  }
}

}  // namespace

void CheckTrain(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::TrainSpec& train = spec.train();
  CheckLength(spec, problems);
  if (train.global_batch() < spec.resources().workers()) {
    problems->push_back(Expected("train.global_batch",
                                 absl::StrCat("at least one sample for each of the ",
                                              spec.resources().workers(), " workers"),
                                 absl::StrCat(train.global_batch())));
  }
  CheckOptimizer(spec.model().kind(), train.optimizer(), "train.optimizer", problems);
  CheckSparseOptimizer(spec, problems);
  const bool evaluates = spec.data().has_eval() || spec.data().holdout() != 0;
  RefuseIf(train.eval_every_iterations() != 0 && !evaluates, "train.eval_every_iterations",
           "data.eval or data.holdout", problems);
  RefuseIf(spec.consistency().policy() != v1::POLICY_SSP && spec.consistency().has_staleness(),
           "consistency.staleness", "consistency.policy ssp", problems);
  CheckDevice(spec, problems);
  CheckPrecision(spec, problems);
}

}  // namespace paceline::spec_rules
