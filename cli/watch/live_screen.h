// Lines on a terminal that are drawn again and again in the same place.
//
// The cursor goes up over the lines drawn last; nothing above them is touched, and they
// stay when the program ends. After the terminal was resized, its lines may have been
// wrapped anew in ways that nobody can know: it is cleared once.
//
// Owned by one thread.
#ifndef PACELINE_CLI_WATCH_LIVE_SCREEN_H_
#define PACELINE_CLI_WATCH_LIVE_SCREEN_H_

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/environment.h"
#include "common/clock.h"

namespace paceline::cli {

class LiveScreen {
 public:
  // Between two frames, so that a terminal far away keeps up.
  static constexpr absl::Duration kFramePeriod = absl::Milliseconds(200);

  LiveScreen(std::ostream& out, Clock& clock) : out_(out), clock_(clock) {}
  // Draws what was held back.
  ~LiveScreen() { Finish(); }
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  // Draws the lines, none of which is wider than the terminal, and which are fewer than it
  // is high; or keeps them for later, if the last frame was less than kFramePeriod ago.
  void Show(std::vector<std::string> lines, TerminalSize size);

  // Draws what was held back.
  void Finish();

 private:
  struct Frame {
    std::vector<std::string> lines;
    TerminalSize size;
  };

  void Draw(const Frame& frame);

  std::ostream& out_;
  Clock& clock_;
  std::optional<Frame> waiting_;
  size_t drawn_lines_ = 0;
  TerminalSize drawn_size_;
  absl::Duration drawn_at_ = -absl::InfiniteDuration();
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_WATCH_LIVE_SCREEN_H_
