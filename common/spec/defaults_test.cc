#include "common/spec/defaults.h"

#include <google/protobuf/util/message_differencer.h>

#include <catch2/catch.hpp>

#include "proto/job.pb.h"

namespace paceline {
namespace {

v1::JobSpec Bare(v1::ModelKind kind) {
  v1::JobSpec spec;
  spec.mutable_model()->set_kind(kind);
  return spec;
}

TEST_CASE("defaults are those of the reference") {
  v1::JobSpec given = Bare(v1::MODEL_KIND_MLP);
  given.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_CSV);
  const v1::JobSpec spec = WithDefaults(given);
  CHECK(spec.model().activation() == v1::ACTIVATION_RELU);
  CHECK(spec.model().table() == v1::TABLE_KIND_DENSE);
  CHECK(spec.model().initializer().kind() == v1::INITIALIZER_KIND_HE);
  CHECK(spec.data().scale() == 1);
  CHECK(spec.data().train().label() == "-1");
  CHECK(spec.data().train().delimiter() == ",");
  CHECK(spec.data().on_bad_record() == v1::BAD_RECORD_POLICY_FAIL);
  CHECK_FALSE(spec.data().has_max_bad_records());
  CHECK(spec.data().shuffle());
  CHECK_FALSE(spec.data().has_eval());
  CHECK(spec.train().global_batch() == 256);
  CHECK(spec.train().seed() == 1);
  CHECK(spec.train().on_non_finite() == v1::NON_FINITE_POLICY_FAIL);
  CHECK(spec.train().optimizer().kind() == v1::OPTIMIZER_KIND_SGD);
  CHECK(spec.train().optimizer().learning_rate() == 0.01);
  CHECK_FALSE(spec.train().optimizer().has_momentum());
  CHECK(spec.train().optimizer().schedule().kind() == v1::SCHEDULE_KIND_CONSTANT);
  CHECK(spec.consistency().policy() == v1::POLICY_BSP);
  CHECK_FALSE(spec.consistency().has_staleness());
  CHECK(spec.resources().workers() == 1);
  CHECK(spec.resources().servers() == 1);
  CHECK(spec.resources().device() == v1::DEVICE_KIND_AUTO);
}

TEST_CASE("defaults depend on the kind") {
  v1::JobSpec tanh = Bare(v1::MODEL_KIND_MLP);
  tanh.mutable_model()->set_activation(v1::ACTIVATION_TANH);
  CHECK(WithDefaults(tanh).model().initializer().kind() == v1::INITIALIZER_KIND_XAVIER);

  const v1::ModelSpec fm = WithDefaults(Bare(v1::MODEL_KIND_FM)).model();
  CHECK(fm.table() == v1::TABLE_KIND_SPARSE);
  CHECK(fm.factors() == 8);
  CHECK(fm.loss() == v1::LOSS_LOGISTIC);
  CHECK(fm.initializer().kind() == v1::INITIALIZER_KIND_NORMAL);
  CHECK(fm.initializer().scale() == 0.01F);

  const v1::ModelSpec mf = WithDefaults(Bare(v1::MODEL_KIND_MF)).model();
  CHECK(mf.table() == v1::TABLE_KIND_SPARSE);
  CHECK(mf.factors() == 8);
  CHECK(mf.loss() == v1::LOSS_UNSPECIFIED);
  CHECK(mf.initializer().kind() == v1::INITIALIZER_KIND_NORMAL);
  CHECK(mf.initializer().scale() == 0.1F);

  const v1::JobSpec kmeans = WithDefaults(Bare(v1::MODEL_KIND_KMEANS));
  CHECK(kmeans.model().table() == v1::TABLE_KIND_DENSE);
  CHECK(kmeans.model().initializer().kind() == v1::INITIALIZER_KIND_ZEROS);
  CHECK(kmeans.train().optimizer().kind() == v1::OPTIMIZER_KIND_SUM);
  CHECK_FALSE(kmeans.train().optimizer().has_learning_rate());
  CHECK_FALSE(kmeans.train().optimizer().has_rho());

  const v1::JobSpec counting = WithDefaults(Bare(v1::MODEL_KIND_COUNTING));
  CHECK(counting.model().rows() == 64);
  CHECK(counting.model().dim() == 4);
  CHECK(counting.train().optimizer().kind() == v1::OPTIMIZER_KIND_ADD);
  CHECK_FALSE(counting.train().optimizer().has_learning_rate());
  CHECK_FALSE(counting.has_data());

  v1::JobSpec ssp = Bare(v1::MODEL_KIND_LINEAR);
  ssp.mutable_consistency()->set_policy(v1::POLICY_SSP);
  CHECK(WithDefaults(ssp).consistency().staleness() == 4);
  ssp.mutable_consistency()->set_staleness(0);
  CHECK(WithDefaults(ssp).consistency().staleness() == 0);
}

TEST_CASE("each optimizer gets its own defaults") {
  const auto optimizer = [](v1::OptimizerKind kind) {
    v1::JobSpec spec = Bare(v1::MODEL_KIND_LINEAR);
    spec.mutable_train()->mutable_optimizer()->set_kind(kind);
    return WithDefaults(spec).train().optimizer();
  };
  CHECK(optimizer(v1::OPTIMIZER_KIND_MOMENTUM).momentum() == 0.9);
  CHECK(optimizer(v1::OPTIMIZER_KIND_ADAGRAD).epsilon() == 1e-10);
  CHECK(optimizer(v1::OPTIMIZER_KIND_RMSPROP).rho() == 0.9);
  CHECK(optimizer(v1::OPTIMIZER_KIND_RMSPROP).epsilon() == 1e-8);
  CHECK(optimizer(v1::OPTIMIZER_KIND_ADAM).beta1() == 0.9);
  CHECK(optimizer(v1::OPTIMIZER_KIND_ADAM).beta2() == 0.999);
  CHECK_FALSE(optimizer(v1::OPTIMIZER_KIND_ADAM).has_weight_decay());
  CHECK(optimizer(v1::OPTIMIZER_KIND_ADAMW).weight_decay() == 0.01);
  CHECK(optimizer(v1::OPTIMIZER_KIND_FTRL).epsilon() == 1);
}

TEST_CASE("what is given stays") {
  v1::JobSpec spec = Bare(v1::MODEL_KIND_LINEAR);
  spec.mutable_train()->set_seed(0);
  spec.mutable_data()->set_shuffle(false);
  spec.mutable_train()->mutable_optimizer()->set_learning_rate(0.5);
  const v1::JobSpec filled = WithDefaults(spec);
  CHECK(filled.train().seed() == 0);
  CHECK_FALSE(filled.data().shuffle());
  CHECK(filled.train().optimizer().learning_rate() == 0.5);
}

TEST_CASE("values travel as float32, a table's as all others, unless it is said otherwise") {
  v1::JobSpec spec = Bare(v1::MODEL_KIND_MLP);
  CHECK(WithDefaults(spec).compression().push() == v1::CODEC_FLOAT32);
  CHECK(WithDefaults(spec).compression().pull() == v1::CODEC_FLOAT32);
  spec.mutable_compression()->set_pull(v1::CODEC_BF16);
  spec.mutable_compression()->add_tables()->set_push(v1::CODEC_INT8);
  const v1::TableCompressionSpec table = WithDefaults(spec).compression().tables(0);
  CHECK(table.push() == v1::CODEC_INT8);
  CHECK(table.pull() == v1::CODEC_BF16);
}

TEST_CASE("topk sends a hundredth, wherever it is asked for") {
  v1::JobSpec spec = Bare(v1::MODEL_KIND_MLP);
  CHECK(WithDefaults(spec).compression().topk_ratio() == 0);
  spec.mutable_compression()->add_tables()->set_push(v1::CODEC_TOPK);
  CHECK(WithDefaults(spec).compression().topk_ratio() == 0.01);
  spec.mutable_compression()->clear_tables();
  spec.mutable_compression()->set_push(v1::CODEC_TOPK);
  CHECK(WithDefaults(spec).compression().topk_ratio() == 0.01);
  spec.mutable_compression()->set_topk_ratio(0.5);
  CHECK(WithDefaults(spec).compression().topk_ratio() == 0.5);
}

TEST_CASE("products are float32, and every run the same, unless it is said otherwise") {
  v1::JobSpec spec = Bare(v1::MODEL_KIND_MLP);
  CHECK(WithDefaults(spec).train().precision() == v1::PRECISION_FLOAT32);
  CHECK(WithDefaults(spec).train().deterministic());
  CHECK(WithDefaults(spec).train().loss_scale() == 0);
  CHECK(WithDefaults(spec).resources().gpu_memory() == 0);
  spec.mutable_train()->set_precision(v1::PRECISION_BF16);
  spec.mutable_train()->set_deterministic(false);
  CHECK(WithDefaults(spec).train().precision() == v1::PRECISION_BF16);
  CHECK_FALSE(WithDefaults(spec).train().deterministic());
}

TEST_CASE("filling in defaults twice changes nothing") {
  for (int model = 0; model <= v1::ModelKind_MAX; ++model) {
    for (int optimizer = 0; optimizer <= v1::OptimizerKind_MAX; ++optimizer) {
      v1::JobSpec spec = Bare(static_cast<v1::ModelKind>(model));
      spec.mutable_train()->mutable_optimizer()->set_kind(
          static_cast<v1::OptimizerKind>(optimizer));
      spec.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_CSV);
      spec.mutable_data()->set_on_bad_record(v1::BAD_RECORD_POLICY_SKIP);
      const v1::JobSpec once = WithDefaults(spec);
      CHECK(google::protobuf::util::MessageDifferencer::Equals(once, WithDefaults(once)));
    }
  }
}

}  // namespace
}  // namespace paceline
