#include "common/spec/rules.h"

namespace paceline::spec_rules {

void CheckCheckpoint(const v1::JobSpec& spec, std::vector<Problem>* problems) {
  const v1::CheckpointSpec& checkpoint = spec.checkpoint();
  RefuseIf(!checkpoint.dir().empty() && checkpoint.replicas() > 0, "checkpoint.replicas",
           "no checkpoint.dir: files lie under the --data-dir of each server", problems);
}

}  // namespace paceline::spec_rules
