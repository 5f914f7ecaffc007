// Output, loss and all derivatives of the reference networks, at double precision.

#include "support/case_network.hpp"

namespace {

using Eigen::MatrixXd;
using oracle::json;

/// The cases' own tolerance, 10⁻¹¹ relative to the largest element of an array.
void check_case(const json& c) {
  const auto t = oracle::tolerance(c);
  REQUIRE(t.rel <= 1e-11);
  REQUIRE(t.abs <= 1e-13);
  auto network = oracle::network(c);
  auto& net = network.net;
  const MatrixXd X = oracle::matrix(c["X"]);
  const json& expected = c["expected"];

  oracle::check_array("output", net.predict(X), oracle::matrix(expected["output"]), t);
  if (expected.contains("probabilities")) {
    auto probabilities = net;
    if (c["loss"]["name"] == "bce_with_logits") {
      probabilities.activation("sigmoid");
    } else {
      probabilities.softmax();
    }
    oracle::check_array("probabilities", probabilities.predict(X), oracle::matrix(expected["probabilities"]),
                        t);
  }

  const auto [F, scale] = oracle::objective(c);
  const bool found = oracle::with_any_loss(c["loss"], [&, F = F, scale = scale](const auto& loss) {
    oracle::with_targets<double>(c, loss, [&](const auto& Y) {
      auto workspace = net.workspace();
      CHECK(std::abs(net.loss_and_gradient(X, Y, loss, workspace) - F) <= t.abs + t.rel * std::abs(F));
      oracle::for_each_gradient(c, network, workspace.gradient,
                                [&](const std::string& what, const auto& got, const MatrixXd& want) {
                                  oracle::check_array(what, got, want, t, scale);
                                });
      CHECK(std::abs(net.loss(X, Y, loss) - F) <= t.abs + t.rel * std::abs(F));
      oracle::check_array("input gradient", net.input_gradient(X, Y, loss, workspace),
                          oracle::matrix(expected["input_gradient"]), t, scale);
    });
  });
  REQUIRE(found);
}

}  // namespace

TEST_CASE("oracle: output, loss and gradients of every network") {
  LAMINA_NEEDS_ORACLE();
  std::size_t checked = 0;
  for (const auto& name : oracle::names("forward_backward")) {
    const auto c = oracle::load("forward_backward", name);
    if (c["loss"]["name"] == "kl_divergence") {  // not a loss of Lamina's; optional for a library
      REQUIRE(c["optional"] == true);
      WARN("skipped, Lamina has no such loss: " + name);
      continue;
    }
    CAPTURE(name);
    check_case(c);
    ++checked;
  }
  CHECK(checked >= 155);
}

TEST_CASE("oracle: integer labels of any kind give the same bits") {
  LAMINA_NEEDS_ORACLE();
  for (const auto& name : oracle::names("forward_backward", "loss_sce_index_")) {
    const auto c = oracle::load("forward_backward", name);
    if (c["loss"].contains("sample_weights")) continue;
    CAPTURE(name);
    auto net = oracle::network(c).net;
    const MatrixXd X = oracle::matrix(c["X"]);
    const auto labels = oracle::labels(c["labels"]);
    const lamina::SoftmaxCrossEntropy loss{
        .label_smoothing = c["loss"].value("label_smoothing", 0.0),
        .class_weights = c["loss"].value("class_weights", std::vector<double>{})};
    auto workspace = net.workspace();
    const double F = net.loss_and_gradient(X, labels, loss, workspace);
    const Eigen::VectorXd gradient = workspace.gradient;

    const auto same = [&](const auto& Y) {
      CHECK(net.loss_and_gradient(X, Y, loss, workspace) == F);
      CHECK(workspace.gradient == gradient);
    };
    same(std::vector<int>(labels.begin(), labels.end()));
    Eigen::VectorXi column(X.rows());
    std::copy(labels.begin(), labels.end(), column.begin());
    same(column);
    same(column.transpose());
    same(oracle::targets(c, net.outputs()));  // one-hot rows
  }
}
