// Job files in each of their three forms: parsed, resolved, filled in, validated.
#include "absl/strings/str_cat.h"
#include "common/spec/parse.h"
#include "common/spec/problem.h"
#include "common/spec/read.h"
#include "tests/fuzz/fuzz_target.h"

namespace paceline::fuzz {
namespace {

constexpr char kYaml[] = R"(name: digits
model: {kind: mlp, hidden: [128, 64], activation: relu}
data:
  scale: 0.0625
  train: {path: digits.csv, format: csv, label: "-1", header: true, delimiter: ";"}
  eval: {path: t10k-images.idx.gz, format: idx, labels: t10k-labels.idx.gz}
  on_bad_record: skip
train:
  global_batch: 256
  epochs: 5
  seed: 18446744073709551615
  optimizer: {kind: adam, learning_rate: 1e-3}
consistency: {policy: ssp, staleness: 4}
resources: {workers: 4, servers: 2, device: auto}
checkpoint: {dir: /cuts, every_iterations: 200, keep: 3}
compression: {push: {codec: topk, ratio: 0.01}}
)";

constexpr char kJson[] =
    R"({"name":"c","model":{"kind":"counting","dim":4,"rows":8},"train":{"iterations":3},)"
    R"("consistency":{"policy":"bsp"},"resources":{"workers":2,"servers":1}})";

constexpr char kTextproto[] = R"(name: "fm" model { kind: MODEL_KIND_FM factors: 8 }
data { train { path: "a9a" format: DATA_FORMAT_LIBSVM } } # comment
train { global_batch: 64 epochs: 1 optimizer { kind: OPTIMIZER_KIND_FTRL l1: 0.5 } }
)";

}  // namespace

// The first byte chooses the form.
std::vector<std::string> Seeds() {
  return {absl::StrCat("y", kYaml), absl::StrCat("j", kJson), absl::StrCat("t", kTextproto),
          "y&a [*a, *a]",           "y- 1\n- {a: b}\n",       "j[[[[{}]]]]",
          "ta { b { c: 1 } }"};
}

void FuzzOne(absl::string_view input) {
  if (input.empty()) return;
  const SpecFormat format = input[0] == 'y'   ? SpecFormat::kYaml
                            : input[0] == 'j' ? SpecFormat::kJson
                                              : SpecFormat::kTextproto;
  const ParsedSpec parsed = ReadSpec(input.substr(1), format, "/folder");
  for (const Problem& problem : parsed.problems) (void)ToString(problem, "job.yaml");
}

}  // namespace paceline::fuzz
