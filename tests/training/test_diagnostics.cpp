// Each warning, and beside it an innocent twin that gives none.

#include "lamina/training/diagnostics.hpp"

#include <cstdlib>
#include <sstream>

#include "../../examples/demo/spirals.hpp"
#include "lamina/data/idx.hpp"
#include "lamina/lamina.hpp"
#include "support/catch.hpp"

namespace test_diagnostics {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

namespace {

/// m×n normal numbers.
Eigen::MatrixXd normal(Index m, Index n, std::uint64_t seed = 1) {
  Random random(seed);
  return Eigen::MatrixXd::NullaryExpr(m, n, [&] { return random.normal(); });
}
/// Labels 0, 1, …, classes − 1, 0, 1, …
Eigen::VectorXi labels(Index m, int classes) {
  return Eigen::VectorXi::NullaryExpr(m, [=](Index i) { return static_cast<int>(i) % classes; });
}
Eigen::MatrixXd one_hot(const Eigen::VectorXi& of, Index classes) {
  Eigen::MatrixXd Y = Eigen::MatrixXd::Zero(of.size(), classes);
  for (Index i = 0; i < of.size(); ++i) Y(i, of(i)) = 1;
  return Y;
}

std::string text(const std::vector<Warning>& warnings) {
  std::ostringstream stream;
  report(stream, warnings);
  return stream.str();
}

/// The one warning there is.
std::string only(const std::vector<Warning>& warnings, WarningKind kind) {
  INFO(text(warnings));
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].kind == kind);
  return warnings[0].message;
}
#define CHECK_NONE(warnings) CHECK(text(warnings) == "")

const Network<double, Dense<3, 8, Tanh>, Dense<8, 1>> regressor;
const Network<double, Dense<3, 8, ReLU>, Dense<8, 3>> classifier;
const MeanSquaredError mse;
const SoftmaxCrossEntropy ce;

}  // namespace

TEST_CASE("diagnostics: unscaled inputs are named, with what to do") {
  Eigen::MatrixXd X = normal(200, 3);
  const Eigen::MatrixXd Y = normal(200, 1, 2);
  CHECK_NONE(diagnose(regressor, X, Y, mse));

  SECTION("large") {
    X.col(1) = X.col(1) * 50 + Eigen::VectorXd::Constant(200, 1000);
    const auto message = only(diagnose(regressor, X, Y, mse), WarningKind::unscaled_inputs);
    CHECK_THAT(message, ContainsSubstring("1 column is far") && ContainsSubstring(": 1 (mean ") &&
                            ContainsSubstring("standard deviation ") &&
                            ContainsSubstring("Normalization::standardize(X)") &&
                            ContainsSubstring("StandardScaler"));
  }
  SECTION("small") {
    X.col(2) *= 1e-3;
    CHECK_THAT(only(diagnose(regressor, X, Y, mse), WarningKind::unscaled_inputs),
               ContainsSubstring(": 2 (mean"));
  }
  SECTION("far from 0 for their spread") {
    X.col(0) = X.col(0) * 0.01 + Eigen::VectorXd::Constant(200, 5);
    CHECK_THAT(only(diagnose(regressor, X, Y, mse), WarningKind::unscaled_inputs),
               ContainsSubstring(": 0 (mean"));
  }
  SECTION("many") {
    const auto wide = DynamicNetwork<double>(30).dense(1);
    const auto message = only(diagnose(wide, 100 * normal(200, 30), Y, mse), WarningKind::unscaled_inputs);
    CHECK_THAT(message, ContainsSubstring("30 columns are") && ContainsSubstring("and 26 more"));
  }
  SECTION("bytes of pictures") {
    const auto wide = DynamicNetwork<double>(100).dense(1);
    const Eigen::MatrixXd bytes = (normal(200, 100).array().abs() * 80).min(255).floor();
    CHECK_THAT(only(diagnose(wide, bytes, Y, mse), WarningKind::unscaled_inputs),
               ContainsSubstring("100 columns"));
    CHECK_NONE(diagnose(wide, bytes / 255, Y, mse));
    CHECK_THAT(only(diagnose(wide, bytes / 65025, Y, mse), WarningKind::unscaled_inputs),
               ContainsSubstring("no number is above"));
  }
}

