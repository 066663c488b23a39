// Whole jobs whose ranks compute on fake GPUs: the device, its runners and the kernels are
// those of a real one.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/local/in_process_cluster.h"
#include "common/random.h"
#include "common/tables/ctr_tables.h"
#include "tests/harness/harness.h"
#include "worker/gpu/fake/fake_gpu.h"
#include "worker/gpu/find_gpus.h"
#include "worker/gpu/gpu_device.h"

namespace paceline {
namespace {

gpu::GpusFound OneGpu() {
  return {.gpus = {gpu::GpuDescription{.uuid = "GPU-0", .name = "fake", .memory_bytes = 1 << 30}},
          .reason = ""};
}

absl::StatusOr<worker::DeviceChoice> CreateOnFake(const worker::DeviceOptions& options) {
  if (options.kind != v1::DEVICE_KIND_CUDA) return worker::CreateHostDevice(options);
  // Each task has one, as streams of its own.
  auto fake = std::make_shared<gpu::fake::FakeGpu>();
  return worker::DeviceChoice{
      .device = std::make_unique<worker::GpuDevice>(fake, options.clock, options.tracer),
      .name = "fake",
      .reason = options.reason,
      .notes = {}};
}

struct Cluster {
  Harness harness{cli::InProcessCluster::Options{
      .servers = 2, .workers = 2, .slots = 0, .change_worker = [](int, auto* worker, auto* task) {
        worker->find_gpus = OneGpu;
        task->create_device = CreateOnFake;
      }}};

  // Three classes in `features` features, of which a record has a few.
  v1::JobSpec Spec(v1::ModelKind kind, v1::DeviceKind device, v1::Policy policy) {
    constexpr uint64_t kFeatures = 20;
    const int classes = kind == v1::MODEL_KIND_MLP ? 3 : 2;
    const std::string path = absl::StrCat(harness.folder(), "/data-", classes, ".libsvm");
    std::ofstream out(path);
    for (uint64_t i = 0; i < 240; ++i) {
      const int label = static_cast<int>(i) % classes;
      out << label;
      for (uint64_t f = 0; f < kFeatures; ++f) {
        if (RandomUniform(3, i, f) > 0.4f) continue;
        const float shift = static_cast<int>(f) % classes == label ? 1.0f : -0.5f;
        out << " " << f + 1 << ":" << shift + 0.5f * RandomNormal(1, i, f);
      }
      out << "\n";
    }
    out.close();
    v1::JobSpec spec;
    spec.set_name("gpu");
    spec.mutable_model()->set_kind(kind);
    const bool network = kind == v1::MODEL_KIND_MLP || kind == v1::MODEL_KIND_CNN;
    if (network) spec.mutable_model()->add_hidden(16);
    if (kind == v1::MODEL_KIND_CNN) {
      v1::CnnSpec* const cnn = spec.mutable_model()->mutable_cnn();
      cnn->set_image_channels(1);
      cnn->set_image_height(4);
      cnn->set_image_width(5);
      cnn->add_conv()->set_channels(4);
      cnn->set_batch_norm(true);
      cnn->set_dropout(0.25);
    }
    spec.mutable_data()->mutable_train()->set_path(path);
    spec.mutable_data()->mutable_train()->set_format(v1::DATA_FORMAT_LIBSVM);
    *spec.mutable_data()->mutable_eval() = spec.data().train();
    spec.mutable_train()->set_global_batch(48);
    spec.mutable_train()->set_epochs(4);
    spec.mutable_train()->set_eval_every_iterations(4);
    spec.mutable_train()->mutable_optimizer()->set_kind(v1::OPTIMIZER_KIND_ADAM);
    spec.mutable_train()->mutable_optimizer()->set_learning_rate(0.02);
    spec.mutable_consistency()->set_policy(policy);
    spec.mutable_resources()->set_workers(2);
    spec.mutable_resources()->set_servers(2);
    spec.mutable_resources()->set_device(device);
    return spec;
  }

