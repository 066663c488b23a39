// Stops the process when an invariant of our own code is broken.
//
//   PL_CHECK(map.contains(key)) << "key " << key;
//   PL_CHECK_EQ(rows.size(), expected_rows) << "shard " << shard;
//
// prints `F file:line] check failed: rows.size() == expected_rows (3 vs 4) shard 7`
// to stderr and aborts. Stays on in optimised builds. Never for input from a
// file, a user or a peer: that returns a Status.
//
// The comparisons of integers of different signs are exact.
//
// Thread-safe.
#ifndef PACELINE_COMMON_CHECK_H_
#define PACELINE_COMMON_CHECK_H_

#include <concepts>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

namespace paceline::check_internal {

// Collects the message; its end is the end of the process.
class Failure {
 public:
  Failure(const char* file, int line, const std::string& what);
  Failure(const Failure&) = delete;
  Failure& operator=(const Failure&) = delete;
  [[noreturn]] ~Failure();
  std::ostream& stream() { return stream_; }

 private:
  std::ostringstream stream_;
};

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

template <typename T>
void Print(std::ostream& out, const T& value) {
  if constexpr (std::is_enum_v<T>) {
    out << +static_cast<std::underlying_type_t<T>>(value);
  } else if constexpr (std::is_same_v<T, signed char> || std::is_same_v<T, unsigned char>) {
    out << static_cast<int>(value);
  } else if constexpr (Printable<T>) {
    out << value;
  } else {
    out << "<unprintable>";
  }
}

template <typename T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                  !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                  !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

// Null if the comparison holds, else the text that says why not.
template <typename Compare, typename A, typename B>
std::unique_ptr<std::string> Compared(const A& a, const B& b, const char* expression) {
  if (Compare()(a, b)) [[likely]] {
    return nullptr;
  }
  std::ostringstream out;
  out << expression << " (";
  Print(out, a);
  out << " vs ";
  Print(out, b);
  out << ")";
  return std::make_unique<std::string>(out.str());
}

#define PL_CHECK_DEFINE_(name, op, exact)           \
  struct name {                                     \
    template <typename A, typename B>               \
    bool operator()(const A& a, const B& b) const { \
      if constexpr (Integer<A> && Integer<B>) {     \
        return exact(a, b);                         \
      } else {                                      \
        return a op b;                              \
      }                                             \
    }                                               \
  };
PL_CHECK_DEFINE_(Eq, ==, std::cmp_equal)
PL_CHECK_DEFINE_(Ne, !=, std::cmp_not_equal)
PL_CHECK_DEFINE_(Lt, <, std::cmp_less)
PL_CHECK_DEFINE_(Le, <=, std::cmp_less_equal)
PL_CHECK_DEFINE_(Gt, >, std::cmp_greater)
PL_CHECK_DEFINE_(Ge, >=, std::cmp_greater_equal)
#undef PL_CHECK_DEFINE_

}  // namespace paceline::check_internal

#define PL_CHECK(condition)                     \
  while (__builtin_expect(!(condition), false)) \
  ::paceline::check_internal::Failure(__FILE__, __LINE__, #condition).stream()

#define PL_CHECK_OP_(compare, op, a, b)                                                 \
  while (const std::unique_ptr<std::string> pl_check_failed =                           \
             ::paceline::check_internal::Compared<::paceline::check_internal::compare>( \
                 a, b, #a " " #op " " #b))                                              \
  ::paceline::check_internal::Failure(__FILE__, __LINE__, *pl_check_failed).stream()

#define PL_CHECK_EQ(a, b) PL_CHECK_OP_(Eq, ==, a, b)
#define PL_CHECK_NE(a, b) PL_CHECK_OP_(Ne, !=, a, b)
#define PL_CHECK_LT(a, b) PL_CHECK_OP_(Lt, <, a, b)
#define PL_CHECK_LE(a, b) PL_CHECK_OP_(Le, <=, a, b)
#define PL_CHECK_GT(a, b) PL_CHECK_OP_(Gt, >, a, b)
#define PL_CHECK_GE(a, b) PL_CHECK_OP_(Ge, >=, a, b)

// For a Status that cannot be other than OK.
#define PL_CHECK_OK(expression)                                                                  \
  for (const auto& pl_check_status = (expression); !pl_check_status.ok();)                       \
  ::paceline::check_internal::Failure(__FILE__, __LINE__,                                        \
                                      #expression " is OK (" + pl_check_status.ToString() + ")") \
      .stream()

#endif  // PACELINE_COMMON_CHECK_H_
