// Networks with batch and layer normalisation: output, gradients, running statistics, in both modes.

#include "support/case_network.hpp"

namespace {

using Eigen::MatrixXd;
using lamina::MeanSquaredError;
using lamina::Mode;
using oracle::json;

/// MeanSquaredError that keeps the output it was given: the way to see that of a training pass.
struct Recorder : MeanSquaredError {
  MatrixXd* output = nullptr;

  auto value(const auto& A, const auto& Y) const {
    *output = A;
    return MeanSquaredError::value(A, Y);
  }
};

void check_running_statistics(const json& c, oracle::CaseNetwork<double>& network, std::size_t passes,
                              oracle::Tolerance t) {
  for (const json& after : c["expected"]["running_statistics"]) {
    if (after["after_passes"] != passes) continue;
    for (std::size_t i = 0; i < after["layers"].size(); ++i) {
      const json& want = after["layers"][i];
      if (want.empty()) continue;
      CAPTURE(passes, i);
      const auto& layer = oracle::batch_norm(network.net, network.place[i]);
      oracle::check_array("running mean", layer.running_mean().matrix(), oracle::matrix(want["running_mean"]),
                          t);
      oracle::check_array("running variance", layer.running_variance().matrix(),
                          oracle::matrix(want["running_var"]), t);
    }
  }
}

}  // namespace

TEST_CASE("oracle: batch and layer normalisation") {
  LAMINA_NEEDS_ORACLE();
  std::size_t with_running_statistics = 0;
  for (const auto& name : oracle::names("normalization")) {
    CAPTURE(name);
    const auto c = oracle::load("normalization", name);
    const json& expected = c["expected"];
    // 10⁻¹¹, but 10⁻⁹ where batch normalisation is given two rows: they become ±1 up to ε/σ², whose derivative cancels to
    // that difference.
    const auto t = oracle::tolerance(c);
    REQUIRE(t.rel <= (name.find("batch2") == std::string::npos ? 1e-11 : 1e-9));
    const Mode mode = c["mode"] == "train" ? Mode::training : Mode::evaluation;
    auto network = oracle::network(c);
    auto& net = network.net;
    const MatrixXd X = oracle::matrix(c["X"]), Y = oracle::matrix(c["Y"]);
    MatrixXd output;
    Recorder loss;
    loss.output = &output;

    auto workspace = net.workspace();
    oracle::check_array("input gradient", net.input_gradient(X, Y, loss, workspace, mode),
                        oracle::matrix(expected["input_gradient"]), t);
    const double F = expected["loss"];
    CHECK(std::abs(net.loss_and_gradient(X, Y, loss, workspace, mode) - F) <= t.abs + t.rel * std::abs(F));
    oracle::check_array("output", output, oracle::matrix(expected["output"]), t);
    oracle::for_each_gradient(c, network, workspace.gradient,
                              [&](const std::string& what, const auto& got, const MatrixXd& want) {
                                oracle::check_array(what, got, want, t);
                              });
    if (mode == Mode::evaluation)
      oracle::check_array("prediction", net.predict(X), oracle::matrix(expected["output"]), t);

    if (!expected.contains("running_statistics")) continue;
    ++with_running_statistics;
    REQUIRE(expected["running_statistics"].size() == 2);
    check_running_statistics(c, network, 1, t);
    net.loss_and_gradient(X, Y, loss, workspace);
    net.loss_and_gradient(X, Y, loss, workspace);
    check_running_statistics(c, network, 3, t);
    oracle::check_array("prediction after three passes", net.predict(X),
                        oracle::matrix(expected["eval_output_after_3_train_passes"]), t);
  }
  CHECK(with_running_statistics == 12);
}
