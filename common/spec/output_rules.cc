#include <string>

#include "common/spec/rules.h"

namespace paceline::spec_rules {

void CheckOutput(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const std::string& folder = spec.output().tensorboard();
  // Those of job files are absolute by now: relative ones are meant from the job file.
  if (!folder.empty() && folder.front() != '/') {
    problems->push_back(Expected("output.tensorboard", "an absolute path", folder));
  }
}

}  // namespace paceline::spec_rules
