// FitOptions::validation: a second data set, measured after every epoch.

#include <array>
#include <limits>
#include <vector>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace test_validation {

namespace {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;
using Net = Network<double, Dense<2, 4, Tanh>, Dense<4, 1>>;
using Classifier = Network<double, Dense<2, 4, Tanh>, Dense<4, 3>>;

const GradientDescent descent{.learning_rate = 0.1};

FitOptions with(ValidationData validation, Index epochs = 3) {
  FitOptions options = problems::quiet(epochs, 7, 5);
  options.validation = std::move(validation);
  return options;
}

/// The validation losses of a regression that is the same every time.
std::vector<double> losses(const FitOptions& options) {
  const problems::Surface<> train(20, 1);
  Net net;
  net.initialize(1);
  return fit(net, train.X, train.Y, MeanSquaredError{}, descent, options).validation_loss;
}

/// The validation losses of a classification that is the same every time.
std::vector<double> class_losses(const FitOptions& options) {
  const problems::Triangle<> train(20, 1);
  Classifier net;
  net.initialize(1);
  return fit(net, train.X, train.labels, SoftmaxCrossEntropy{}, descent, options).validation_loss;
}

/// Options made from things that are gone when they are used.
FitOptions of_temporaries() {
  const auto made = [] { return problems::Surface<>(15, 2); };
  return with({made().X, made().Y});
}
FitOptions of_expressions() {
  const problems::Surface<> data(15, 2);
  return with({data.X * Eigen::Matrix2d::Identity(), data.Y + Eigen::MatrixXd::Zero(15, 1)});
}
FitOptions of_temporary_labels() {
  return with({problems::Triangle<>(15, 2).X, problems::Triangle<>(15, 2).labels});
}
FitOptions of_eigen_labels() { return with({problems::Triangle<>(4, 2).X, Eigen::Vector4i(0, 1, 2, 0)}); }

}  // namespace

TEST_CASE("the validation loss is that of the network after each epoch", "[fit][validation]") {
  const problems::Surface<> train(20, 1), test(15, 2);
  Net net;
  net.initialize(1);
  std::vector<double> by_callback, by_state;
  const History history =
      fit(net, train.X, train.Y, MeanSquaredError{}, descent, with({test.X, test.Y}), [&](FitState& state) {
        by_callback.push_back(net.loss(test.X, test.Y, MeanSquaredError{}));
        by_state.push_back(state.validation_loss);
      });
  REQUIRE(history.validation_loss.size() == 3);
  CHECK(history.validation_loss == by_callback);
  CHECK(history.validation_loss == by_state);
}

TEST_CASE("validation data does not change the training", "[fit][validation]") {
  const problems::Surface<> train(20, 1), test(15, 2);
  Network<double, Dense<2, 4, Tanh>, Dropout<4>, BatchNorm<4>, Dense<4, 1>> with_validation, without;
  with_validation.initialize(1);
  without.initialize(1);
  fit(with_validation, train.X, train.Y, MeanSquaredError{}, descent, with({test.X, test.Y}));
  fit(without, train.X, train.Y, MeanSquaredError{}, descent, with({}));
  CHECK(with_validation.parameters() == without.parameters());
  CHECK((with_validation.layer<2>().running_mean() == without.layer<2>().running_mean()).all());
}

TEST_CASE("validation data may have a name, or be temporaries or expressions, which are kept",
          "[fit][validation]") {
  const problems::Surface<> test(15, 2);
  const auto expected = losses(with({test.X, test.Y}));
  REQUIRE(expected.size() == 3);
  CHECK(losses(of_temporaries()) == expected);
  CHECK(losses(of_expressions()) == expected);

  const FitOptions copied = FitOptions(of_temporaries());
  CHECK(losses(copied) == expected);
  CHECK(losses(copied) == expected);

  SECTION("blocks, maps and either storage order of named things") {
    Eigen::MatrixXd larger = problems::uniform(20, 5, 3);
    larger.block(2, 1, 15, 2) = test.X;
    const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = test.X;
    std::vector<double> numbers(test.Y.data(), test.Y.data() + test.Y.size());
    CHECK(losses(with({larger.block(2, 1, 15, 2), test.Y})) == expected);
    CHECK(losses(with({rows, Eigen::Map<Eigen::VectorXd>(numbers.data(), 15)})) == expected);
    // A Ref of numbers that lie otherwise than it wants has them itself.
    const FitOptions of_ref = with({Eigen::Ref<const Eigen::MatrixXd>(rows), test.Y});
    CHECK(losses(of_ref) == expected);
  }
}

