// The messages of errors.

#include "lamina/core/errors.hpp"

#include <cstdint>
#include <limits>

#include "support/catch.hpp"

TEST_CASE("numbers in messages are those that came", "[errors]") {
  using lamina::detail::message, lamina::detail::number;
  CHECK(number(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(number(std::numeric_limits<std::uint32_t>::max()) == "4294967295");
  CHECK(number(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(number(std::numeric_limits<std::int64_t>::max()) == "9223372036854775807");
  CHECK(number(true) == "1");
  CHECK(number(0.25) == "0.25");
  CHECK(message({"expected ", -1, " or ", 1u, ", got ", ~std::size_t{0}}) ==
        "expected -1 or 1, got 18446744073709551615");
}
