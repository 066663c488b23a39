#include "common/spec/validate.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/spec/defaults.h"
#include "common/spec/parse.h"

namespace paceline {
namespace {

constexpr char kMlp[] = R"(
name: a
model: {kind: mlp, hidden: [8]}
data: {train: {path: /d, format: csv}, eval: {path: /e, format: csv}}
train: {epochs: 1}
)";
constexpr char kLogistic[] = R"(
name: a
model: {kind: logistic}
data: {train: {path: /d, format: libsvm}}
train: {epochs: 1}
)";
constexpr char kCounting[] = R"(
name: a
model: {kind: counting}
train: {iterations: 5}
)";
constexpr char kLayers[] = R"(
name: a
model: {kind: layers, layer_sizes: [100, 10]}
train: {iterations: 5, emulated_step_ms: 2}
resources: {device: emulated}
)";

v1::JobSpec Parse(const std::string& yaml) {
  const ParsedSpec parsed = ParseSpec(yaml, SpecFormat::kYaml);
  INFO(yaml);
  REQUIRE(ToStatus(parsed.problems).message() == "");
  return parsed.spec;
}

std::string Problems(const v1::JobSpec& spec) {
  const std::vector<Problem> problems = Validate(spec);
  CHECK(ToStatus(problems) == ToStatus(Validate(WithDefaults(spec))));
  return std::string(ToStatus(problems).message());
}

// `base` with the fields of `patch` merged in.
std::string Patched(const char* base, const std::string& patch) {
  v1::JobSpec spec = Parse(base);
  spec.MergeFrom(Parse(patch));
  return Problems(spec);
}

TEST_CASE("the base specs are valid") {
  CHECK(Problems(Parse(kMlp)).empty());
  CHECK(Problems(Parse(kLogistic)).empty());
  CHECK(Problems(Parse(kCounting)).empty());
  CHECK(Problems(Parse(kLayers)).empty());
}

TEST_CASE("an empty spec lacks everything that has no default") {
  CHECK(Problems(v1::JobSpec()) ==
        "name: 1 to 63 of [a-z0-9._-], starting with a letter or digit expected, got none\n"
        "model.kind: linear | logistic | softmax | mlp | fm | counting | layers | cnn | lm | mf | "
        "kmeans | wide_deep | deepfm | dcn | library expected, got none\n"
        "data.train: the data to train on expected, got none\n"
        "train: epochs or iterations expected, got neither");
}

