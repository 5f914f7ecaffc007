// safetensors files of the reference cases.

#include "lamina/io/safetensors.hpp"
#include "support/files.hpp"

using namespace lamina;

TEST_CASE("safetensors files of the reference cases", "[safetensors][oracle]") {
  LAMINA_NEEDS_ORACLE();
  const int count = files::check_format_cases("safetensors", [](const std::string& path, const auto& expected,
                                                                const auto&) {
    const TensorFile file = read_safetensors(path);
    if (expected.is_null()) return;
    const auto& tensors = expected.at("tensors");
    CHECK(file.tensors().size() == tensors.size());
    for (const auto& want : tensors) {
      const auto name = want.at("name").template get<std::string>();
      INFO(name);
      const Tensor& tensor = file.at(name);
      CHECK(name_of(tensor.dtype) == want.at("dtype").template get<std::string>());
      CHECK(tensor.shape == want.at("shape").template get<std::vector<std::size_t>>());
      const auto& values = want.at("values");
      if (is_floating(tensor.dtype)) {
        files::check_values(tensor.values<double>(), values);
      } else if (tensor.dtype == ElementType::u64) {
        CHECK(tensor.values<std::uint64_t>() == values.template get<std::vector<std::uint64_t>>());
      } else {
        std::vector<std::int64_t> integers;
        for (const auto& value : values)
          integers.push_back(value.is_boolean() ? value.template get<bool>()
                                                : value.template get<std::int64_t>());
        CHECK(tensor.values<std::int64_t>() == integers);
      }
    }
    if (expected.contains("metadata"))
      CHECK(file.metadata() == expected.at("metadata").template get<std::map<std::string, std::string>>());
    // What is written of it is the same again.
    const auto written = to_safetensors(file.tensors(), file.metadata());
    const TensorFile again = read_safetensors(written);
    CHECK(again.metadata() == file.metadata());
    CHECK(again.tensors().size() == file.tensors().size());
    for (const Tensor& tensor : file.tensors()) {
      const Tensor& same = again.at(tensor.name);
      CHECK(same.dtype == tensor.dtype);
      CHECK(same.shape == tensor.shape);
      CHECK(std::equal(same.data.begin(), same.data.end(), tensor.data.begin(), tensor.data.end()));
    }
    CHECK(to_safetensors(again.tensors(), again.metadata()) == written);
  });
  CHECK(count >= 60);
}
