// What a job file says, before it is known to mean anything: maps, lists and
// scalars with lines. YAML, JSON and textproto all become this.
#ifndef PACELINE_COMMON_SPEC_NODE_H_
#define PACELINE_COMMON_SPEC_NODE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline {

// Limits of a job file.
inline constexpr size_t kMaxSpecDepth = 32;     // maps and lists inside one another
inline constexpr size_t kMaxSpecNodes = 10000;  // values, aliases written out

struct NodeEntry;

// A value. Thread-compatible.
struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  // From 1.
  int line = 0;
  // kScalar: the text, unescaped, and whether it was written as a string.
  std::string text;
  bool quoted = false;
  // kList.
  std::vector<Node> items;
  // kMap: in file order; keys may repeat.
  std::vector<NodeEntry> entries;
};

struct NodeEntry {
  std::string key;
  int line = 0;
  Node value;
};

// Builds a Node from a parser's events and enforces the limits. Any error is
// final. Thread-compatible.
//
// Errors of all:  ResourceExhausted  deeper or larger than the limits.
class NodeBuilder {
 public:
  // Begins a map or a list.
  absl::Status Open(Node::Kind kind, int line);
  // The next entry's key; only directly inside a map.
  absl::Status Key(absl::string_view text, int line);
  absl::Status Scalar(absl::string_view text, bool quoted, int line);
  absl::Status Null(int line);
  // A copy of a finished value, as if it stood at `line`.
  absl::Status Paste(const Node& node, int line);
  // Ends the innermost map or list and returns it; valid until the next call.
  absl::StatusOr<const Node*> Close();

  // Inside a map and a key is due.
  bool WantsKey() const;
  // The value, once it is complete.
  bool done() const { return done_; }
  Node Take();

 private:
  struct Frame {
    Node node;
    std::string key;
    int key_line = 0;
    bool has_key = false;
  };

  absl::StatusOr<const Node*> Add(Node node);
  absl::Status Count(size_t nodes, int line);

  std::vector<Frame> stack_;
  Node root_;
  size_t nodes_ = 0;
  bool done_ = false;
};

}  // namespace paceline

#endif  // PACELINE_COMMON_SPEC_NODE_H_