TEST_CASE("diagnostics: a first layer that scales is believed, when it does scale") {
  const Eigen::MatrixXd X = (normal(200, 3) * 50).array() + 1000, Y = normal(200, 1, 2);
  CHECK_NONE(diagnose(make_network<double>(Normalization<3>::standardize(X), Dense<3, 1>()), X, Y, mse));
  CHECK_NONE(diagnose(make_network<double>(BatchNorm<3>(), Dense<3, 1>()), X, Y, mse));
  CHECK_NONE(diagnose(make_network<double>(Dropout<3>(0.1), BatchNorm<3>(), Dense<3, 1>()), X, Y, mse));

  const auto message =
      only(diagnose(make_network<double>(Normalization<3>::standardize(X / 100), Dense<3, 1>()), X, Y, mse),
           WarningKind::unscaled_inputs);
  CHECK_THAT(message,
             ContainsSubstring("after the network's Normalization") && ContainsSubstring("Fit the layer"));
  only(diagnose(make_network<double>(Dense<3, 3>(), BatchNorm<3>(), Dense<3, 1>()), X, Y, mse),
       WarningKind::unscaled_inputs);
}

TEST_CASE("diagnostics: constant columns of X") {
  Eigen::MatrixXd X = normal(200, 3);
  const Eigen::MatrixXd Y = normal(200, 1, 2);
  X.col(1).setConstant(0.5);
  CHECK_THAT(only(diagnose(regressor, X, Y, mse), WarningKind::constant_inputs),
             ContainsSubstring("1 column is") && ContainsSubstring("1 (all 0.5)") &&
                 ContainsSubstring("Leave it out"));
  X(77, 1) = 1;
  CHECK_NONE(diagnose(regressor, X, Y, mse));

  // Of more rows than are sampled, one that differs.
  Eigen::MatrixXd many = normal(3 * diagnostic_rows, 3);
  many.col(2).setConstant(1);
  const Eigen::MatrixXd many_Y = normal(many.rows(), 1, 2);
  only(diagnose(regressor, many, many_Y, mse), WarningKind::constant_inputs);
  many(1, 2) = 0;
  CHECK_NONE(diagnose(regressor, many, many_Y, mse));

  // A border of black pixels is usual.
  const auto of_pictures = DynamicNetwork<double>(100).dense(1);
  Eigen::MatrixXd pictures = normal(200, 100).cwiseAbs();
  pictures.leftCols(10).setZero();
  CHECK_NONE(diagnose(of_pictures, pictures, Y, mse));
}

TEST_CASE("diagnostics: outliers of X are named by row and column") {
  Eigen::MatrixXd X = normal(200, 3);
  const Eigen::MatrixXd Y = normal(200, 1, 2);
  X(17, 2) = -9999;
  CHECK_THAT(only(diagnose(regressor, X, Y, mse), WarningKind::outliers),
             ContainsSubstring("-9999 at row 17, column 2"));
  X(17, 2) = -6;  // six deviations
  CHECK_NONE(diagnose(regressor, X, Y, mse));
  X.col(2).setZero();  // a rare event, as 0 and 1
  X(17, 2) = 1;
  CHECK_NONE(diagnose(regressor, X, Y, mse));
}

TEST_CASE("diagnostics: targets of a regression") {
  const Eigen::MatrixXd X = normal(200, 3);
  Eigen::MatrixXd Y = normal(200, 1, 2);
  SECTION("large ones") {
    CHECK_THAT(only(diagnose(regressor, X, 1e5 * Y, mse), WarningKind::unscaled_targets),
               ContainsSubstring("root mean square") && ContainsSubstring("inverse()"));
    const auto scaled = make_network<double>(Dense<3, 1>(), Normalization<1>::standardize(1e5 * Y).inverse());
    CHECK_NONE(diagnose(scaled, X, 1e5 * Y, mse));
  }
  SECTION("constant ones") {
    Y.setConstant(3);
    CHECK_THAT(only(diagnose(regressor, X, Y, mse), WarningKind::constant_targets),
               ContainsSubstring("0 (all 3)"));
    Y(5) = 2;
    CHECK_NONE(diagnose(regressor, X, Y, mse));
  }
  SECTION("zeros and ones") {
    Y = labels(200, 2).cast<double>();
    CHECK_THAT(only(diagnose(regressor, X, Y, mse), WarningKind::binary_targets),
               ContainsSubstring("BinaryCrossEntropy"));
    CHECK_NONE(diagnose(regressor, X, Y, BinaryCrossEntropy{}));
    CHECK_NONE(diagnose(regressor, X, (Y * 0.9).eval(), mse));
  }
  SECTION("one-hot rows") {
    const Eigen::MatrixXd rows = one_hot(labels(200, 3), 3);
    CHECK_THAT(only(diagnose(classifier, X, rows, mse), WarningKind::binary_targets),
               ContainsSubstring("SoftmaxCrossEntropy"));
    CHECK_NONE(diagnose(classifier, X, rows, ce));
  }
}

