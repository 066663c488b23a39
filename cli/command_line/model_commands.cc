#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cli/command_line/add_commands.h"
#include "cli/export/export.h"
#include "cli/predict/predict.h"
#include "cli/sample/sample.h"
#include "cli/weights/trained_model.h"
#include "common/spec/enum_names.h"
#include "common/status/status_macros.h"
#include "proto/job.pb.h"

namespace paceline::cli {
namespace {

using Result = CommandLine::Result;

void AddExport(CommandLine* line) {
  CLI::App* command = line->Command("export", "write a job's parameters to a file",
                                    "pacectl export 7 weights.safetensors\n"
                                    "pacectl export 7 weights.npz --cut 3\n"
                                    "pacectl export 7 weights.npz --best");
  auto options = std::make_shared<ExportOptions>();
  auto format = std::make_shared<std::string>();
  line->JobId(command);
  command->add_option("FILE", options->file, "file to write: .safetensors or .npz")->required();
  CLI::Option* cut =
      command->add_option("--cut", options->cut_id, "which cut; default: the newest");
  command->add_flag("--best", options->best, "the cut of the best evaluation")->excludes(cut);
  command->add_option("--format", *format, "default: by FILE's name")
      ->check(OneOf({"safetensors", "npz"}));
  line->OnScheduler(command, [line, options, format](SchedulerClient& client) -> Result {
    options->job_id = line->job_id();
    const std::string name = format->empty() ? options->file : absl::StrCat(".", *format);
    PL_ASSIGN_OR_RETURN(options->format, ExportFormatOf(name));
    return Export(*options, client, line->env());
  });
}

void AddSource(CLI::App* command, ModelSource* model) {
  command
      ->add_option("SOURCE", model->source,
                   "id of a job, JOB@CUT, JOB@best, or a file that export wrote: .safetensors")
      ->required();
  command->add_option("--job-file", model->job_file,
                      "of a file that does not say its model: the job's .yaml");
}

void AddPredict(CommandLine* line) {
  CLI::App* command = line->Command("predict", "what a trained model says of each record of a file",
                                    "pacectl predict 7 --data test.libsvm\n"
                                    "pacectl predict 7@3 --data test.csv --out predictions.csv\n"
                                    "pacectl predict fm.safetensors --data test.libsvm -o json");
  auto options = std::make_shared<PredictOptions>();
  AddSource(command, &options->model);
  command->add_option("--data", options->data, "file of records; idx: the images")->required();
  command->add_option("--labels", options->labels, "idx: file of the labels");
  command->add_option("--format", options->format, "default: as the model's training data")
      ->check(OneOf(EnumWords(*v1::DataFormat_descriptor())));
  command->add_option("--out", options->out, "file to write; -: standard output")
      ->capture_default_str();
  command
      ->add_option("--model-dir", options->model_dir,
                   "folder of shared libraries, one of which may be the model")
      ->check(CLI::ExistingDirectory);
  line->Formats(command, {OutputFormat::kCsv});
  line->OnScheduler(command, [line, options](SchedulerClient& client) {
    return Predict(*options, line->format(), client, line->env());
  });
}

void AddSample(CommandLine* line) {
  CLI::App* command = line->Command("sample", "text from a language model that a job trained",
                                    "pacectl sample 7 --prompt 'ROMEO:'\n"
                                    "pacectl sample lm.safetensors --bytes 2000 --temperature 0.7\n"
                                    "pacectl sample 7@3 --top-k 20 --seed 5");
  auto options = std::make_shared<SampleOptions>();
  AddSource(command, &options->model);
  command->add_option("--prompt", options->prompt,
                      "what the text begins with; default: a line end");
  command->add_option("--bytes", options->bytes, "how many follow")
      ->check(CLI::Range(uint64_t{1}, kMaxSampleBytes))
      ->capture_default_str();
  command
      ->add_option("--temperature", options->temperature,
                   "below 1 likely bytes become likelier; 0: always the likeliest")
      ->check([](const std::string& temperature) {
        double value = 0;
        // CLI::Range takes nan.
        const bool ok = absl::SimpleAtod(temperature, &value) && value >= 0 && value <= 100;
        return ok ? std::string()
                  : absl::StrCat("a number from 0 to 100 expected, got ", temperature);
      })
      ->capture_default_str();
  command->add_option("--top-k", options->top_k, "only so many of the likeliest bytes; 0: all")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "the same seed gives the same text")
      ->capture_default_str();
  line->OnScheduler(command, [line, options](SchedulerClient& client) {
    return Sample(*options, client, line->env());
  });
}

}  // namespace

void AddModelCommands(CommandLine* line) {
  AddExport(line);
  AddPredict(line);
  AddSample(line);
}

}  // namespace paceline::cli
