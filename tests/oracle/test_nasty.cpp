// Reference cases that hurt: extreme numbers, degenerate data, and what must be refused.

#include <functional>
#include <map>

#include "support/case_network.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using lamina::Mode;
using oracle::json;

Mode mode_of(const json& c) {
  return c.contains("mode") && c["mode"] == "train" ? Mode::training : Mode::evaluation;
}

void check_values(const json& c) {
  auto network = oracle::network(c);
  auto& net = network.net;
  const auto t = oracle::tolerance(c);
  const MatrixXd X = oracle::matrix(c["X"]);
  const json& expected = c["expected"];
  const Mode mode = mode_of(c);

  if (mode == Mode::evaluation)
    oracle::check_elements("output", net.predict(X), oracle::matrix(expected["output"]), t);
  const bool found = oracle::with_any_loss(c["loss"], [&](const auto& loss) {
    oracle::with_targets<double>(c, loss, [&](const auto& Y) {
      auto workspace = net.workspace();
      const double want = oracle::number(expected["loss"]);
      oracle::check_elements("input gradient", net.input_gradient(X, Y, loss, workspace, mode),
                             oracle::matrix(expected["input_gradient"]), t);
      const double F = net.loss_and_gradient(X, Y, loss, workspace, mode);
      CAPTURE(F, want);
      CHECK(std::abs(F - want) <= t.abs + t.rel * std::abs(want));
      oracle::for_each_gradient(c, network, workspace.gradient,
                                [&](const std::string& what, const auto& got, const MatrixXd& want_gradient) {
                                  oracle::check_elements(what, got, want_gradient, t);
                                });
    });
  });
  REQUIRE(found);
}

/// The exception of a call, or an empty text.
struct Thrown {
  std::string type, message;
};
Thrown thrown_by(const std::function<void()>& f) {
  try {
    f();
  } catch (const lamina::ShapeError& e) {
    return {"ShapeError", e.what()};
  } catch (const lamina::DataError& e) {
    return {"DataError", e.what()};
  } catch (const lamina::OptionError& e) {
    return {"OptionError", e.what()};
  } catch (const std::exception& e) {
    return {"another error", e.what()};
  }
  return {};
}

/// What a network and its workspace are, for comparing bit by bit.
struct State {
  VectorXd theta, gradient, mean, variance;
  friend bool operator==(const State&, const State&) = default;
};

const std::map<std::string, std::string> expected_errors{
    {"all_class_weights_zero", "OptionError"},
    {"must_fail_label_negative", "DataError"},
    {"must_fail_label_too_large", "DataError"},
    {"must_fail_labels_wrong_count", "ShapeError"},
    {"must_fail_sample_weight_negative", "DataError"},
    {"must_fail_sample_weights_wrong_count", "ShapeError"},
    {"must_fail_x_empty_batch", "DataError"},
    {"must_fail_x_wrong_columns", "ShapeError"},
    {"must_fail_y_wrong_columns", "ShapeError"},
    {"must_fail_y_wrong_rows", "ShapeError"},
    {"input_contains_inf", "DataError"},  // the case would also accept tanh(∞) = 1
    {"input_contains_minus_inf", "DataError"},
    {"input_contains_nan", "DataError"},
    {"target_contains_nan", "DataError"},
};

/// The case must be refused, by every call, and leave everything as it was.
void check_refused(const json& c, const std::string& type) {
  auto net = oracle::network(c).net;
  const std::size_t last = net.size();
  net.batch_norm();  // so that there are running statistics to be left alone
  MatrixXd X = oracle::matrix(c["X"]);
  if (X.size() == 0) X.resize(0, net.inputs());

  // A training pass on good data, so that there is something to be destroyed.
  auto workspace = net.workspace();
  const MatrixXd good_X = MatrixXd::Random(4, net.inputs()), good_Y = MatrixXd::Random(4, net.outputs());
  net.loss_and_gradient(good_X, good_Y, lamina::MeanSquaredError{}, workspace);
  const auto state = [&] {
    const auto& layer = oracle::batch_norm(net, last);
    return State{net.parameters(), workspace.gradient, layer.running_mean().matrix().transpose(),
                 layer.running_variance().matrix().transpose()};
  };
  const State before = state();
  const std::uint64_t passes = workspace.passes;
  REQUIRE(before.gradient.cwiseAbs().maxCoeff() > 0);

  const auto refuse = [&](const char* call, const std::function<void()>& f) {
    const Thrown thrown = thrown_by(f);
    CAPTURE(call, thrown.type, thrown.message);
    CHECK(thrown.type == type);
    CHECK(thrown.message.find("expected") != std::string::npos);
    CHECK(state() == before);
    CHECK(workspace.passes == passes);
  };
  const bool found = oracle::with_any_loss(c["loss"], [&](const auto& loss) {
    oracle::with_targets<double>(c, loss, [&](const auto& Y_) {
      const auto with = [&](const auto& Y) {
        refuse("loss", [&] { net.loss(X, Y, loss); });
        refuse("loss with a workspace", [&] { net.loss(X, Y, loss, workspace); });
        refuse("loss_and_gradient", [&] { net.loss_and_gradient(X, Y, loss, workspace); });
        refuse("input_gradient", [&] { net.input_gradient(X, Y, loss, workspace); });
      };
      if (c["X"].empty()) {
        with(MatrixXd(0, net.outputs()));
      } else {
        with(Y_);
      }
    });
  });
  REQUIRE(found);
  const bool X_is_bad = !X.allFinite() || X.cols() != net.inputs() || X.rows() == 0;
  if (X_is_bad) refuse("predict", [&] { net.predict(X); });
}

}  // namespace

