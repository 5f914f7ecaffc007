// .npy files of the reference cases.

#include "lamina/data/npy.hpp"
#include "support/files.hpp"

using namespace lamina;

TEST_CASE(".npy files of the reference cases", "[npy][oracle]") {
  LAMINA_NEEDS_ORACLE();
  const int count =
      files::check_format_cases("npy", [](const std::string& path, const auto& expected, const auto&) {
        const Array array = read_npy(path);
        if (expected.is_null()) return;
        CHECK(array.shape == expected.at("shape").template get<std::vector<std::size_t>>());
        files::check_values(array.values<double>(), expected.at("values_row_major"));
        const auto M = read_npy_matrix<double>(path);
        CHECK(M.size() == static_cast<Index>(array.size()));
        files::check_values({M.data(), M.data() + M.size()}, expected.at("values_row_major"));
        // What is written of it is the same array, in either order.
        for (const bool fortran_order : {false, true}) {
          const Array again = read_npy(to_npy(array, {.fortran_order = fortran_order}));
          CHECK(again.type == array.type);
          CHECK(again.shape == array.shape);
          CHECK(again.bytes == array.bytes);
        }
      });
  CHECK(count >= 35);
}

// NumPy wrote them; NumPy's own bytes are what is written.
TEST_CASE(".npy files are written as NumPy writes them", "[npy][oracle]") {
  LAMINA_NEEDS_ORACLE();
  for (const std::string name : {"f8", "f4", "f8_fortran", "vector", "i8", "u1", "three_dimensions"}) {
    INFO(name);
    const std::string path = (oracle::directory() / "npy" / (name + ".npy")).string();
    CHECK(to_npy(read_npy(path), {.fortran_order = name == "f8_fortran"}) == read_file(path));
  }
}