TEST_CASE("diagnostics: labels") {
  const Eigen::MatrixXd X = normal(300, 3);
  const Network<double, Dense<3, 4>> four;
  SECTION("one class only") {
    const Eigen::VectorXi same = Eigen::VectorXi::Constant(300, 2);
    CHECK_THAT(only(diagnose(classifier, X, same, ce), WarningKind::one_class),
               ContainsSubstring("of class 2 of 3"));
    only(diagnose(classifier, X, one_hot(same, 3), ce), WarningKind::one_class);
    only(diagnose(regressor, X, Eigen::VectorXi::Zero(300).eval(), BinaryCrossEntropy{}),
         WarningKind::one_class);
    CHECK_NONE(diagnose(regressor, X, labels(300, 2), BinaryCrossEntropy{}));
  }
  SECTION("counted from 1") {
    const Eigen::VectorXi from_one = labels(300, 3).array() + 1;
    CHECK_THAT(only(diagnose(four, X, from_one, ce), WarningKind::labels_from_one),
               ContainsSubstring("from 1 to 3") && ContainsSubstring("Subtract 1"));
    CHECK_NONE(diagnose(four, X, labels(300, 4), ce));
    CHECK_NONE(diagnose(classifier, X, labels(300, 3), ce));
  }
  SECTION("missing classes") {
    Eigen::VectorXi three_of_four = labels(300, 3);
    three_of_four = (three_of_four.array() == 2).select(3, three_of_four);
    CHECK_THAT(only(diagnose(four, X, three_of_four, ce), WarningKind::missing_classes),
               ContainsSubstring("1 of 4 classes has no sample: 2"));
    // Ten samples may well lack a class.
    CHECK_NONE(diagnose(four, X.topRows(10), three_of_four.head(10), ce));
  }
  SECTION("a rare class") {
    Eigen::VectorXi rare = labels(300, 2);
    rare(7) = rare(8) = 2;
    CHECK_THAT(only(diagnose(classifier, X, rare, ce), WarningKind::imbalanced_classes),
               ContainsSubstring("class 2 has 2 of 300") && ContainsSubstring("balanced_class_weights"));
    only(diagnose(classifier, X, one_hot(rare, 3), ce), WarningKind::imbalanced_classes);
    CHECK_NONE(diagnose(classifier, X, rare, SoftmaxCrossEntropy{.class_weights = {1, 1, 70}}));
    const Eigen::VectorXd weights = Eigen::VectorXd::Ones(300);
    CHECK_NONE(diagnose(classifier, X, weighted(rare, weights), ce));
    rare.head(40).setConstant(2);
    CHECK_NONE(diagnose(classifier, X, rare, ce));

    Eigen::VectorXi yes = Eigen::VectorXi::Zero(300);
    yes(3) = 1;
    CHECK_THAT(only(diagnose(regressor, X, yes, BinaryCrossEntropy{}), WarningKind::imbalanced_classes),
               ContainsSubstring("positive_weight"));
    CHECK_NONE(diagnose(regressor, X, yes, BinaryCrossEntropy{.positive_weight = 299}));
  }
}

TEST_CASE("diagnostics: rows of targets that are no distribution") {
  const Eigen::MatrixXd X = normal(200, 3);
  Eigen::MatrixXd Y = one_hot(labels(200, 3), 3);
  Y.row(11) << 1, 0, 1;
  CHECK_THAT(only(diagnose(classifier, X, Y, ce), WarningKind::not_a_distribution),
             ContainsSubstring("row 11 sums to 2") && ContainsSubstring("BinaryCrossEntropy"));
  CHECK_NONE(diagnose(classifier, X, Y, BinaryCrossEntropy{}));
  Y.row(11) << 0.5, 0.25, 0.25;
  CHECK_NONE(diagnose(classifier, X, Y, ce));
}

TEST_CASE("diagnostics: a softmax of one output") {
  const Eigen::MatrixXd X = normal(200, 3), Y = Eigen::MatrixXd::Ones(200, 1);
  only(diagnose(regressor, X, Y, ce), WarningKind::single_output_softmax);
}

