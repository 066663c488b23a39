#include "tests/bench/peer_process.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/check.h"

namespace paceline::bench {

RunTotals RunPeer(const std::string& command) {
  FILE* const output = popen(command.c_str(), "r");
  PL_CHECK(output != nullptr) << command;
  std::string text;
  char piece[4096];
  while (const size_t got = fread(piece, 1, sizeof piece, output)) text.append(piece, got);
  PL_CHECK_EQ(pclose(output), 0) << command;
  text.erase(text.find_last_not_of('\n') + 1);
  const nlohmann::json line = nlohmann::json::parse(text.substr(text.rfind('\n') + 1));
  RunTotals totals;
  totals.seconds = line.at("seconds");
  totals.bytes = line.at("bytes");
  totals.steps = line.at("steps");
  totals.cpu_seconds = line.at("cpu_seconds");
  totals.microseconds = line.at("microseconds").get<std::vector<float>>();
  return totals;
}

}  // namespace paceline::bench