  // Clicks that follow three categories and a number.
  v1::JobSpec ClickSpec(v1::ModelKind kind, v1::DeviceKind device) {
    const std::string path = absl::StrCat(harness.folder(), "/clicks.csv");
    std::ofstream out(path);
    for (uint64_t i = 0; i < 240; ++i) {
      float score = RandomNormal(4, i, 0);
      out << score;
      for (uint64_t field = 0; field < 3; ++field) {
        const auto category = static_cast<int>(8 * RandomUniform(5, i, field));
        score += category % 2 == 0 ? 1.5f : -1.5f;
        out << ",k" << category;
      }
      out << "," << (score > 0 ? 1 : 0) << "\n";
    }
    out.close();
    v1::JobSpec spec = Spec(kind, device, v1::POLICY_BSP);
    spec.mutable_model()->add_hidden(8);
    spec.mutable_model()->set_factors(4);
    v1::DataSpec* const data = spec.mutable_data();
    data->set_hash_buckets(1000);
    data->add_crosses()->add_columns("1");
    data->mutable_crosses(0)->add_columns("2");
    data->mutable_train()->set_path(path);
    data->mutable_train()->set_format(v1::DATA_FORMAT_CSV);
    for (const char* const column : {"1", "2", "3"}) {
      data->mutable_train()->add_categories(column);
    }
    *data->mutable_eval() = data->train();
    return spec;
  }

  // Ratings of 12 items by 20 users, who agree but for a bias.
  v1::JobSpec RatingsSpec(v1::DeviceKind device) {
    v1::JobSpec spec = Spec(v1::MODEL_KIND_MF, device, v1::POLICY_BSP);
    const std::string path = absl::StrCat(harness.folder(), "/ratings.csv");
    std::ofstream out(path);
    for (uint64_t i = 0; i < 240; ++i) {
      const uint64_t user = i % 20;
      const uint64_t item = i % 12;
      out << user << "," << item << "," << 2 + 0.1f * user + 0.2f * item << "\n";
    }
    out.close();
    spec.mutable_model()->set_factors(4);
    for (auto* const data :
         {spec.mutable_data()->mutable_train(), spec.mutable_data()->mutable_eval()}) {
      data->set_path(path);
      data->set_format(v1::DATA_FORMAT_RATINGS);
    }
    return spec;
  }

  v1::JobSpec KMeansSpec(v1::DeviceKind device) {
    v1::JobSpec spec = Spec(v1::MODEL_KIND_KMEANS, device, v1::POLICY_BSP);
    spec.mutable_model()->set_clusters(5);
    spec.mutable_train()->clear_optimizer();
    return spec;
  }

  // 60 windows of 8 bytes of a text of few words: an emulator takes its time.
  v1::JobSpec TextSpec(v1::DeviceKind device) {
    const std::string path = absl::StrCat(harness.folder(), "/data.txt");
    const std::vector<std::string> words = {"push ", "pull ", "step ", "rank "};
    std::ofstream out(path);
    for (uint64_t i = 0; i < 60 * 8 / 5; ++i) out << words[RandomBits(5, 0, i) % words.size()];
    out << ".";
    out.close();
    v1::JobSpec spec = Spec(v1::MODEL_KIND_LM, device, v1::POLICY_BSP);
    v1::LmSpec* const lm = spec.mutable_model()->mutable_lm();
    lm->set_context(8);
    lm->set_layers(1);
    lm->set_heads(2);
    lm->set_width(8);
    lm->set_dropout(0.1);
    v1::DataSpec* const data = spec.mutable_data();
    data->mutable_train()->set_path(path);
    data->mutable_train()->set_format(v1::DATA_FORMAT_TEXT);
    *data->mutable_eval() = data->train();
    spec.mutable_train()->set_global_batch(12);
    return spec;
  }

