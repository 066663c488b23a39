// Runs a fuzz target over its seeds, the files named as arguments, and mutations of both.
//
//   x_fuzz [FILE]...              the test; PACELINE_FUZZ_MUTATIONS of them, 2000 without
//   x_fuzz --write-seeds DIR      writes the seeds to files, for libFuzzer to begin with
//
// The input being run lies in last_input in TEST_UNDECLARED_OUTPUTS_DIR (or TMPDIR): after
// a crash, what caused it.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace paceline::fuzz {
namespace {

constexpr size_t kLongest = 64 << 10;
constexpr int kMutations = 2000;

// A file that still holds the input when the process has been stopped.
class LastInput {
 public:
  LastInput() {
    const char* dir = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
    if (dir == nullptr) dir = std::getenv("TMPDIR");
    path_ = std::string(dir == nullptr ? "/tmp" : dir) + "/last_input";
    const int fd = open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || ftruncate(fd, sizeof(size_t) + kLongest) != 0) return;
    void* const memory =
        mmap(nullptr, sizeof(size_t) + kLongest, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED) memory_ = static_cast<char*>(memory);
    close(fd);
  }
  void Keep(const std::string& input) {
    if (memory_ == nullptr || input.size() > kLongest) return;
    const size_t size = input.size();
    std::memcpy(memory_, &size, sizeof(size));
    std::memcpy(memory_ + sizeof(size), input.data(), size);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  char* memory_ = nullptr;
};

size_t Below(std::mt19937_64& random, size_t limit) {
  return limit == 0 ? 0 : static_cast<size_t>(random() % limit);
}

// One to eight small changes of an input, of the kinds that libFuzzer makes.
std::string Mutated(const std::vector<std::string>& inputs, std::mt19937_64& random) {
  static constexpr unsigned char kSpecial[] = {0, 1, 0x7f, 0x80, 0xff, '"', '\n', '0', '-'};
  std::string text = inputs[Below(random, inputs.size())];
  const size_t changes = 1 + Below(random, 8);
  for (size_t i = 0; i < changes; ++i) {
    const size_t at = Below(random, text.size() + 1);
    switch (random() % 6) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ 1 << random() % 8);
        break;
      case 1:
        if (at < text.size())
          text[at] = static_cast<char>(kSpecial[Below(random, sizeof(kSpecial))]);
        break;
      case 2:
        text.insert(at, 1, static_cast<char>(random()));
        break;
      case 3:
        text.erase(at, 1 + Below(random, 8));
        break;
      case 4: {
        const std::string& other = inputs[Below(random, inputs.size())];
        const size_t from = Below(random, other.size() + 1);
        text.insert(at, other.substr(from, Below(random, 64)));
        break;
      }
      default:
        text.insert(at, text.substr(Below(random, text.size() + 1), Below(random, 64)));
    }
  }
  if (text.size() > kLongest) text.resize(kLongest);
  return text;
}

int WriteSeeds(const std::string& dir) {
  int number = 0;
  for (const std::string& seed : Seeds()) {
    std::ofstream(dir + "/seed" + std::to_string(number++), std::ios::binary) << seed;
  }
  return 0;
}

int Run(const std::vector<std::string>& files) {
  std::vector<std::string> inputs = Seeds();
  for (const std::string& file : files) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
      std::cerr << "cannot read " << file << "\n";
      return 2;
    }
    inputs.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  inputs.emplace_back();
  LastInput last;
  std::cout << "input in " << last.path() << " (8 bytes of length, then the bytes)" << std::endl;
  const auto run = [&](const std::string& input) {
    last.Keep(input);
    FuzzOne(input);
  };
  for (const std::string& input : inputs) run(input);
  const char* wanted = std::getenv("PACELINE_FUZZ_MUTATIONS");
  const int mutations = wanted == nullptr ? kMutations : std::atoi(wanted);
  std::mt19937_64 random(1);
  for (int i = 0; i < mutations; ++i) run(Mutated(inputs, random));
  std::cout << inputs.size() << " inputs and " << mutations << " mutations passed" << std::endl;
  return 0;
}

}  // namespace
}  // namespace paceline::fuzz

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--write-seeds") {
    return paceline::fuzz::WriteSeeds(argv[2]);
  }
  return paceline::fuzz::Run({argv + 1, argv + argc});
}
