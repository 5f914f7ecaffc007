// IDX files of the reference cases.

#include "lamina/data/idx.hpp"

#include <map>

#include "support/files.hpp"

using namespace lamina;

TEST_CASE("IDX files of the reference cases", "[idx][oracle]") {
  LAMINA_NEEDS_ORACLE();
  const std::map<std::string, ElementType> types{{"0x08", ElementType::u8},  {"0x09", ElementType::i8},
                                                 {"0x0B", ElementType::i16}, {"0x0C", ElementType::i32},
                                                 {"0x0D", ElementType::f32}, {"0x0E", ElementType::f64}};
  const int count =
      files::check_format_cases("idx", [&](const std::string& path, const auto& expected, const auto& c) {
        Array array;
        if (c.at("name") == "gzip") {
#ifdef LAMINA_WITH_ZLIB
          read_idx(path);  // may be read where zlib is; what is in it is not recorded
          detail::fail<FormatError>({path, ": read"});
#endif
        }
        array = read_idx(path);
        if (expected.is_null()) return;
        CHECK(array.type == types.at(expected.at("type").template get<std::string>()));
        CHECK(array.shape == expected.at("shape").template get<std::vector<std::size_t>>());
        files::check_values(array.values<double>(), expected.at("values"));
        const auto M = read_idx_matrix<double>(path);
        CHECK(M.rows() == static_cast<Index>(array.shape[0]));
        CHECK(M.size() == static_cast<Index>(array.size()));
        files::check_values({M.data(), M.data() + M.size()}, expected.at("values"));
      });
  CHECK(count >= 20);
}

TEST_CASE("images and labels of different numbers are refused", "[idx][oracle]") {
  LAMINA_NEEDS_ORACLE();
  const auto path = [](const char* name) { return (oracle::directory() / "idx" / name).string(); };
  const auto both = read_idx_samples<float>(path("images_u8.idx"), path("labels_u8.idx"));
  CHECK(both.X.rows() == 5);
  CHECK(both.labels == (Eigen::VectorXi(5) << 8, 0, 2, 1, 9).finished());
  files::Folder folder;
  write_idx(folder.path("labels"), Eigen::Matrix<std::uint8_t, Dynamic, 1>::Zero(4).eval());
  CHECK_THROWS_AS(read_idx_samples<float>(path("images_u8.idx"), folder.path("labels")), ShapeError);
}