TEST_CASE("faults row 34: each rule names the field and what is allowed") {
  struct Case {
    const char* base;
    const char* patch;
    const char* problem;
  };
  const Case cases[] = {
      {kMlp, "name: A",
       "name: 1 to 63 of [a-z0-9._-], starting with a letter or digit expected, got A"},
      {kMlp, "name: -a",
       "name: 1 to 63 of [a-z0-9._-], starting with a letter or digit expected, got -a"},
      {kMlp, "resources: {workers: 1025}\ntrain: {global_batch: 2000}",
       "resources.workers: a whole number from 1 to 1024 expected, got 1025"},
      {kMlp, "resources: {servers: 4000000000}",
       "resources.servers: a whole number from 1 to 1024 expected, got 4000000000"},
      {kMlp, "train: {global_batch: 1048577}",
       "train.global_batch: a whole number from 1 to 1048576 expected, got 1048577"},
      {kMlp, "train: {global_batch: 3}\nresources: {workers: 4}",
       "train.global_batch: at least one sample for each of the 4 workers expected, got 3"},
      {kMlp, "model: {hidden: [70000]}",
       "model.hidden[1]: a whole number from 1 to 65536 expected, got 70000"},
      {kMlp, "train: {optimizer: {learning_rate: 0}}",
       "train.optimizer.learning_rate: a number greater than 0 and at most 1000000 expected, got "
       "0"},
      {kMlp, "train: {optimizer: {learning_rate: -0.5}}",
       "train.optimizer.learning_rate: a number greater than 0 and at most 1000000 expected, got "
       "-0.5"},
      {kMlp, "train: {optimizer: {kind: momentum, momentum: 1}}",
       "train.optimizer.momentum: a number of at least 0 and less than 1 expected, got 1"},
      {kMlp, "train: {iterations: 7}",
       "train.epochs: epochs (1) and iterations (7) are both given; one of them expected"},
      {kMlp, "model: {factors: 4}",
       "model.factors: allowed only with model.kind fm, mf, wide_deep, deepfm or dcn"},
      {kMlp, "model: {loss: squared}", "model.loss: allowed only with model.kind fm"},
      {kMlp, "model: {rows: 4}", "model.rows: allowed only with model.kind counting"},
      {kMlp, "model: {dim: 4}", "model.dim: allowed only with model.kind counting"},
      {kMlp, "model: {layer_sizes: [4]}", "model.layer_sizes: allowed only with model.kind layers"},
      {kMlp, "data: {features: 1099511627776}",
       "model: tables of at most 1 TiB in all expected, got 32 TiB"},
      {kMlp, "model: {initializer: {kind: uniform, scale: -1}}",
       "model.initializer.scale: a number of at least 0 expected, got -1"},
      {kMlp, "data: {classes: 1}",
       "data.classes: a whole number from 2 to 1048576 expected, got 1"},
      {kMlp, "data: {scale: 0}", "data.scale: a number other than 0 expected, got 0"},
      {kMlp, "data: {max_bad_records: 3}",
       "data.max_bad_records: allowed only with data.on_bad_record skip"},
      {kMlp, "data: {shuffle: false, shuffle_block: 3}",
       "data.shuffle_block: allowed only with data.shuffle true"},
      {kMlp, "data: {train: {path: relative}}",
       "data.train.path: an absolute path expected, got relative"},
      {kMlp, "data: {eval: {label: target}}",
       "data.eval.label: a column index (a name needs `header: true`) expected, got target"},
      {kMlp, "data: {eval: {delimiter: ';;'}}",
       "data.eval.delimiter: one ASCII character other than a quote or a line end expected, got "
       ";;"},
      {kMlp, "data: {train: {labels: /x}}", "data.train.labels: allowed only with format idx"},
      {kMlp, "data: {train: {format: idx}}", "data.train.labels: a path expected, got none"},
      {kMlp, "train: {eval_every_iterations: 5, optimizer: {kind: adam, rho: 0.5}}",
       "train.optimizer.rho: allowed only with optimizer kind rmsprop"},
      {kMlp, "train: {optimizer: {momentum: 0.5}}",
       "train.optimizer.momentum: allowed only with optimizer kind momentum"},
      {kMlp, "train: {optimizer: {nesterov: true}}",
       "train.optimizer.nesterov: allowed only with optimizer kind momentum"},
      {kMlp, "train: {optimizer: {beta1: 0.5}}",
       "train.optimizer.beta1: allowed only with optimizer kind adam or adamw"},
      {kMlp, "train: {optimizer: {beta2: 0.5}}",
       "train.optimizer.beta2: allowed only with optimizer kind adam or adamw"},
      {kMlp, "train: {optimizer: {epsilon: 0.5}}",
       "train.optimizer.epsilon: allowed only with optimizer kind adagrad, rmsprop, adam, adamw "
       "or ftrl"},
      {kMlp, "train: {optimizer: {kind: adam, weight_decay: 0.5}}",
       "train.optimizer.weight_decay: allowed only with optimizer kind adamw"},
      {kMlp, "train: {optimizer: {kind: add}}",
       "train.optimizer.kind: an optimizer that descends (add is for counting) expected, got add"},
      {kMlp, "train: {optimizer: {schedule: {kind: step}}}",
       "train.optimizer.schedule.step_iterations: a number of iterations (schedule kind step) "
       "expected, got none"},
      {kMlp, "train: {optimizer: {schedule: {step_iterations: 4}}}",
       "train.optimizer.schedule.step_iterations: allowed only with schedule kind step"},
      {kMlp, "train: {optimizer: {schedule: {gamma: 0.4}}}",
       "train.optimizer.schedule.gamma: allowed only with schedule kind step"},
      {kMlp, "train: {optimizer: {schedule: {kind: step, step_iterations: 4, gamma: 1.5}}}",
       "train.optimizer.schedule.gamma: a number greater than 0 and at most 1 expected, got 1.5"},
      {kMlp, "train: {optimizer: {schedule: {total_iterations: 4}}}",
       "train.optimizer.schedule.total_iterations: allowed only with schedule kind cosine"},
      {kMlp, "train: {optimizer: {schedule: {min_factor: 0.4}}}",
       "train.optimizer.schedule.min_factor: allowed only with schedule kind cosine"},
      {kMlp,
       "train: {optimizer: {schedule: {kind: cosine, total_iterations: 4, warmup_iterations: 4}}}",
       "train.optimizer.schedule.warmup_iterations: fewer than total_iterations (4) expected, got "
       "4"},
      {kMlp, "train: {emulated_step_ms: 1}",
       "train.emulated_step_ms: allowed only with resources.device emulated"},
      {kMlp, "train: {emulated_jitter: 1}",
       "train.emulated_jitter: allowed only with resources.device emulated"},
      {kMlp, "resources: {device: cpu, gpu_memory: 1}",
       "resources.gpu_memory: allowed only with resources.device cuda or auto"},
      {kMlp, "resources: {gpu_memory: 16777217}",
       "resources.gpu_memory: a whole number from 0 to 16777216 expected, got 16777217"},
      {kMlp, "resources: {device: cpu}\ntrain: {deterministic: false}",
       "train.deterministic: allowed only with resources.device cuda or auto"},
      {kMlp, "train: {precision: bf16}",
       "train.precision: float32 (resources.device auto, which may become cpu; other precisions "
       "need cuda) expected, got bf16"},
      {kMlp, "resources: {device: cpu}\ntrain: {precision: tf32}",
       "train.precision: float32 (resources.device cpu; other precisions need cuda) expected, got "
       "tf32"},
      {kMlp, "resources: {device: cuda}\ntrain: {precision: bf16, loss_scale: 2}",
       "train.loss_scale: allowed only with train.precision fp16"},
      {kMlp, "resources: {device: cuda}\ntrain: {precision: fp16, loss_scale: 3}",
       "train.loss_scale: 0 or a power of two from 1 to 16777216 expected, got 3"},
      {kMlp, "resources: {device: cuda}\ntrain: {precision: fp16, loss_scale: 0.5}",
       "train.loss_scale: 0 or a power of two from 1 to 16777216 expected, got 0.5"},
      {kMlp, "resources: {device: cuda}\ntrain: {precision: fp16, loss_scale: 33554432}",
       "train.loss_scale: a number from 0 to 16777216 expected, got 3.35544e+07"},
      {kMlp, "resources: {device: cuda}\ntrain: {precision: fp16, loss_scale: -1}",
       "train.loss_scale: a number from 0 to 16777216 expected, got -1"},
      {kMlp, "resources: {device: cuda}\ntrain: {precision: fp16, loss_scale: 1}", ""},
      {kMlp, "resources: {device: cuda}\ntrain: {precision: fp16, loss_scale: 16777216}", ""},
      {kMlp, "resources: {device: cuda, gpu_memory: 40000}\ntrain: {precision: tf32}", ""},
      {kMlp, "resources: {gpu_memory: 40000}\ntrain: {deterministic: false}", ""},
      {kMlp, "consistency: {staleness: 3}",
       "consistency.staleness: allowed only with consistency.policy ssp"},
      {kMlp, "checkpoint: {dir: cuts}", "checkpoint.dir: an absolute path expected, got cuts"},
      {kMlp, "checkpoint: {dir: /cuts, replicas: 2}",
       "checkpoint.replicas: allowed only with no checkpoint.dir: files lie under the --data-dir "
       "of each server"},
      {kMlp, "compression: {tables: [{push: bf16}]}",
       "compression.tables[0].table: the name of a table expected, got none"},
      {kMlp, "compression: {tables: [{table: a, push: bf16}, {table: a, pull: fp16}]}",
       "compression.tables[1].table: a is given twice"},
      {kCounting, "compression: {push: bf16}",
       "compression: allowed only with a model whose values may be rounded, which those of "
       "counting may not"},
      {kMlp, "consistency: {policy: asp}\ncompression: {push: topk, topk_momentum: 0.9}", ""},
      {kMlp, "consistency: {policy: ssp}\ncompression: {push: onebit, pull: delta}", ""},
      {kMlp, "compression: {pull: delta}", ""},
      {kCounting, "compression: {pull: delta}", ""},
      {kMlp, "compression: {push: topk}\ncheckpoint: {every_iterations: 50}", ""},
      {kMlp, "compression: {push: onebit}",
       "checkpoint.every_iterations: a number of rounds, for push topk or onebit under bsp (in "
       "each so many ranks send all that is left behind, and of these rounds alone are cuts) "
       "expected, got 0"},
      {kMlp,
       "compression: {tables: [{table: layer0/weight, push: topk}]}\n"
       "checkpoint: {every_iterations: 50, every_seconds: 60}",
       "checkpoint.every_seconds: 0 for push topk or onebit under bsp, whose cuts are of every "
       "checkpoint.every_iterations rounds expected, got 60"},
      {kMlp, "consistency: {policy: asp}\ncompression: {tables: [{table: layer0, push: topk}]}",
       "compression.tables[0].table: one of layer0/bias, layer0/weight, layer1/bias, "
       "layer1/weight expected, got layer0"},
      {kMlp, "model: {table: sparse}\nconsistency: {policy: asp}\ncompression: {push: onebit}",
       "compression.push: float32, bf16, fp16 or int8 expected for layer0/weight, which is sparse: "
       "topk, onebit and delta are for dense tables"},
      {kMlp,
       "model: {table: sparse}\nconsistency: {policy: asp}\n"
       "compression: {push: topk, tables: [{table: layer0/weight, push: int8}]}",
       ""},
      {kLogistic, "model: {table: sparse}\ncompression: {pull: delta}",
       "compression.pull: float32, bf16, fp16 or int8 expected for logistic/weight, which is "
       "sparse: topk, onebit and delta are for dense tables"},
      {kMlp, "compression: {push: delta}",
       "compression.push: float32 | bf16 | fp16 | int8 | topk | onebit | auto expected, got delta"},
      {kMlp, "compression: {pull: topk, tables: [{table: a, push: bf16, pull: onebit}]}",
       "compression.pull: float32 | bf16 | fp16 | int8 | delta | auto expected, got topk\n"
       "compression.tables[0].pull: float32 | bf16 | fp16 | int8 | delta | auto expected, got "
       "onebit"},
      {kMlp, "consistency: {policy: asp}\ncompression: {push: auto, pull: auto}", ""},
      {kMlp, "compression: {pull: auto}",
       "compression: auto rounds by measured times, and bsp ends with the same bytes in every run: "
       "float32, bf16, fp16 or int8 expected, or policy ssp or asp"},
      {kCounting, "consistency: {policy: asp}\ncompression: {push: auto}",
       "compression: allowed only with a model whose values may be rounded, which those of "
       "counting may not"},
      {kMlp, "compression: {topk_ratio: 0.1, topk_momentum: 0.5}",
       "compression.topk_ratio: allowed only with push topk\n"
       "compression.topk_momentum: allowed only with push topk"},
      {kMlp, "consistency: {policy: asp}\ncompression: {push: topk, topk_ratio: 1.5}",
       "compression.topk_ratio: a number greater than 0 and at most 1 expected, got 1.5"},
      {kMlp, "consistency: {policy: asp}\ncompression: {push: topk, topk_momentum: 1}",
       "compression.topk_momentum: a number of at least 0 and less than 1 expected, got 1"},
      {kLogistic, "model: {hidden: [3]}",
       "model.hidden: allowed only with model.kind mlp, cnn, wide_deep, deepfm or dcn"},
      {kLogistic, "model: {activation: relu}",
       "model.activation: allowed only with model.kind mlp, cnn, wide_deep, deepfm or dcn"},
      {kLogistic, "data: {classes: 3}",
       "data.classes: allowed only with model.kind softmax, mlp, cnn or library"},
      {kLogistic, "data: {train: {label: '0'}}", "data.train.label: allowed only with format csv"},
      {kLogistic, "data: {train: {header: true}}",
       "data.train.header: allowed only with format csv or ratings"},
      {kLogistic, "data: {train: {delimiter: ';'}}",
       "data.train.delimiter: allowed only with format csv or ratings"},
      {kLogistic, "train: {eval_every_iterations: 5}",
       "train.eval_every_iterations: allowed only with data.eval or data.holdout"},
      {kCounting, "train: {optimizer: {kind: sgd}}",
       "train.optimizer.kind: add (model.kind counting) expected, got sgd"},
      {kCounting, "train: {optimizer: {learning_rate: 1}}",
       "train.optimizer.learning_rate: allowed only with an optimizer other than add and sum"},
      {kCounting, "train: {optimizer: {l1: 1}}",
       "train.optimizer.l1: allowed only with an optimizer other than add and sum"},
      {kCounting, "train: {optimizer: {l2: 1}}",
       "train.optimizer.l2: allowed only with an optimizer other than add and sum"},
      {kCounting, "train: {optimizer: {clip_value: 1}}",
       "train.optimizer.clip_value: allowed only with an optimizer other than add and sum"},
      {kCounting, "train: {optimizer: {clip_norm: 1}}",
       "train.optimizer.clip_norm: allowed only with an optimizer other than add and sum"},
      {kCounting, "train: {optimizer: {schedule: {kind: constant}}}",
       "train.optimizer.schedule: allowed only with an optimizer other than add and sum"},
      {kCounting, "data: {train: {path: /x, format: csv}}",
       "data: allowed only with a model that trains on data, not with counting"},
      {kLayers, "model: {table: sparse}",
       "model.table: dense (model.kind layers) expected, got sparse"},
      {kCounting, "model: {table: sparse, rows: 1099511627776, dim: 1048576}", ""},
      {kMlp, "model: {table: sparse}\ndata: {features: 1099511627776}", ""},
      {kCounting, "model: {initializer: {kind: normal, scale: 1}}",
       "model.initializer.kind: zeros (model.kind counting) expected, got normal"},
      {kCounting, "model: {rows: 1099511627776, dim: 1048576}",
       "model: tables of at most 1 TiB in all expected, got 4.194e+06 TiB"},
      {kLayers, "resources: {device: cpu}\ntrain: {emulated_step_ms: 0}",
       "train.emulated_step_ms: allowed only with resources.device emulated\n"
       "resources.device: emulated (model.kind layers) expected, got cpu"},
  };
  for (const Case& wrong : cases) {
    INFO(wrong.patch);
    CHECK(Patched(wrong.base, wrong.patch) == wrong.problem);
  }
}

