// Every failpoint of the code, in one place: docs/testing.md says when each is hit.
//
//   role.step.place
//
// A service's call has `receive`, before anything is done, and `reply`, when all is
// done but the answer. A client's call has `send` and `answered`. Another step's name
// alone means just before it.
#ifndef PACELINE_COMMON_FAILPOINT_NAMES_H_
#define PACELINE_COMMON_FAILPOINT_NAMES_H_

#include <array>
#include <string_view>

namespace paceline {

struct FailpointDeclaration {
  std::string_view name;
  // False where the step is done and cannot fail any more: no error(...) there.
  bool can_fail = true;
};

inline constexpr auto kFailpoints = std::to_array<FailpointDeclaration>({
    {"scheduler.cut.hash"},           {"scheduler.cut.manifest"},
    {"scheduler.cut.manifest.after"}, {"scheduler.cut.verify"},
    {"scheduler.heartbeat.receive"},  {"scheduler.heartbeat.reply"},
    {"scheduler.journal.append"},     {"scheduler.journal.append.after", false},
    {"scheduler.journal.compact"},    {"scheduler.journal.compact.after", false},
    {"scheduler.submit.receive"},     {"scheduler.submit.reply"},
    {"scheduler.sync_task.receive"},  {"scheduler.sync_task.reply"},
    {"server.cut.dir.sync"},          {"server.cut.file.read"},
    {"server.cut.file.rename"},       {"server.cut.file.sync"},
    {"server.cut.file.write"},        {"server.cut.hold"},
    {"server.heartbeat.answered"},    {"server.heartbeat.send"},
    {"server.open_rank.receive"},     {"server.open_rank.reply"},
    {"server.pull.receive"},          {"server.pull.reply"},
    {"server.push.receive"},          {"server.push.reply"},
    {"task.pull.answered"},           {"task.pull.send"},
    {"task.push.answered"},           {"task.push.send"},
    {"task.sync.answered"},           {"task.sync.send"},
    {"worker.heartbeat.answered"},    {"worker.heartbeat.send"},
});

}  // namespace paceline

#endif  // PACELINE_COMMON_FAILPOINT_NAMES_H_
