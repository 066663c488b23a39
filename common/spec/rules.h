// The parts of Validate, one per file.
#ifndef PACELINE_COMMON_SPEC_RULES_H_
#define PACELINE_COMMON_SPEC_RULES_H_

#include <string>
#include <vector>

#include "common/spec/problem.h"
#include "google/protobuf/message.h"
#include "proto/job.pb.h"

namespace paceline::spec_rules {

// Each appends its problems. `spec` has its defaults.
void CheckModel(const v1::JobSpec& spec, std::vector<Problem>* problems);
void CheckCnn(const v1::JobSpec& spec, std::vector<Problem>* problems);
void CheckData(const v1::JobSpec& spec, std::vector<Problem>* problems);
// What formats take: of one file at `path`, and of the data section.
void CheckFormat(const v1::DataFile& file, const std::string& path, std::vector<Problem>* problems);
void CheckCategories(const v1::DataSpec& data, std::vector<Problem>* problems);
void CheckLibrary(const v1::JobSpec& spec, std::vector<Problem>* problems);
void CheckLm(const v1::JobSpec& spec, std::vector<Problem>* problems);
void CheckCtr(const v1::JobSpec& spec, std::vector<Problem>* problems);
void CheckTrain(const v1::JobSpec& spec, std::vector<Problem>* problems);
void CheckCheckpoint(const v1::JobSpec& spec, std::vector<Problem>* problems);
void CheckCompression(const v1::JobSpec& spec, std::vector<Problem>* problems);
void CheckSparse(const v1::JobSpec& spec, std::vector<Problem>* problems);
void CheckStart(const v1::JobSpec& spec, std::vector<Problem>* problems);
void CheckOutput(const v1::JobSpec& spec, std::vector<Problem>* problems);
void CheckEvaluation(const v1::JobSpec& spec, std::vector<Problem>* problems);

// Numbers outside ranges.h and enum numbers without a name, in `message` and all inside it.
void CheckRanges(const google::protobuf::Message& message, const std::string& path,
                 std::vector<Problem>* problems);

// Models that train on no data: counting, layers.
bool IsDataless(v1::ModelKind kind);

// Complains of a field that is given though it means nothing here: "only with
// <when>".
void RefuseIf(bool given, const std::string& path, const std::string& when,
              std::vector<Problem>* problems);

}  // namespace paceline::spec_rules

#endif  // PACELINE_COMMON_SPEC_RULES_H_