TEST_CASE("required parts of a model are asked for") {
  CHECK(Problems(Parse("name: a\nmodel: {kind: mlp}\n"
                       "data: {train: {path: /d, format: csv}}\ntrain: {epochs: 1}")) ==
        "model.hidden: a list of 1 to 64 layer sizes expected, got none");
  CHECK(Problems(Parse("name: a\nmodel: {kind: layers}\ntrain: {iterations: 1}\n"
                       "resources: {device: emulated}")) ==
        "model.layer_sizes: a list of 1 to 4096 layer sizes expected, got none");
  CHECK(Problems(Parse("name: a\nmodel: {kind: counting}")) ==
        "train.iterations: a number of iterations (model.kind counting) expected, got none");
  CHECK(Problems(Parse("name: a\nmodel: {kind: counting}\ntrain: {epochs: 1}")) ==
        "train.epochs: allowed only with a model that trains on data; give iterations for "
        "counting");
  CHECK(Problems(Parse("name: a\nmodel: {kind: linear}\ndata: {train: {path: /d}}\n"
                       "train: {epochs: 1}")) ==
        "data.train.format: libsvm | csv | idx | cifar10 | text | ratings | criteo expected, got "
        "none");
  CHECK(Problems(Parse("name: a\nmodel: {kind: linear}\ndata: {train: {format: csv}}\n"
                       "train: {epochs: 1}")) == "data.train.path: a path expected, got none");
}

