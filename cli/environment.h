// Everything outside of pacectl that its commands touch.
#ifndef PACELINE_CLI_ENVIRONMENT_H_
#define PACELINE_CLI_ENVIRONMENT_H_

#include <functional>
#include <ostream>
#include <string>

#include "cli/interrupt.h"
#include "common/clock.h"
#include "common/fs.h"

namespace paceline::cli {

// The references outlive every command. Thread-compatible.
struct Environment {
  // Data, and messages for people.
  std::ostream& out;
  std::ostream& err;
  Clock& clock;
  FileSystem& fs;
  Interrupt& interrupt;
  // The streams are terminals.
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  // Width of the terminal.
  int columns = 80;
  // Colours are wanted (NO_COLOR is not set) where `out` is a terminal.
  bool color = true;
  // The terminal shows UTF-8.
  bool utf8 = true;
  // PACELINE_ADDRESS, or 127.0.0.1:7070.
  std::string default_address;
  // PACELINE_TLS_DIR, or nothing.
  std::string default_tls_dir;
  // Path of this program.
  std::string self;
  // Folder for temporary folders.
  std::string temp_dir;
  // A new id for a request: 32 hex digits.
  std::function<std::string()> random_id;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_ENVIRONMENT_H_