TEST_CASE("diagnostics: losses on logits want no bounded last layer") {
  const Eigen::MatrixXd X = normal(200, 3);
  const auto y3 = labels(200, 3), y2 = labels(200, 2);
  CHECK_THAT(
      only(diagnose(make_network<double>(Dense<3, 3>(), Softmax<3>()), X, y3, ce), WarningKind::not_logits),
      ContainsSubstring("takes logits") && ContainsSubstring("layer 1 (Softmax)") &&
          ContainsSubstring("Leave it out"));
  CHECK_THAT(only(diagnose(make_network<double>(Dense<3, 1, Sigmoid>()), X, y2, BinaryCrossEntropy{}),
                  WarningKind::not_logits),
             ContainsSubstring("layer 0 (sigmoid)"));
  only(diagnose(make_network<double>(Dense<3, 3>(), Activate<3, Tanh>()), X, y3, ce),
       WarningKind::not_logits);
  only(diagnose(make_network<double>(Dense<3, 1, ReLU>()), X, y2, BinaryCrossEntropy{}),
       WarningKind::not_logits);
  only(diagnose(make_network<double>(Dense<3, 1, ReLU>()), X, Eigen::VectorXd::LinSpaced(200, 0, 9).eval(),
                PoissonNLL{}),
       WarningKind::not_logits);

  CHECK_NONE(diagnose(make_network<double>(Dense<3, 3, LeakyReLU>()), X, y3, ce));
  CHECK_NONE(diagnose(make_network<double>(Dense<3, 3>(), Dropout<3>(0.1)), X, y3, ce));
  CHECK_NONE(
      diagnose(make_network<double>(Dense<3, 3>(), Softmax<3>()), X, (one_hot(y3, 3) * 0.9).eval(), mse));
}

TEST_CASE("diagnostics: a last layer that cannot reach the targets") {
  const Eigen::MatrixXd X = normal(200, 3), Y = normal(200, 1, 2), positive = Y.cwiseAbs(),
                        share = (Y.array().tanh() + 1) / 2;
  CHECK_THAT(
      only(diagnose(make_network<double>(Dense<3, 1, ReLU>()), X, Y, mse), WarningKind::unreachable_targets),
      ContainsSubstring("layer 0 (relu)") && ContainsSubstring("column 0 has targets from -") &&
          ContainsSubstring("gives 0 to inf") && ContainsSubstring("without activation"));
  only(diagnose(make_network<double>(Dense<3, 1, Sigmoid>()), X, 3 * share, mse),
       WarningKind::unreachable_targets);
  only(diagnose(make_network<double>(Dense<3, 1, Tanh>()), X, Y, Huber{}), WarningKind::unreachable_targets);
  only(diagnose(make_network<double>(Dense<3, 1, ELU>()), X, Y, MeanAbsoluteError{}),
       WarningKind::unreachable_targets);
  only(diagnose(make_network<double>(Dense<3, 1>(), Softmax<1>()), X, Y, mse),
       WarningKind::unreachable_targets);

  CHECK_NONE(diagnose(make_network<double>(Dense<3, 1, ReLU>()), X, positive, mse));
  CHECK_NONE(diagnose(make_network<double>(Dense<3, 1, Softplus>()), X, positive, mse));
  CHECK_NONE(diagnose(make_network<double>(Dense<3, 1, Sigmoid>()), X, share, mse));
  CHECK_NONE(diagnose(make_network<double>(Dense<3, 1, Tanh>()), X, Y.array().tanh().matrix(), mse));
  CHECK_NONE(diagnose(make_network<double>(Dense<3, 1, SELU>()), X, positive, mse));

  // What is behind the sigmoid takes it to the units of Y.
  const auto inverse = Normalization<1>::min_max(Y).inverse();
  CHECK_NONE(diagnose(make_network<double>(Dense<3, 1, Sigmoid>(), inverse), X, Y, mse));
  only(diagnose(make_network<double>(Dense<3, 1, Sigmoid>(), inverse), X, 2 * Y, mse),
       WarningKind::unreachable_targets);
}

namespace {

/// An activation that the library does not know; between −2 and 2.
struct Wave {
  static constexpr std::string_view name = "wave";
  static auto g(const auto& Z) { return 2 * Z.sin(); }
  static auto derivative(const auto& Z, const auto&) { return 2 * Z.cos(); }
};
/// A loss that the library does not know.
struct Own {
  static auto value(const auto& A, const auto& Y) { return (A - Y).squaredNorm(); }
  static void gradient(const auto& A, const auto& Y, auto& dA) { dA = 2 * (A - Y); }
};

}  // namespace

