#include "cli/datagen/datagen_flags.h"

#include <cstdint>

#include "cli/datagen/blobs_generator.h"
#include "cli/datagen/ctr_generator.h"
#include "cli/datagen/linear_generator.h"
#include "cli/datagen/ratings_generator.h"
#include "cli/datagen/text_generator.h"

namespace paceline::cli {
namespace {

using Options = std::shared_ptr<DatagenOptions>;

CLI::Range Counts(uint64_t low, uint64_t high) { return CLI::Range(low, high); }

template <typename T>
void Add(CLI::App* command, const char* flag, T* value, const char* help, CLI::Validator check) {
  command->add_option(flag, *value, help)->check(check)->capture_default_str();
}

// What all kinds take.
Options Common(CLI::App* command, uint64_t* seed, const char* rows) {
  auto options = std::make_shared<DatagenOptions>();
  command->add_option("--rows", options->rows, rows)
      ->check(Counts(1, kMaxDatagenRows))
      ->capture_default_str();
  command->add_option("--seed", *seed, "another seed, another model and other records")
      ->capture_default_str();
  command->add_option("--out", options->out, "file to write; - is standard output")
      ->capture_default_str();
  command->add_option("--holdout", options->holdout,
                      "file for held-out records of the same model; they depend on the seed, not "
                      "on --rows");
  command
      ->add_option("--holdout-rows", options->holdout_rows,
                   "of --holdout; default: a tenth of --rows")
      ->check(Counts(1, kMaxDatagenRows));
  return options;
}

void Truth(CLI::App* command, const Options& options, const char* help) {
  command->add_option("--truth", options->truth, help);
}

void Model(CLI::App* command, const Options& options, const char* help) {
  command->add_option("--model", options->model, help);
}

void AddCtr(const DatagenCommands& commands) {
  CLI::App* ctr = commands.add("ctr", "clicks in Criteo's form, of a factorization machine",
                               "pacectl datagen ctr --rows 1000000 --out train.tsv --holdout "
                               "test.tsv --holdout-rows 100000");
  auto of = std::make_shared<CtrOptions>();
  const Options options = Common(ctr, &of->seed, "records");
  Truth(ctr, options, "file for the true probability of each record of --out");
  Add(ctr, "--categories", &of->categories, "of all 26 fields together, about",
      Counts(kMinCtrCategories, kMaxCtrCategories));
  Add(ctr, "--zipf", &of->zipf, "exponent of the categories' frequencies", CLI::Range(0.0, 10.0));
  Add(ctr, "--missing", &of->missing, "part of integers and categories that are empty",
      CLI::Range(0.0, 1.0));
  Add(ctr, "--bias", &of->bias, "of the logit", CLI::Range(-20.0, 20.0));
  Add(ctr, "--integer-effect", &of->integer_effect, "deviation of their part of the logit",
      CLI::Range(0.0, 10.0));
  Add(ctr, "--category-effect", &of->category_effect, "deviation of their part of the logit",
      CLI::Range(0.0, 10.0));
  Add(ctr, "--pair-effect", &of->pair_effect,
      "deviation of the part of the logit that pairs of categories have", CLI::Range(0.0, 10.0));
  commands.on(ctr, options, [of] { return std::make_unique<CtrGenerator>(*of); });
}

void AddRatings(const DatagenCommands& commands) {
  CLI::App* ratings =
      commands.add("ratings", "user,item,rating of a low-rank model",
                   "pacectl datagen ratings --rows 200000 --sigma 0.3 --out ratings.csv");
  auto of = std::make_shared<RatingsOptions>();
  const Options options = Common(ratings, &of->seed, "records");
  Truth(ratings, options, "file for each rating of --out without noise");
  Add(ratings, "--users", &of->users, "users", Counts(1, kMaxRatingIds));
  Add(ratings, "--items", &of->items, "items", Counts(1, kMaxRatingIds));
  Add(ratings, "--rank", &of->rank, "values of a user's and of an item's vector", Counts(1, 1024));
  Add(ratings, "--sigma", &of->sigma, "deviation of the noise", CLI::Range(0.0, 100.0));
  Add(ratings, "--zipf", &of->zipf, "exponent of the items' frequencies", CLI::Range(0.0, 10.0));
  commands.on(ratings, options, [of] { return std::make_unique<RatingsGenerator>(*of); });
}

void AddLinear(const DatagenCommands& commands) {
  CLI::App* linear =
      commands.add("linear", "records of a linear model with noise",
                   "pacectl datagen linear --features 1000 --nonzeros 20 --out train.libsvm");
  auto of = std::make_shared<LinearOptions>();
  const Options options = Common(linear, &of->seed, "records");
  Truth(linear, options, "file for each label of --out without noise");
  Model(linear, options, "file for the bias and the weights, one a line");
  Add(linear, "--features", &of->features, "features", Counts(1, kMaxLinearFeatures));
  CLI::Option* nonzeros =
      linear
          ->add_option("--nonzeros", of->nonzeros,
                       "values of a record, of libsvm; default: one of every feature")
          ->check(Counts(1, kMaxLinearNonzeros));
  Add(linear, "--sigma", &of->sigma, "deviation of the noise", CLI::Range(0.0, 100.0));
  linear->add_flag("--csv", of->csv, "csv with the label last instead of libsvm")
      ->excludes(nonzeros);
  commands.on(linear, options, [of] { return LinearGenerator::Create(*of); });
}

void AddBlobs(const DatagenCommands& commands) {
  CLI::App* blobs = commands.add("blobs",
                                 "points of Gaussian clusters, as csv with the cluster "
                                 "as label",
                                 "pacectl datagen blobs --clusters 10 --dims 16 --out blobs.csv");
  auto of = std::make_shared<BlobsOptions>();
  const Options options = Common(blobs, &of->seed, "points");
  Truth(blobs, options, "file for the center of each point of --out");
  Model(blobs, options, "file for the centers, one a line");
  Add(blobs, "--clusters", &of->clusters, "clusters", Counts(1, 1 << 20));
  Add(blobs, "--dims", &of->dims, "values of a point", Counts(1, 4096));
  Add(blobs, "--spread", &of->spread, "deviation of the centers", CLI::Range(0.0, 1e4));
  Add(blobs, "--sigma", &of->sigma, "deviation of points from their centers", CLI::Range(0.0, 1e4));
  commands.on(blobs, options, [of] { return std::make_unique<BlobsGenerator>(*of); });
}

void AddText(const DatagenCommands& commands) {
  CLI::App* text = commands.add("text", "bytes of a Markov source of 1.75 bits a byte",
                                "pacectl datagen text --rows 1000000 --out train.txt");
  auto of = std::make_shared<TextOptions>();
  const Options options = Common(text, &of->seed, "bytes");
  Truth(text, options, "file for the probability of each byte of --out");
  Add(text, "--order", &of->order, "bytes that decide what may follow", Counts(1, kMaxTextOrder));
  commands.on(text, options, [of] { return std::make_unique<TextGenerator>(*of); });
}

}  // namespace

void AddDatagenKinds(const DatagenCommands& commands) {
  AddCtr(commands);
  AddRatings(commands);
  AddLinear(commands);
  AddBlobs(commands);
  AddText(commands);
}

}  // namespace paceline::cli