TEST_CASE("oracle: cases that hurt") {
  LAMINA_NEEDS_ORACLE();
  std::size_t refused = 0;
  for (const auto& name : oracle::names("nasty")) {
    CAPTURE(name);
    const auto c = oracle::load("nasty", name);
    const std::string kind = c["expected"]["kind"];
    if (kind == "value") {
      check_values(c);
    } else if (name == "must_fail_layer_sizes_disagree" || name == "batchnorm_train_batch_of_one") {
      REQUIRE(kind == "error");  // see below
    } else {
      REQUIRE(expected_errors.count(name) == 1);
      check_refused(c, expected_errors.at(name));
      ++refused;
    }
  }
  CHECK(refused == expected_errors.size());
}

TEST_CASE("oracle: layers that do not fit together") {
  LAMINA_NEEDS_ORACLE();
  const auto c = oracle::load("nasty", "must_fail_layer_sizes_disagree");
  CHECK(thrown_by([&] { oracle::network(c); }).type == "ShapeError");

  lamina::DynamicNetwork<double> net(3);
  net.dense(3);
  net.parameters().setLinSpaced(1, 12);
  const VectorXd theta = net.parameters();
  using Dense = lamina::Dense<Eigen::Dynamic, Eigen::Dynamic, lamina::AnyActivation>;
  const Thrown thrown = thrown_by([&] { net.add(Dense(4, 2)); });
  CHECK(thrown.type == "ShapeError");
  CHECK(thrown.message ==
        "layer 1 (Dense): expected 3 inputs, as many as layer 0 (Dense) has outputs, got 4");
  CHECK(net.size() == 1);
  CHECK(net.outputs() == 3);
  CHECK(net.parameters() == theta);
}

// The case asks for an error, and accepts what Lamina documents: X̂ = 0.
TEST_CASE("oracle: a training batch of one row through batch normalisation") {
  LAMINA_NEEDS_ORACLE();
  const auto c = oracle::load("nasty", "batchnorm_train_batch_of_one");
  auto network = oracle::network(c);
  auto& net = network.net;
  const MatrixXd X = oracle::matrix(c["X"]), Y = oracle::matrix(c["Y"]);
  REQUIRE(X.rows() == 1);
  const lamina::MeanSquaredError loss;
  auto workspace = net.workspace();

  // A = tanh(β·W + b), whatever X
  const MatrixXd A = (net.bias(0) * net.weights(1) + net.bias(1)).array().tanh();
  CHECK(net.input_gradient(X, Y, loss, workspace, Mode::training) == MatrixXd::Zero(1, X.cols()));
  CHECK(net.loss_and_gradient(X, Y, loss, workspace) == Catch::Approx((A - Y).squaredNorm()).epsilon(1e-14));

  auto gradient = net;
  gradient.parameters() = workspace.gradient;
  const MatrixXd dZ = (2 * (A - Y)).array() * (1 - A.array().square());
  CHECK(gradient.weights(0) == MatrixXd::Zero(1, 3));
  oracle::check_elements("gradient of beta", gradient.bias(0), MatrixXd(dZ * net.weights(1).transpose()),
                         {1e-13, 1e-15});
  oracle::check_elements("gradient of W", gradient.weights(1), MatrixXd(net.bias(0).transpose() * dZ),
                         {1e-13, 1e-15});
  oracle::check_elements("gradient of b", gradient.bias(1), dZ, {1e-13, 1e-15});

  // The running mean has moved; the running variance, of which one row says nothing, has not.
  const json& before = c["layers"][0];
  const auto& layer = oracle::batch_norm(net, 0);
  const MatrixXd mean = 0.9 * oracle::matrix(before["running_mean"]) + 0.1 * X;
  oracle::check_elements("running mean", layer.running_mean(), mean, {1e-14, 1e-15});
  CHECK(layer.running_variance().matrix() == oracle::matrix(before["running_var"]));
}
