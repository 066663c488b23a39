#include "common/spec/node.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/check.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

size_t Size(const Node& node) {
  size_t size = 1;
  for (const Node& item : node.items) {
    size += Size(item);
  }
  for (const NodeEntry& entry : node.entries) {
    size += Size(entry.value);
  }
  return size;
}

size_t Depth(const Node& node) {
  size_t inside = 0;
  for (const Node& item : node.items) {
    inside = std::max(inside, Depth(item));
  }
  for (const NodeEntry& entry : node.entries) {
    inside = std::max(inside, Depth(entry.value));
  }
  const bool container = node.kind == Node::Kind::kMap || node.kind == Node::Kind::kList;
  return inside + (container ? 1 : 0);
}

absl::Status TooDeep() {
  return absl::ResourceExhaustedError(
      absl::StrCat("at most ", kMaxSpecDepth, " maps and lists inside one another allowed"));
}

}  // namespace

absl::Status NodeBuilder::Count(size_t nodes, int line) {
  nodes_ += nodes;
  if (nodes_ > kMaxSpecNodes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "at most ", kMaxSpecNodes, " values allowed, aliases written out (line ", line, ")"));
  }
  return absl::OkStatus();
}

absl::Status NodeBuilder::Open(Node::Kind kind, int line) {
  PL_RETURN_IF_ERROR(Count(1, line));
  if (stack_.size() >= kMaxSpecDepth) {
    return TooDeep();
  }
  Frame frame;
  frame.node.kind = kind;
  frame.node.line = line;
  stack_.push_back(std::move(frame));
  return absl::OkStatus();
}

bool NodeBuilder::WantsKey() const {
  return !stack_.empty() && stack_.back().node.kind == Node::Kind::kMap && !stack_.back().has_key;
}

absl::Status NodeBuilder::Key(absl::string_view text, int line) {
  PL_CHECK(WantsKey());
  Frame& frame = stack_.back();
  frame.key = std::string(text);
  frame.key_line = line;
  frame.has_key = true;
  return absl::OkStatus();
}

absl::StatusOr<const Node*> NodeBuilder::Add(Node node) {
  if (stack_.empty()) {
    PL_CHECK(!done_);
    root_ = std::move(node);
    done_ = true;
    return &root_;
  }
  Frame& frame = stack_.back();
  if (frame.node.kind == Node::Kind::kList) {
    frame.node.items.push_back(std::move(node));
    return &frame.node.items.back();
  }
  PL_CHECK(frame.has_key);
  frame.has_key = false;
  frame.node.entries.push_back({std::move(frame.key), frame.key_line, std::move(node)});
  return &frame.node.entries.back().value;
}

absl::Status NodeBuilder::Scalar(absl::string_view text, bool quoted, int line) {
  PL_RETURN_IF_ERROR(Count(1, line));
  Node node;
  node.kind = Node::Kind::kScalar;
  node.line = line;
  node.text = std::string(text);
  node.quoted = quoted;
  return Add(std::move(node)).status();
}

absl::Status NodeBuilder::Null(int line) {
  PL_RETURN_IF_ERROR(Count(1, line));
  Node node;
  // A parser notices that a value is missing only at what follows.
  node.line = !stack_.empty() && stack_.back().has_key ? stack_.back().key_line : line;
  return Add(std::move(node)).status();
}

absl::Status NodeBuilder::Paste(const Node& node, int line) {
  PL_RETURN_IF_ERROR(Count(Size(node), line));
  if (stack_.size() + Depth(node) > kMaxSpecDepth) {
    return TooDeep();
  }
  Node copy = node;
  copy.line = line;
  return Add(std::move(copy)).status();
}

absl::StatusOr<const Node*> NodeBuilder::Close() {
  PL_CHECK(!stack_.empty());
  Node node = std::move(stack_.back().node);
  stack_.pop_back();
  return Add(std::move(node));
}

Node NodeBuilder::Take() {
  PL_CHECK(done_);
  return std::move(root_);
}

}  // namespace paceline
