// export_c(): options, numbers, errors. What the headers compute is compiled and run by tests/c_export.

#include "lamina/io/c_header.hpp"

#include <bit>
#include <cctype>
#include <charconv>
#include <limits>
#include <sstream>
#include <streambuf>

#include "lamina/dynamic_network.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"
#include "support/full_stream.hpp"

using namespace lamina;

namespace {

/// The header of a network.
std::string exported(const auto& network, const CExportOptions& options = {}) {
  std::ostringstream text;
  export_c(network, text, options);
  return text.str();
}

/// The message of the E that exporting throws.
template <class E>
std::string refused(const auto& network, const CExportOptions& options = {}) {
  std::ostringstream text;
  std::string message;
  try {
    export_c(network, text, options);
  } catch (const E& error) {
    message = error.what();
  }
  CHECK(text.str().empty());
  return message;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

/// The literals of an array, each of which must be of its type.
template <class S>
std::vector<S> array(const std::string& text, const std::string& name) {
  const std::size_t begin = text.find(" " + name + "[");
  REQUIRE(begin != text.npos);
  std::vector<S> values;
  const std::size_t end = text.find('}', begin);
  for (std::size_t at = text.find('{', begin) + 1; at < end;) {
    if (std::isspace(static_cast<unsigned char>(text[at])) || text[at] == ',') {
      ++at;
      continue;
    }
    S value = 0;
    const auto [rest, error] = std::from_chars(&text[at], &text[end], value);
    REQUIRE(error == std::errc());
    at = static_cast<std::size_t>(rest - text.data());
    if constexpr (std::is_floating_point_v<S>) REQUIRE((text[at] == 'f') == (sizeof(S) == 4));
    if (text[at] == 'f') ++at;
    values.push_back(value);
  }
  return values;
}

using Small = Network<float, Dense<2, 3, Tanh>, Dense<3, 1>>;
Small small() {
  Small net;
  net.initialize(1);
  return net;
}

const Eigen::MatrixXd rows = (Eigen::MatrixXd(4, 2) << 1, 2, 3, 4, -1, 0.5, 0, 7).finished();

struct Cubic {
  static constexpr std::string_view name = "cubic";
  static auto g(const auto& Z) { return Z * Z * Z; }
  static auto derivative(const auto& Z, const auto&) { return 3 * Z * Z; }
};

/// A layer of a user's, as a closed stack may hold it.
class Twice : public Dropout<Dynamic> {
 public:
  static constexpr std::string_view name = "Twice";
  explicit Twice(Index n) : Dropout<Dynamic>(n, 0.5) {}
};

template <class S>
void check_bits() {
  using Bits = std::conditional_t<sizeof(S) == 4, std::uint32_t, std::uint64_t>;
  using limits = std::numeric_limits<S>;
  DynamicNetwork<S> net(4);
  net.dense(3);
  Random random(3);
  for (Index k = 0; k < net.parameter_count(); ++k) {
    S x = 0;
    while (!(std::abs(x) > 0 && std::isfinite(x))) x = std::bit_cast<S>(static_cast<Bits>(random.next64()));
    net.parameters()(k) = x;
  }
  net.weights(0)(0, 0) = -S(0);
  net.weights(0)(1, 0) = limits::denorm_min();
  net.weights(0)(2, 0) = -limits::min();
  net.weights(0)(3, 0) = S(1) / 3;
  net.weights(0)(0, 1) = std::nextafter(S(1), S(2));
  net.weights(0)(1, 1) = static_cast<S>(123456789);
  net.bias(0)(0) = limits::max();
  net.bias(0)(1) = limits::lowest();
  net.bias(0)(2) = 5;
  const std::string text = exported(net, {.golden = 0});
  const std::vector<S> w = array<S>(text, "model_w0"), b = array<S>(text, "model_b0");
  REQUIRE((w.size() == 12 && b.size() == 3));
  for (Index i = 0; i < 4; ++i)
    for (Index j = 0; j < 3; ++j) {
      const S got = w[static_cast<std::size_t>(3 * i + j)], want = net.weights(0)(i, j);  // row by row
      CAPTURE(i, j, got, want);
      CHECK(std::bit_cast<Bits>(got) == std::bit_cast<Bits>(want));
    }
  for (Index j = 0; j < 3; ++j) CHECK(b[static_cast<std::size_t>(j)] == net.bias(0)(j));
}

}  // namespace

TEST_CASE("the numbers of a C header are read back bit for bit") {
  check_bits<float>();
  check_bits<double>();
}

TEST_CASE("a C header says what it has in it") {
  const std::string text = exported(small(), {.name = "heat_2"});
  for (const char* part :
       {"static inline void heat_2_predict(const float* LAMINA_RESTRICT x, float* LAMINA_RESTRICT y)",
        "static inline int heat_2_selftest(void)",
        "enum { heat_2_inputs = 2, heat_2_outputs = 1, heat_2_golden = 3 }", "0: Dense 2 -> 3, tanh",
        "1: Dense 3 -> 1", "#include <math.h>"}) {
    CAPTURE(part);
    CHECK(has(text, part));
  }
  CHECK(text.find("#include") == text.rfind("#include"));
  CHECK(exported(small()) == exported(small()));

  std::ostringstream to;
  const CExport report = export_c(small(), to);
  CHECK(report.constant_bytes == 4 * (2 * 3 + 3 + 3 + 1));
  CHECK(report.scratch_bytes == 4 * 3);
  CHECK(report.largest_error == 0);
}

TEST_CASE("fixed, run-time and dynamic networks give the same C header") {
  const Small fixed = small();
  Network sized(Dense<Dynamic, Dynamic, Tanh>(2, 3), Dense<Dynamic, Dynamic>(3, 1));
  sized.parameters() = fixed.parameters();
  auto dynamic = DynamicNetwork<float>(2).dense(3, "tanh").dense(1);
  dynamic.parameters() = fixed.parameters();
  CHECK(exported(sized) == exported(fixed));
  CHECK(exported(dynamic) == exported(fixed));
}

TEST_CASE("golden pairs of a C header") {
  const Small net = small();
  const std::string without = exported(net, {.golden = 0});
  CHECK(!has(without, "selftest"));
  CHECK(!has(without, "golden"));

  // Rows of the calibration, raw, from all of it; at most as many as there are.
  const std::string two = exported(net, {.golden = 2, .calibration = rows});
  CHECK(array<float>(two, "model_golden_x") == std::vector<float>{1, 2, -1, 0.5});
  const std::string all = exported(net, {.golden = 9, .calibration = rows.cast<float>()});
  CHECK(array<float>(all, "model_golden_x") == std::vector<float>{1, 2, 3, 4, -1, 0.5, 0, 7});
  CHECK(has(all, "model_golden = 4"));
  const Eigen::MatrixXf Y = net.predict(rows.cast<float>());
  CHECK(array<float>(all, "model_golden_y") == std::vector<float>(Y.data(), Y.data() + 4));

  // The tolerance sees a weight that has changed by a thousandth, the smallest change worth a name.
  const float tolerance = array<float>(all, "model_tolerance").at(0);
  CHECK(tolerance > 0);
  Small other = net;
  other.weights<1>()(0, 0) *= 1.001F;
  CHECK((other.predict(rows.cast<float>()) - Y).cwiseAbs().maxCoeff() > tolerance);

  // Where a Normalization comes first, golden inputs are of the size of the data.
  auto raw = DynamicNetwork<double>(1);
  raw.normalization(Normalization<Dynamic>(Eigen::VectorXd::Constant(1, 1e6),
                                           Eigen::VectorXd::Constant(1, 0.5), Eigen::VectorXd::Zero(1)));
  raw.dense(1);
  for (const double x : array<double>(exported(raw, {.golden = 20}), "model_golden_x"))
    CHECK(std::abs(x - 1e6) < 20);
}

TEST_CASE("int8 weights of a C header") {
  auto net = DynamicNetwork<float>(2).dense(3, "tanh").dense(2, Identity{}, false);
  net.initialize(5);
  net.weights(0).col(1).setZero();
  net.weights(0)(0, 2) = 1e-45F;  // beside nothing larger: no scale is small enough
  net.weights(0)(1, 2) = 0;
  std::ostringstream to;
  const CExport report = export_c(net, to, {.weights = CWeights::int8, .calibration = rows});
  const std::string text = to.str();
  CHECK(report.constant_bytes == 6 + 6 + 4 * (3 + 3 + 2));

  // Each weight is met within half a step, the largest of a column is ±127 steps.
  DynamicNetwork<float> read = net;
  for (const std::size_t l : {0U, 1U}) {
    auto W = read.weights(l);
    const auto q = array<int>(text, "model_w" + std::to_string(l));
    const auto scale = array<float>(text, "model_s" + std::to_string(l));
    for (Index j = 0; j < W.cols(); ++j) {
      int largest = 0;
      for (Index i = 0; i < W.rows(); ++i) {
        const int step = q.at(static_cast<std::size_t>(i * W.cols() + j));
        largest = std::max(largest, std::abs(step));
        const float s = scale.at(static_cast<std::size_t>(j)), w = static_cast<float>(step) * s;
        CHECK(std::abs(w - W(i, j)) <= 0.5001F * s + 2e-45F);  // the quotient is rounded before the step
        W(i, j) = w;
      }
      CHECK(largest == (l == 0 && j > 0 ? 0 : 127));
    }
  }
  // The error is the one of the network that the header holds.
  const Eigen::MatrixXf X = rows.cast<float>();
  const double error = static_cast<double>((read.predict(X) - net.predict(X)).cwiseAbs().maxCoeff());
  CHECK(error > 0);
  CHECK(report.largest_error == Catch::Approx(error).epsilon(1e-4));  // both are differences of floats near 1
  CHECK(array<float>(text + "}", "model_golden_y").size() == 6);
  CHECK(has(text, "static const float model_int8_error = "));
}

TEST_CASE("options of export_c that are refused") {
  for (const char* name : {"", "2x", "a-b", "a b", "ä", "a;", "a\n"}) {
    CAPTURE(name);
    CHECK(has(refused<OptionError>(small(), {.name = name}),
              "name: expected a C identifier, got \"" + std::string(name)));
  }
  for (const char* name : {"a", "A9_", "_x", "int"})
    CHECK(has(exported(small(), {.name = name}), std::string(name) + "_predict"));
  CHECK(has(refused<OptionError>(small(), {.golden = -1}),
            "golden: expected a number from 0 to 65536, got -1"));
  CHECK(has(refused<OptionError>(small(), {.golden = std::numeric_limits<Index>::max()}),
            "golden: expected a number"));
  CHECK(
      has(refused<OptionError>(small(), {.weights = CWeights::int8}), "calibration: int8 weights need rows"));
  CHECK(has(refused<OptionError>(small(), {.weights = static_cast<CWeights>(7)}),
            "weights: expected exact or int8, got 7"));
  CHECK(has(refused<ShapeError>(small(), {.calibration = Eigen::MatrixXd::Ones(3, 5)}),
            "calibration: expected 2 columns, as many as the network has inputs, got 5"));
  Eigen::MatrixXd broken = rows;
  broken(2, 1) = 1e300;  // not finite in the network's scalar
  CHECK(has(refused<DataError>(small(), {.calibration = broken}), "got 1e+300 at row 2, column 1"));
}

TEST_CASE("networks that export_c refuses") {
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinity = std::numeric_limits<float>::infinity();
  Small weights = small();
  weights.weights<1>()(2, 0) = nan;
  CHECK(has(refused<DataError>(weights),
            "layer 1 (Dense): expected finite weights, got nan at row 2, column 0"));
  Small bias = small();
  bias.bias<0>()(1) = -infinity;
  CHECK(has(refused<DataError>(bias, {.golden = 0}),
            "layer 0 (Dense): expected a finite bias, got -inf at column 1"));
  Network<float, LayerNorm<2>> norm;
  norm.weights<0>()(1) = nan;
  CHECK(has(refused<DataError>(norm), "layer 0 (LayerNorm): expected a finite scale, got nan at column 1"));
  Network<float, BatchNorm<2>> batch;
  batch.layer<0>().set_running_statistics(Eigen::RowVector2d(0, 1e200), Eigen::RowVector2d(1, 1));
  CHECK(has(refused<DataError>(batch), "layer 0 (BatchNorm): expected a finite center, got inf at column 1"));
  batch.layer<0>().set_running_statistics(Eigen::RowVector2d(0, 0), Eigen::RowVector2d(1e200, 1));
  CHECK(has(refused<DataError>(batch), "layer 0 (BatchNorm): expected a finite scale, got nan at column 0"));
  auto overflows = DynamicNetwork<float>(1).dense(1);
  overflows.parameters().setConstant(std::numeric_limits<float>::max());
  CHECK(has(refused<DataError>(overflows, {.calibration = Eigen::MatrixXd::Constant(1, 1, 9)}),
            "expected a finite prediction for golden pair 0, got inf at column 0"));

  CHECK(has(refused<OptionError>(DynamicNetwork<float>(3)), "network: expected at least one layer"));
  auto resized = DynamicNetwork<float>(2).dense(2);
  resized.parameters().resize(5);
  CHECK(has(refused<ShapeError>(resized), "parameters: expected 6 for the layers of the network, got 5"));
}

TEST_CASE("export_c names what is the user's own in a stack") {
  using Own = StackOf<std::variant<Dense<Dynamic, Dynamic, AnyOf<Identity, Cubic>>, Twice>>;
  Own activation(2);
  activation.push_back(Dense<Dynamic, Dynamic, AnyOf<Identity, Cubic>>(2, 2));
  CHECK(has(exported(Network<float, Own>(activation)), "Dense 2 -> 2"));
  Own layer = activation;
  activation.push_back(Dense<Dynamic, Dynamic, AnyOf<Identity, Cubic>>(2, 2, Cubic{}));
  CHECK(has(refused<OptionError>(Network<float, Own>(activation)),
            "layer 1: export_c can write Lamina's own activations only, not \"cubic\""));
  layer.push_back(Twice(2));
  CHECK(has(refused<OptionError>(Network<float, Own>(layer)),
            "layer 1: export_c can write Lamina's own layers only, not \"Twice\""));
}

TEST_CASE("a C header is written as a whole or not at all") {
  const files::Folder folder;
  const std::string path = folder.path("model.h");
  export_c(small(), path);
  const std::string before = files::contents(path);
  CHECK(before == exported(small()));
  Small broken = small();
  broken.parameters()(0) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_AS(export_c(broken, path), DataError);
  CHECK(files::contents(path) == before);
  CHECK(folder.count() == 1);
  CHECK_THROWS_AS(export_c(small(), folder.path("no/model.h")), FileError);

  files::FullStream full;
  CHECK_THROWS_AS(export_c(small(), full), FileError);
}