TEST_CASE("validation with labels", "[fit][validation]") {
  const problems::Triangle<> test(15, 2);
  const auto expected = class_losses(with({test.X, test.labels}));
  REQUIRE(expected.size() == 3);
  CHECK(class_losses(of_temporary_labels()) == expected);
  Eigen::MatrixXd one_hot = Eigen::MatrixXd::Zero(15, 3);
  for (Index i = 0; i < 15; ++i) one_hot(i, i % 3) = 1;
  CHECK(class_losses(with({test.X, one_hot})) == expected);

  const problems::Triangle<> four(4, 2);
  CHECK(class_losses(of_eigen_labels()) == class_losses(with({four.X, four.labels})));
}

TEST_CASE("validation with weights", "[fit][validation]") {
  const problems::Surface<> test(15, 2);
  Eigen::VectorXd weights = Eigen::VectorXd::Zero(15);
  weights.head(5).setConstant(3);
  const auto of_first_rows = losses(with({test.X.topRows(5), test.Y.topRows(5)}));
  const auto of_weighted = losses(with({test.X, weighted(test.Y, weights)}));
  REQUIRE(of_weighted.size() == 3);
  // Equal weights of 3 are divided out again: a few roundings.
  for (std::size_t e = 0; e < 3; ++e)
    CHECK(of_weighted[e] == Catch::Detail::Approx(of_first_rows[e]).epsilon(1e-14));

  const std::vector<double> list(weights.data(), weights.data() + 15);
  CHECK(losses(with({test.X, weighted(test.Y, list)})) == of_weighted);
  CHECK(losses(with({test.X, weighted(1.0 * test.Y, 1.0 * weights)})) == of_weighted);

  const problems::Triangle<> classes(15, 2);
  CHECK(class_losses(with({classes.X, weighted(classes.labels, weights)})).size() == 3);
}

TEST_CASE("validation data that cannot be used is named and changes nothing", "[fit][validation]") {
  const problems::Surface<> train(20, 1), test(15, 2);
  const problems::Surface<float> in_float(15, 2);
  Net net;
  net.initialize(1);
  const Net before = net;
  const auto attempt = [&](ValidationData validation) {
    fit(net, train.X, train.Y, MeanSquaredError{}, descent, with(std::move(validation)));
  };
  const auto rejects = [&]<class E>(std::type_identity<E>, const ValidationData& validation,
                                    const std::string& a, const std::string& b) {
    CHECK_THROWS_AS(attempt(validation), E);
    CHECK_THROWS_WITH(attempt(validation), ContainsSubstring(a) && ContainsSubstring(b));
  };
  constexpr std::type_identity<ShapeError> shape{};
  constexpr std::type_identity<DataError> data{};

  rejects(data, {in_float.X, in_float.Y}, "validation", "scalar type");
  rejects(shape, {test.X.leftCols(1), test.Y}, "validation X", "15\u00d71");
  rejects(shape, {test.X, test.Y.topRows(14)}, "validation Y", "14\u00d71");
  rejects(shape, {test.X, test.X}, "validation Y", "15\u00d72");
  rejects(data, {test.X.topRows(0), test.Y.topRows(0)}, "validation X", "none");
  rejects(data, {test.X, Eigen::VectorXi(Eigen::VectorXi::Zero(15))}, "validation Y", "integer labels");
  Eigen::MatrixXd infinite = test.X;
  infinite(4, 1) = std::numeric_limits<double>::infinity();
  rejects(data, {infinite, test.Y}, "validation X", "row 4, column 1");
  rejects(shape, {test.X, weighted(test.Y, std::array<double, 2>{1, 1})}, "weights", "got 2");

  CHECK(net.parameters() == before.parameters());

  Classifier classifier;
  const problems::Triangle<> classes(20, 1);
  const std::vector<int> labels = {0, 3};
  CHECK_THROWS_WITH(fit(classifier, classes.X, classes.labels, SoftmaxCrossEntropy{}, descent,
                        with({classes.X.topRows(2), labels})),
                    ContainsSubstring("validation Y") && ContainsSubstring("from 0 to 2, got 3 at row 1"));
}

}  // namespace test_validation