TEST_CASE("numbers that have no name in an enum are refused") {
  v1::JobSpec spec = Parse(kMlp);
  spec.mutable_consistency()->set_policy(static_cast<v1::Policy>(9));
  CHECK(Problems(spec) == "consistency.policy: bsp | ssp | asp expected, got 9");

  v1::JobSpec in_a_list = Parse(kMlp);
  v1::TableCompressionSpec* const table = in_a_list.mutable_compression()->add_tables();
  table->set_table("layer0/weight");
  table->set_push(static_cast<v1::Codec>(9));
  CHECK(Problems(in_a_list) ==
        "compression.tables[0].push: float32 | bf16 | fp16 | int8 | topk | onebit | delta | auto "
        "expected, got 9");
}

TEST_CASE("a value that no double can hold exactly is still refused") {
  v1::JobSpec spec = Parse(kCounting);
  spec.mutable_model()->set_rows(~0ULL);
  CHECK(Problems(spec) ==
        "model.rows: a whole number from 1 to 1099511627776 expected, got 18446744073709551615\n"
        "model: tables of at most 1 TiB in all expected, got 2.684e+08 TiB");
}

TEST_CASE("curves lie in a folder that the scheduler finds from anywhere") {
  v1::JobSpec spec = Parse(kCounting);
  spec.mutable_output()->set_tensorboard("/runs");
  CHECK(Problems(spec).empty());
  spec.mutable_output()->set_tensorboard("runs");
  CHECK(Problems(spec) == "output.tensorboard: an absolute path expected, got runs");
}

}  // namespace
}  // namespace paceline
