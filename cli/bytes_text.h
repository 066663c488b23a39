#ifndef PACELINE_CLI_BYTES_TEXT_H_
#define PACELINE_CLI_BYTES_TEXT_H_

#include <string>

namespace paceline::cli {

// "12.3 MiB".
std::string Bytes(double bytes);

}  // namespace paceline::cli

#endif  // PACELINE_CLI_BYTES_TEXT_H_
