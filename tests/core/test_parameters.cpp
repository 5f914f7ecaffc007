// Selections of parameters.

#include "lamina/core/parameters.hpp"

#include <limits>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace lamina;

namespace {

ParameterRange range(Index first, Index count) { return {.first = first, .count = count, .rows = count}; }

/// Which of [first, first + count) are selected: '1' or '0' each, with '|' between the parts.
std::string parts(const ParameterSelection& selection, Index first, Index count) {
  std::string text;
  Index at = first;
  selection.for_each_part(first, count, [&](Index begin, Index size, bool selected) {
    CHECK(begin == at);
    CHECK(size > 0);
    at = begin + size;
    text += (text.empty() ? "" : "|") + std::string(static_cast<std::size_t>(size), selected ? '1' : '0');
  });
  CHECK(at == first + count);
  return text;
}

}  // namespace

TEST_CASE("a selection walks over the parts of a range", "[parameters]") {
  const ParameterSelection some(std::vector{range(6, 2), range(1, 3), range(4, 1), range(9, 0)});
  CHECK_FALSE(some.all());
  CHECK(some.end() == 8);
  CHECK(parts(some, 0, 10) == "0|1111|0|11|00");
  CHECK(parts(some, 1, 4) == "1111");
  CHECK(parts(some, 2, 5) == "111|0|1");
  CHECK(parts(some, 5, 1) == "0");
  CHECK(parts(some, 8, 3) == "000");
  CHECK(parts(some, 20, 2) == "00");

  CHECK(parts(ParameterSelection(), 3, 4) == "1111");
  CHECK(ParameterSelection().all());
  CHECK(ParameterSelection().end() == 0);
  // None is not all.
  CHECK(parts(ParameterSelection(std::vector<ParameterRange>()), 3, 4) == "0000");
  // Overlapping
  CHECK(parts(ParameterSelection(std::vector{range(0, 5), range(1, 2), range(4, 2)}), 0, 8) == "111111|00");
}

TEST_CASE("ranges that cannot be", "[parameters]") {
  CHECK_THROWS_AS(ParameterSelection(std::vector{range(-1, 2)}), ShapeError);
  CHECK_THROWS_AS(ParameterSelection(std::vector{range(1, -2)}), ShapeError);
  constexpr Index most = std::numeric_limits<Index>::max();
  CHECK(ParameterSelection(std::vector{range(most - 1, 1)}).end() == most);
  CHECK_THROWS_AS(ParameterSelection(std::vector{range(most, 2)}), ShapeError);
  CHECK_THROWS_AS(ParameterSelection(std::vector{range(2, most)}), ShapeError);
  const ParameterSelection some(std::vector{range(1, 3)});
  CHECK_NOTHROW(some.check("x", 4));
  CHECK_THROWS_WITH(some.check("x", 3),
                    "x: expected parameters below 3, as many as the network has, got a range up to 4");
}