  v1::Job Run(const v1::JobSpec& spec) {
    v1::Job job = harness.Run(spec);
    INFO(job.ShortDebugString());
    REQUIRE(job.state() == v1::JOB_STATE_SUCCEEDED);
    return job;
  }
};

TEST_CASE("a job on GPUs learns what it learns on processors, twice with the same bytes") {
  Cluster cluster;
  for (const v1::ModelKind kind :
       {v1::MODEL_KIND_MLP, v1::MODEL_KIND_FM, v1::MODEL_KIND_CNN, v1::MODEL_KIND_LM,
        v1::MODEL_KIND_WIDE_DEEP, v1::MODEL_KIND_DEEPFM, v1::MODEL_KIND_DCN}) {
    INFO("model kind " << kind);
    const auto run = [&](v1::DeviceKind device) {
      if (IsCtrModel(kind)) return cluster.Run(cluster.ClickSpec(kind, device));
      return cluster.Run(kind == v1::MODEL_KIND_LM ? cluster.TextSpec(device)
                                                   : cluster.Spec(kind, device, v1::POLICY_BSP));
    };
    const v1::Job cpu = run(v1::DEVICE_KIND_CPU);
    const v1::Job gpu = run(v1::DEVICE_KIND_CUDA);
    CHECK(gpu.summary().device() == "cuda");
    CHECK(gpu.summary().device_name() == "fake");
    CHECK(gpu.summary().samples() == cpu.summary().samples());
    CHECK(gpu.summary().train_loss() == Approx(cpu.summary().train_loss()).epsilon(1e-3));
    CHECK(gpu.summary().eval().loss() == Approx(cpu.summary().eval().loss()).epsilon(1e-3));
    REQUIRE(gpu.evals_size() == cpu.evals_size());
    REQUIRE(gpu.evals_size() > 3);
    for (int i = 0; i < gpu.evals_size(); ++i) {
      CHECK(gpu.evals(i).result().loss() == Approx(cpu.evals(i).result().loss()).epsilon(1e-3));
    }
    CHECK(gpu.evals(gpu.evals_size() - 1).result().loss() < gpu.evals(0).result().loss());
    const v1::Job again = run(v1::DEVICE_KIND_CUDA);
    CHECK(again.summary().parameters_sha256() == gpu.summary().parameters_sha256());
    CHECK(again.summary().parameters_sha256() != cpu.summary().parameters_sha256());
  }
}

TEST_CASE("ratings on GPUs are learned as on processors, twice with the same bytes") {
  Cluster cluster;
  const v1::Job cpu = cluster.Run(cluster.RatingsSpec(v1::DEVICE_KIND_CPU));
  const v1::Job gpu = cluster.Run(cluster.RatingsSpec(v1::DEVICE_KIND_CUDA));
  CHECK(gpu.summary().device() == "cuda");
  CHECK(gpu.summary().samples() == cpu.summary().samples());
  REQUIRE(gpu.evals_size() == cpu.evals_size());
  REQUIRE(gpu.evals_size() > 3);
  for (int i = 0; i < gpu.evals_size(); ++i) {
    CHECK(gpu.evals(i).result().loss() == Approx(cpu.evals(i).result().loss()).epsilon(1e-3));
  }
  CHECK(gpu.evals(gpu.evals_size() - 1).result().loss() < gpu.evals(0).result().loss());
  const v1::Job again = cluster.Run(cluster.RatingsSpec(v1::DEVICE_KIND_CUDA));
  CHECK(again.summary().parameters_sha256() == gpu.summary().parameters_sha256());
}

TEST_CASE("clusters on GPUs are those on processors, to the byte") {
  Cluster cluster;
  const v1::Job cpu = cluster.Run(cluster.KMeansSpec(v1::DEVICE_KIND_CPU));
  const v1::Job gpu = cluster.Run(cluster.KMeansSpec(v1::DEVICE_KIND_CUDA));
  CHECK(gpu.summary().device() == "cuda");
  CHECK_FALSE(gpu.summary().parameters_sha256().empty());
  CHECK(gpu.summary().parameters_sha256() == cpu.summary().parameters_sha256());
  REQUIRE(gpu.evals_size() > 3);
  CHECK(gpu.evals(gpu.evals_size() - 1).result().loss() < gpu.evals(0).result().loss());
}

TEST_CASE("every policy and precision trains on GPUs") {
  Cluster cluster;
  for (const v1::Policy policy : {v1::POLICY_BSP, v1::POLICY_SSP, v1::POLICY_ASP}) {
    for (const v1::Precision precision :
         {v1::PRECISION_TF32, v1::PRECISION_BF16, v1::PRECISION_FP16}) {
      INFO("policy " << policy << ", precision " << precision);
      v1::JobSpec spec = cluster.Spec(v1::MODEL_KIND_MLP, v1::DEVICE_KIND_CUDA, policy);
      spec.mutable_train()->set_precision(precision);
      // Gradients travel in half the bytes, too, and add up in float32.
      if (precision != v1::PRECISION_TF32) {
        spec.mutable_compression()->set_push(precision == v1::PRECISION_BF16 ? v1::CODEC_BF16
                                                                             : v1::CODEC_FP16);
      }
      const v1::Job job = cluster.Run(spec);
      CHECK(job.summary().samples() == 4 * 240);
      // Of what three classes cost a model that knows nothing. The first evaluation is no
      // measure: without bsp the other rank may be at its end by then.
      CHECK(job.summary().eval().loss() < 0.3 * std::log(3.0));
    }
  }
}

}  // namespace
}  // namespace paceline
