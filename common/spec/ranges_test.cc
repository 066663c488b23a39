#include "common/spec/ranges.h"

#include <catch2/catch.hpp>
#include <limits>
#include <set>
#include <string>

#include "proto/job.pb.h"

namespace paceline {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

void CollectFields(const Descriptor& type, std::set<std::string>* names,
                   std::set<std::string>* numbers) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.message_type() != nullptr) {
      CollectFields(*field.message_type(), names, numbers);
      continue;
    }
    names->insert(type.name() + "." + field.name());
    const bool number = field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32 ||
                        field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64 ||
                        field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE ||
                        field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT;
    if (number) {
      numbers->insert(type.name() + "." + field.name());
    }
  }
}

TEST_CASE("every number of the spec has a range, and every range a field") {
  std::set<std::string> names;
  std::set<std::string> numbers;
  CollectFields(*v1::JobSpec::descriptor(), &names, &numbers);
  // All of their types' values are fine.
  numbers.erase("TrainSpec.seed");
  numbers.erase("DataSpec.max_bad_records");
  for (const NumberRange& range : AllRanges()) {
    INFO(range.field);
    CHECK(names.count(range.field) == 1);
    numbers.erase(range.field);
  }
  INFO("without a range: " << (numbers.empty() ? "" : *numbers.begin()));
  CHECK(numbers.empty());
}

TEST_CASE("a range holds what it says") {
  const NumberRange closed{"x", 1, 4};
  CHECK(closed.Holds(1));
  CHECK(closed.Holds(4));
  CHECK_FALSE(closed.Holds(0.999));
  CHECK_FALSE(closed.Holds(4.001));
  CHECK(closed.Allowed(true) == "a whole number from 1 to 4");
  const NumberRange open{"x", 0, 1, true, true};
  CHECK_FALSE(open.Holds(0));
  CHECK_FALSE(open.Holds(1));
  CHECK(open.Holds(0.5));
  CHECK(open.Allowed(false) == "a number greater than 0 and less than 1");
  const NumberRange endless{"x", 0, std::numeric_limits<double>::infinity(), false, true};
  CHECK(endless.Holds(1e300));
  CHECK_FALSE(endless.Holds(std::numeric_limits<double>::infinity()));
  CHECK_FALSE(endless.Holds(std::numeric_limits<double>::quiet_NaN()));
  CHECK(endless.Allowed(false) == "a number of at least 0");
  const NumberRange huge{"x", 1, 1099511627776.0};
  CHECK(huge.Allowed(true) == "a whole number from 1 to 1099511627776");
}

}  // namespace
}  // namespace paceline
