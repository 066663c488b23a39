#include "common/spec/yaml_node.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace paceline {
namespace {

// Thrown out of the handler, the only way to stop the parser.
struct Stop {
  absl::Status status;
};

int Line(const YAML::Mark& mark) { return mark.line + 1; }

class Handler : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    NoKey(mark);
    Must(builder_.Null(Line(mark)));
    Node node;
    node.line = Line(mark);
    Remember(anchor, std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    NoKey(mark);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Stop{absl::InvalidArgumentError(
          absl::StrCat("line ", Line(mark), ": an alias of the value that contains it"))};
    }
    Must(builder_.Paste(found->second, Line(mark)));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    NoTag(mark, tag);
    const bool quoted = tag == "!";
    if (builder_.WantsKey()) {
      Must(builder_.Key(value, Line(mark)));
      return;
    }
    Must(builder_.Scalar(value, quoted, Line(mark)));
    Node node;
    node.kind = Node::Kind::kScalar;
    node.line = Line(mark);
    node.text = value;
    node.quoted = quoted;
    Remember(anchor, std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    NoTag(mark, tag);
    Open(Node::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    NoTag(mark, tag);
    Open(Node::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { Close(); }

  NodeBuilder& builder() { return builder_; }

 private:
  static void Must(const absl::Status& status) {
    if (!status.ok()) {
      throw Stop{status};
    }
  }

  // yaml-cpp itself tags plain values "?" and quoted ones "!".
  static void NoTag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Stop{absl::InvalidArgumentError(
          absl::StrCat("line ", Line(mark), ": tags are not allowed, got ", tag))};
    }
  }

  void NoKey(const YAML::Mark& mark) {
    if (builder_.WantsKey()) {
      throw Stop{absl::InvalidArgumentError(
          absl::StrCat("line ", Line(mark), ": a key must be a plain name"))};
    }
  }

  void Open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    NoKey(mark);
    Must(builder_.Open(kind, Line(mark)));
    open_anchors_.push_back(anchor);
  }

  void Close() {
    absl::StatusOr<const Node*> node = builder_.Close();
    Must(node.status());
    if (open_anchors_.back() != YAML::NullAnchor) {
      Remember(open_anchors_.back(), **node);
    }
    open_anchors_.pop_back();
  }

  void Remember(YAML::anchor_t anchor, Node node) {
    if (anchor != YAML::NullAnchor) {
      anchors_.insert_or_assign(anchor, std::move(node));
    }
  }

  NodeBuilder builder_;
  std::vector<YAML::anchor_t> open_anchors_;
  std::map<YAML::anchor_t, Node> anchors_;
};

}  // namespace

absl::StatusOr<Node> ParseYaml(absl::string_view text) {
  std::istringstream in{std::string(text)};
  Handler handler;
  try {
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(handler) || !handler.builder().done()) {
      return Node();
    }
    if (parser) {
      return absl::InvalidArgumentError("one YAML document expected, got more than one");
    }
  } catch (const Stop& stop) {
    return stop.status;
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("line ", Line(error.mark), ": ", error.msg));
  }
  return handler.builder().Take();
}

}  // namespace paceline
