#include "common/spec/text_node.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

using google::protobuf::io::Tokenizer;

absl::Status ErrorAt(int line, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", message));
}

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber /*column*/,
                const std::string& message) override {
    if (status.ok()) {
      status = ErrorAt(line + 1, message);
    }
  }
  absl::Status status;
};

class Parser {
 public:
  explicit Parser(absl::string_view text)
      : input_(text.data(), static_cast<int>(text.size())), tokenizer_(&input_, &errors_) {
    tokenizer_.set_comment_style(Tokenizer::SH_COMMENT_STYLE);
    tokenizer_.set_allow_f_after_float(true);
    tokenizer_.Next();
  }

  absl::StatusOr<Node> Run() {
    PL_RETURN_IF_ERROR(builder_.Open(Node::Kind::kMap, 1));
    PL_RETURN_IF_ERROR(Fields(""));
    PL_RETURN_IF_ERROR(errors_.status);
    return builder_.Take();
  }

 private:
  bool At(absl::string_view text) { return tokenizer_.current().text == text; }
  bool AtType(Tokenizer::TokenType type) { return tokenizer_.current().type == type; }
  int Line() { return tokenizer_.current().line + 1; }

  absl::Status Unexpected(absl::string_view expected) {
    PL_RETURN_IF_ERROR(errors_.status);
    return ErrorAt(Line(), absl::StrCat(expected, " expected, got ",
                                        AtType(Tokenizer::TYPE_END)
                                            ? "the end of the file"
                                            : absl::StrCat("\"", tokenizer_.current().text, "\"")));
  }

  // Fields up to `end` ("": the end of the file), and closes the open map.
  absl::Status Fields(absl::string_view end) {
    while (!(end.empty() ? AtType(Tokenizer::TYPE_END) : At(end))) {
      if (!AtType(Tokenizer::TYPE_IDENTIFIER)) {
        return Unexpected("a field name");
      }
      PL_RETURN_IF_ERROR(builder_.Key(tokenizer_.current().text, Line()));
      tokenizer_.Next();
      const bool colon = At(":");
      if (colon) {
        tokenizer_.Next();
      }
      if (!colon && !At("{") && !At("<")) {
        return Unexpected("\":\" or \"{\"");
      }
      PL_RETURN_IF_ERROR(Value());
      if (At(",") || At(";")) {
        tokenizer_.Next();
      }
    }
    tokenizer_.Next();
    return builder_.Close().status();
  }

  absl::Status Value() {
    if (At("{") || At("<")) {
      const absl::string_view end = At("{") ? "}" : ">";
      PL_RETURN_IF_ERROR(builder_.Open(Node::Kind::kMap, Line()));
      tokenizer_.Next();
      return Fields(end);
    }
    return At("[") ? List() : Scalar();
  }

  absl::Status List() {
    PL_RETURN_IF_ERROR(builder_.Open(Node::Kind::kList, Line()));
    tokenizer_.Next();
    while (!At("]")) {
      PL_RETURN_IF_ERROR(Value());
      if (At(",")) {
        tokenizer_.Next();
      } else if (!At("]")) {
        return Unexpected("\",\" or \"]\"");
      }
    }
    tokenizer_.Next();
    return builder_.Close().status();
  }

  absl::Status Scalar() {
    const int line = Line();
    if (AtType(Tokenizer::TYPE_STRING)) {
      std::string text;
      while (AtType(Tokenizer::TYPE_STRING)) {
        Tokenizer::ParseStringAppend(tokenizer_.current().text, &text);
        tokenizer_.Next();
      }
      PL_RETURN_IF_ERROR(errors_.status);
      return builder_.Scalar(text, true, line);
    }
    std::string text;
    if (At("-")) {
      text = "-";
      tokenizer_.Next();
    }
    const bool number = AtType(Tokenizer::TYPE_INTEGER) || AtType(Tokenizer::TYPE_FLOAT);
    if (!number && !AtType(Tokenizer::TYPE_IDENTIFIER)) {
      return Unexpected("a value");
    }
    text += tokenizer_.current().text;
    if (AtType(Tokenizer::TYPE_FLOAT) && (text.back() == 'f' || text.back() == 'F')) {
      text.pop_back();
    }
    tokenizer_.Next();
    return builder_.Scalar(text, false, line);
  }

  google::protobuf::io::ArrayInputStream input_;
  FirstError errors_;
  Tokenizer tokenizer_;
  NodeBuilder builder_;
};

}  // namespace

absl::StatusOr<Node> ParseText(absl::string_view text) { return Parser(text).Run(); }

}  // namespace paceline
