// The reference cases of group onnx: what must load gives their outputs, what is malformed or unsupported is refused.

#include "lamina/io/onnx_import.hpp"
#include "support/oracle.hpp"

using namespace lamina;

namespace {

template <class Scalar>
void check_outputs(const std::string& path, const oracle::json& entry) {
  const auto model = import_onnx<Scalar>(path);
  const Eigen::MatrixXd X = oracle::matrix(entry.at("X")),
                        Y = oracle::matrix(entry.at("expected").at("output"));
  const Eigen::Matrix<Scalar, Dynamic, Dynamic> A = model.network.predict(X.template cast<Scalar>());
  REQUIRE(A.rows() == Y.rows());
  REQUIRE(A.cols() == Y.cols());
  // The case's own tolerance; a network of floats cannot be held to that of a case in double.
  const double least = sizeof(Scalar) == 4 ? 1e-5 : 0;
  const double absolute = std::max(least, entry.at("tolerance").at("abs").get<double>()),
               relative = std::max(least, entry.at("tolerance").at("rel").get<double>());
  for (Index i = 0; i < Y.rows(); ++i)
    for (Index j = 0; j < Y.cols(); ++j) {
      INFO("row " << i << ", column " << j);
      CHECK(std::abs(static_cast<double>(A(i, j)) - Y(i, j)) <= absolute + relative * std::abs(Y(i, j)));
    }
}

}  // namespace

TEST_CASE("reference cases of ONNX files", "[onnx]") {
  LAMINA_NEEDS_ORACLE();
  const auto file = oracle::load("onnx", "cases");
  REQUIRE(!file.at("cases").empty());
  int loaded = 0, refused = 0;
  for (const auto& entry : file.at("cases")) {
    const auto name = entry.at("name").get<std::string>(), expect = entry.at("expect").get<std::string>();
    const std::string path = (oracle::directory() / "onnx" / entry.at("file").get<std::string>()).string();
    INFO(name << ", " << expect << ": " << entry.at("why").get<std::string>());
    std::string error;
    try {
      static_cast<void>(import_onnx<double>(path));
    } catch (const FormatError& e) {
      error = e.what();
    }
    INFO(error);
    if (std::getenv("LAMINA_SHOW")) std::cerr << name << " [" << expect << "]: " << error << "\n";
    // What is optional is not: Lamina has these activations.
    if (expect == "accept" || expect == "accept_or_unsupported") CHECK(error.empty());
    if (expect == "reject") CHECK(!error.empty());
    if (error.empty() && entry.contains("expected")) {
      check_outputs<double>(path, entry);
      check_outputs<float>(path, entry);
    }
    if (!error.empty()) CHECK(error.find(path) == 0);
    ++(error.empty() ? loaded : refused);
  }
  CHECK(loaded >= 20);
  CHECK(refused >= 20);
}
