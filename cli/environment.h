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

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

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
  // Of the terminal behind `err`, asked for anew each time: it may be resized.
  std::function<TerminalSize()> terminal_size = [] { return TerminalSize(); };
  // Colours are wanted (NO_COLOR is not set) where `out` is a terminal.
  bool color = true;
  // The terminal shows UTF-8.
  bool utf8 = true;
  // PACELINE_ADDRESS and PACELINE_TLS_DIR; empty: not set.
  std::string address_variable;
  std::string tls_dir_variable;
  // File of contexts (context/context_file.h); empty: there is no place for one.
  std::string config_file;
  // Path of this program.
  std::string self;
  // Folder for temporary folders.
  std::string temp_dir;
  // A new id for a request: 32 hex digits.
  std::function<std::string()> random_id;
};

}  // namespace paceline::cli

#endif  // PACELINE_CLI_ENVIRONMENT_H_