TEST_CASE("diagnostics: activations and losses of the user") {
  const Eigen::MatrixXd X = normal(200, 3), Y = normal(200, 1, 2);
  const auto net = make_network<double>(Dense<3, 1, Wave>());
  CHECK_THAT(only(diagnose(net, X, 3 * Y, mse), WarningKind::unreachable_targets),
             ContainsSubstring("(wave)"));
  CHECK_NONE(diagnose(net, X, Y / 3, mse));
  CHECK_NONE(diagnose(net, X, 3 * Y, Own{}));  // what it makes of the outputs is not known
}

TEST_CASE("diagnostics: networks of run-time extents and depth, single precision, either storage order") {
  const Eigen::Matrix<float, Dynamic, Dynamic, Eigen::RowMajor> X = (normal(200, 3) * 100).cast<float>();
  const Eigen::VectorXi y = labels(200, 3);
  const auto fixed = make_network<float>(Dense<3, 8, ReLU>(), Dense<8, 3>(), Softmax<3>());
  const auto run_time = make_network<float>(Dense<Dynamic, Dynamic, ReLU>(3, 8),
                                            Dense<Dynamic, Dynamic>(8, 3), Softmax<Dynamic>(3));
  const auto deep = DynamicNetwork<float>(3).dense(8, "relu").dense(3).softmax();
  const std::string expected = text(diagnose(fixed, X, y, ce));
  CHECK_THAT(expected, ContainsSubstring("X: 3 columns are") && ContainsSubstring("layer 2 (Softmax)"));
  CHECK(text(diagnose(run_time, X, y, ce)) == expected);
  CHECK(text(diagnose(deep, X, y, ce)) == expected);
  const Eigen::MatrixXf Y = (normal(200, 1)).cast<float>();
  CHECK_THAT(only(diagnose(DynamicNetwork<float>(3).dense(1, "sigmoid"), X / 100, Y, mse),
                  WarningKind::unreachable_targets),
             ContainsSubstring("(sigmoid)"));
}

TEST_CASE("diagnostics: what is an error stays one") {
  const Eigen::MatrixXd X = normal(20, 3);
  CHECK_THROWS_AS(diagnose(regressor, X.leftCols(2), X.leftCols(1), mse), ShapeError);
  CHECK_THROWS_AS(diagnose(classifier, X, labels(20, 4), ce), DataError);
  CHECK_THROWS_AS(dead_units(regressor, X.leftCols(2)), ShapeError);
  Eigen::MatrixXd bad = X;
  bad(3, 1) = std::nan("");
  CHECK_THROWS_AS(dead_units(regressor, bad), DataError);
}

TEST_CASE("diagnostics: few rows are not judged") {
  const Eigen::MatrixXd X = Eigen::MatrixXd::Constant(1, 3, 500);
  CHECK_NONE(diagnose(regressor, X, Eigen::MatrixXd::Ones(1, 1), mse));
  CHECK_NONE(diagnose(classifier, X, Eigen::VectorXi::Zero(1).eval(), ce));
}

TEST_CASE("diagnostics: dead units are counted layer by layer") {
  Network<double, Dense<3, 8, ReLU>, Dense<8, 8, Sigmoid>, Dense<8, 8, Tanh>, Dense<8, 1>> net;
  net.initialize(1);
  const Eigen::MatrixXd X = normal(600, 3);  // more than one tile
  // Innocent twin: a bias of 2 keeps every unit of the first layer on somewhere.
  net.bias<0>().setConstant(2);
  CHECK(dead_units(net, X).empty());
  CHECK_NONE(diagnose(dead_units(net, X)));

  net.bias<0>()(0, 3) = -1000;
  net.bias<0>()(0, 5) = -1000;
  net.bias<1>()(0, 1) = 100;
  net.bias<2>()(0, 7) = -100;
  const auto dead = dead_units(net, X);
  REQUIRE(dead.size() == 3);
  CHECK(dead[0].layer == 0);
  CHECK(dead[0].units == std::vector<Index>{3, 5});
  CHECK(dead[0].outputs == 8);
  CHECK(dead[0].rows == 600);
  CHECK(dead[1].units == std::vector<Index>{1});
  CHECK(dead[2].units == std::vector<Index>{7});
  const auto warnings = diagnose(dead);
  REQUIRE(warnings.size() == 3);
  CHECK(warnings[0].kind == WarningKind::dead_units);
  CHECK_THAT(warnings[0].message,
             ContainsSubstring("layer 0 (relu): 2 of 8 units") && ContainsSubstring(": 3, 5."));

  // One row that switches a unit on.
  Eigen::MatrixXd one_more = X;
  one_more.row(599) = 5000 * net.weights<0>().col(3).transpose() / net.weights<0>().col(3).squaredNorm();
  CHECK(dead_units(net, one_more)[0].units == std::vector<Index>{5});

  // The same with run-time depth.
  auto deep = DynamicNetwork<double>(3).dense(8, "relu").dense(8, "sigmoid").dense(8, "tanh").dense(1);
  deep.parameters() = net.parameters();
  CHECK(text(diagnose(dead_units(deep, X))) == text(warnings));
}

