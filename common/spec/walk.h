// The one walk that turns a Node into a message by the message's descriptor.
#ifndef PACELINE_COMMON_SPEC_WALK_H_
#define PACELINE_COMMON_SPEC_WALK_H_

#include <map>
#include <string>
#include <vector>

#include "common/spec/node.h"
#include "common/spec/problem.h"
#include "google/protobuf/message.h"

namespace paceline {

// Whether a key may stand in a map twice (textproto: for repeated fields).
enum class RepeatedKeys { kRefused, kAppend };

// Fills `message` with what `node` says; what is wrong is left unset and becomes a
// problem with path, line, value and what is allowed:
//
//   unknown keys (with the nearest known key, or where in the spec such a key
//   exists), keys given twice, wrong types, numbers that their type cannot hold, and
//   a given 0 that the field's range excludes (proto3 could not tell it from absent).
//
// An absent value (`key:` and nothing more) of a map or list leaves it empty.
// Whole numbers of 64 bits may be written as strings, as proto JSON does.
// `lines` gets the line of every field given, by path.
void Walk(const Node& node, RepeatedKeys repeated_keys, google::protobuf::Message* message,
          std::map<std::string, int>* lines, std::vector<Problem>* problems);

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_WALK_H_
