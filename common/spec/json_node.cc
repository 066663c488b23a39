#include "common/spec/json_node.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"

namespace paceline {
namespace {

using nlohmann::json;

// Reads the text and tells how far the parser has come.
class Cursor {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char** seen) : at_(at), seen_(seen) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *seen_ = ++at_;
    return *this;
  }
  Cursor operator++(int) {
    Cursor before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Cursor& other) const { return at_ == other.at_; }
  bool operator!=(const Cursor& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** seen_;
};

class Handler : public nlohmann::json_sax<json> {
 public:
  explicit Handler(absl::string_view text) : seen(text.data()), counted_(text.data()) {}

  bool null() override { return Keep(builder.Null(Line())); }
  bool boolean(bool value) override {
    return Keep(builder.Scalar(value ? "true" : "false", false, Line()));
  }
  bool number_integer(number_integer_t value) override {
    return Keep(builder.Scalar(absl::StrCat(value), false, Line()));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Keep(builder.Scalar(absl::StrCat(value), false, Line()));
  }
  bool number_float(number_float_t /*value*/, const string_t& text) override {
    return Keep(builder.Scalar(text, false, Line()));
  }
  bool string(string_t& value) override { return Keep(builder.Scalar(value, true, Line())); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(size_t /*elements*/) override {
    return Keep(builder.Open(Node::Kind::kMap, Line()));
  }
  bool key(string_t& value) override { return Keep(builder.Key(value, Line())); }
  bool end_object() override { return Keep(builder.Close().status()); }
  bool start_array(size_t /*elements*/) override {
    return Keep(builder.Open(Node::Kind::kList, Line()));
  }
  bool end_array() override { return Keep(builder.Close().status()); }
  bool parse_error(size_t /*position*/, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 3, column 2: syntax ..."
    const absl::string_view what = error.what();
    const size_t at = what.find("line ");
    status = absl::InvalidArgumentError(at == absl::string_view::npos ? what : what.substr(at));
    return false;
  }

  NodeBuilder builder;
  absl::Status status;
  const char* seen;

 private:
  bool Keep(const absl::Status& result) {
    status = result;
    return result.ok();
  }

  // Line of the token just read. The parser may have looked one character past a
  // number, so the last character read does not count.
  int Line() {
    const char* end = std::max(counted_, seen - 1);
    line_ += static_cast<int>(std::count(counted_, end, '\n'));
    counted_ = end;
    return line_;
  }

  const char* counted_;
  int line_ = 1;
};

}  // namespace

absl::StatusOr<Node> ParseJson(absl::string_view text) {
  Handler handler(text);
  json::sax_parse(Cursor(text.data(), &handler.seen),
                  Cursor(text.data() + text.size(), &handler.seen), &handler,
                  json::input_format_t::json, /*strict=*/true, /*ignore_comments=*/true);
  if (!handler.status.ok()) {
    return handler.status;
  }
  return handler.builder.Take();
}

}  // namespace paceline