TEST_CASE("diagnostics: a few dead units of many are usual") {
  Network<double, Dense<3, 20, ReLU>, Dense<20, 1>> net;
  net.initialize(1);
  net.bias<0>().setConstant(2);
  net.bias<0>()(0, 4) = net.bias<0>()(0, 5) = -1000;
  const Eigen::MatrixXd X = normal(100, 3);
  REQUIRE(dead_units(net, X).size() == 1);
  CHECK_NONE(diagnose(dead_units(net, X)));
  net.bias<0>()(0, 6) = -1000;
  CHECK(diagnose(dead_units(net, X)).size() == 1);
}

TEST_CASE("diagnostics: nothing is said of the demo, the README and the examples") {
  const auto train = spirals(600, 1);
  CHECK_NONE(diagnose(Network<float, Dense<2, 64, Tanh>, Dense<64, 3>>(), train.X, train.labels, ce));

  const Eigen::MatrixXf line = Eigen::VectorXf::LinSpaced(201, -1, 1);
  CHECK_NONE(diagnose(Network<float, Dense<1, 16, Tanh>, Dense<16, 1>>(), line, line.cwiseAbs2(), mse));

  const Eigen::MatrixXf truth{{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  const Eigen::VectorXi exclusive{{0, 1, 1, 0}};
  CHECK_NONE(
      diagnose(Network<float, Dense<2, 4, Tanh>, Dense<4, 1>>(), truth, exclusive, BinaryCrossEntropy{}));

  const Eigen::MatrixXd X = Eigen::VectorXd::LinSpaced(60, -3, 3);
  Eigen::MatrixXd Y = X;
  for (Index i = 5; i < 60; i += 10) Y(i) += 20;
  CHECK_NONE(diagnose(Network<double, Dense<1, 1>>(), X, Y, mse));

  // Pressures in Pa, with Normalization at both ends.
  Random random(1);
  Eigen::MatrixXd air(500, 2);
  for (Index i = 0; i < 500; ++i) air.row(i) << random.uniform(0, 9000), random.uniform(250, 310);
  const Eigen::MatrixXd pressure = 101325 * (1 - 0.0065 * air.col(0).array() / air.col(1).array()).pow(5.256);
  const auto scaled = make_network<double>(Normalization<2>::standardize(air), Dense<2, 1>(),
                                           Normalization<1>::standardize(pressure).inverse());
  CHECK_NONE(diagnose(scaled, air, pressure, mse));
  CHECK(diagnose(make_network<double>(Dense<2, 1>()), air, pressure, mse).size() == 2);
}

TEST_CASE("diagnostics: nothing is said of MNIST, unless its bytes are not scaled") {
  const char* folder = std::getenv("LAMINA_DATA_DIR");
  if (!folder) LAMINA_SKIP("LAMINA_DATA_DIR is not set: MNIST is not tested");
#ifdef LAMINA_WITH_ZLIB
  const std::string path = std::string(folder) + "/mnist/train-";
  auto [X, y] = read_idx_samples<float>(path + "images-idx3-ubyte.gz", path + "labels-idx1-ubyte.gz");
  const Network<float, Dense<784, 16, ReLU>, Dense<16, 10>> net;
  only(diagnose(net, X, y, ce), WarningKind::unscaled_inputs);
  X /= 255;
  CHECK_NONE(diagnose(net, X, y, ce));
#endif
}

}  // namespace test_diagnostics
