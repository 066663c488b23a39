// Catch2 assertions on absl::Status and absl::StatusOr that print the error.
//
//   REQUIRE_OK(fs.Remove("a"));
//   REQUIRE_OK_AND_ASSIGN(const std::string text, ReadFile(fs, "a"));
//   REQUIRE_STATUS(ReadFile(fs, "b"), absl::StatusCode::kNotFound, "b");
//
// Like all of Catch2, to be used from the test's own thread.
#ifndef PACELINE_COMMON_STATUS_STATUS_MATCHERS_H_
#define PACELINE_COMMON_STATUS_STATUS_MATCHERS_H_

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace paceline::testing {

inline absl::Status AsStatus(const absl::Status& status) { return status; }
template <typename T>
absl::Status AsStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

}  // namespace paceline::testing

#define REQUIRE_OK(...) PL_TEST_OK_(REQUIRE, __VA_ARGS__)
#define CHECK_OK(...) PL_TEST_OK_(CHECK, __VA_ARGS__)

// The status has this code, and its message contains `part`.
#define REQUIRE_STATUS(expression, expected_code, part) \
  PL_TEST_STATUS_(REQUIRE, expression, expected_code, part)
#define CHECK_STATUS(expression, expected_code, part) \
  PL_TEST_STATUS_(CHECK, expression, expected_code, part)

#define REQUIRE_OK_AND_ASSIGN(lhs, ...) \
  PL_TEST_ASSIGN_(PL_TEST_CONCAT_(pl_test_status_or_, __LINE__), lhs, __VA_ARGS__)

#define PL_TEST_OK_(assertion, ...)                                                   \
  do {                                                                                \
    const absl::Status pl_test_status = ::paceline::testing::AsStatus((__VA_ARGS__)); \
    INFO(#__VA_ARGS__ " is " << pl_test_status.ToString());                           \
    assertion(pl_test_status.ok());                                                   \
  } while (false)

#define PL_TEST_STATUS_(assertion, expression, expected_code, part)                   \
  do {                                                                                \
    const absl::Status pl_test_status = ::paceline::testing::AsStatus((expression));  \
    INFO(#expression " is " << pl_test_status.ToString());                            \
    assertion(absl::StatusCodeToString(pl_test_status.code()) ==                      \
              absl::StatusCodeToString(expected_code));                               \
    assertion(std::string(pl_test_status.message()).find(part) != std::string::npos); \
  } while (false)

#define PL_TEST_ASSIGN_(status_or, lhs, ...)                  \
  auto status_or = (__VA_ARGS__);                             \
  INFO(#__VA_ARGS__ " is " << status_or.status().ToString()); \
  REQUIRE(status_or.ok());                                    \
  lhs = *std::move(status_or)

#define PL_TEST_CONCAT_(a, b) PL_TEST_CONCAT_IMPL_(a, b)
#define PL_TEST_CONCAT_IMPL_(a, b) a##b

#endif  // PACELINE_COMMON_STATUS_STATUS_MATCHERS_H_
