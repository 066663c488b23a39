// pacectl's commands by topic. Each function adds some to the tree; what they parse into
// lives as long as the tree.
#ifndef PACELINE_CLI_COMMAND_LINE_ADD_COMMANDS_H_
#define PACELINE_CLI_COMMAND_LINE_ADD_COMMANDS_H_

#include "cli/command_line/command_line.h"

namespace paceline::cli {

// local run.
void AddLocalCommands(CommandLine* line);
// submit, list, status, describe, watch, logs, cancel, delete, checkpoint.
void AddJobCommands(CommandLine* line);
// export, predict, sample.
void AddModelCommands(CommandLine* line);
// cluster, top, drain, doctor, log-level, bench, backup, restore.
void AddClusterCommands(CommandLine* line);
// certs init, issue, rotate, list.
void AddCertsCommands(CommandLine* line);
// context list, show, use, set, delete.
void AddContextCommands(CommandLine* line);
// datagen ctr, ratings, linear, blobs, text.
void AddDatagenCommands(CommandLine* line);
// validate, explain, completion, man, version.
void AddReferenceCommands(CommandLine* line);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_COMMAND_LINE_ADD_COMMANDS_H_
