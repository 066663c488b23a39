#include <string>

#include "common/spec/cut_name.h"
#include "common/spec/rules.h"

namespace paceline::spec_rules {

void CheckStart(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::StartSpec& start = spec.start();
  if (!start.cut().empty()) {
    if (const auto name = ParseCutName(start.cut()); !name.ok()) {
      problems->push_back(Complaint("start.cut", std::string(name.status().message())));
    }
  }
  RefuseIf(start.cut().empty() && start.weights_only(), "start.weights_only", "start.cut",
           problems);
  RefuseIf(!start.cut().empty() && !start.weights().empty(), "start.weights", "no start.cut",
           problems);
  if (!start.weights().empty() && start.weights().front() != '/') {
    problems->push_back(Expected("start.weights", "an absolute path", start.weights()));
  }
}

}  // namespace paceline::spec_rules
