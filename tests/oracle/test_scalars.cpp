// The reference networks in float and in long double.

#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/losses/softmax_cross_entropy.hpp"
#include "support/case_network.hpp"

namespace {

using oracle::json;

/// Cases of every depth; their X, Y, W and b are multiples of 2⁻¹² and so the same numbers in every scalar.
const char* const squared_error_cases[] = {"act_sigmoid_depth3_batch5_bias",
                                           "act_relu_depth2_batch33_bias",
                                           "act_gelu_depth4_batch33_nobias",
                                           "act_softplus_b2_depth2_batch33_bias",
                                           "act_mish_depth3_batch33_bias",
                                           "mixed_0_sigmoid_leaky_relu_gelu_silu",
                                           "mixed_4_softplus_hardsigmoid_relu_selu",
                                           "softmax_out_depth3_mse",
                                           "large_1_silu"};
const char* const normalization_cases[] = {"bn_relu_train_batch33", "bn_train_batch5", "ln_two_batch33"};

template <class Scalar, class Loss>
void check_case(const json& c, const Loss& loss, oracle::Tolerance t) {
  auto network = oracle::network<Scalar>(c);
  auto& net = network.net;
  const auto X = oracle::matrix<Scalar>(c["X"]);
  const json& expected = c["expected"];
  const auto [F, scale] = oracle::objective(c);
  if (!c.contains("mode"))
    oracle::check_array("output", net.predict(X), oracle::matrix(expected["output"]), t);
  oracle::with_targets<Scalar>(c, loss, [&, F = F, scale = scale](const auto& Y) {
    auto workspace = net.workspace();
    const auto mode = lamina::Mode::training;
    oracle::check_array("input gradient", net.input_gradient(X, Y, loss, workspace, mode),
                        oracle::matrix(expected["input_gradient"]), t, scale);
    const Scalar got = net.loss_and_gradient(X, Y, loss, workspace, mode);
    CHECK(std::abs(static_cast<double>(got) - F) <= t.abs + t.rel * std::abs(F));
    oracle::for_each_gradient(c, network, workspace.gradient,
                              [&](const std::string& what, const auto& g, const Eigen::MatrixXd& want) {
                                oracle::check_array(what, g, want, t, scale);
                              });
  });
}

template <class Scalar>
void check_all(oracle::Tolerance t) {
  for (const char* name : squared_error_cases) {
    CAPTURE(name);
    check_case<Scalar>(oracle::load("forward_backward", name), lamina::MeanSquaredError{}, t);
  }
  for (const char* name : normalization_cases) {
    CAPTURE(name);
    check_case<Scalar>(oracle::load("normalization", name), lamina::MeanSquaredError{}, t);
  }
  for (const char* name : {"large_0_tanh", "loss_sce_index_class_and_sample_weights_batch33",
                           "loss_sce_probabilities_batch5", "loss_sce_probabilities_class_weights_batch33"}) {
    CAPTURE(name);
    const json c = oracle::load("forward_backward", name);
    check_case<Scalar>(
        c,
        lamina::SoftmaxCrossEntropy{.class_weights = c["loss"].value("class_weights", std::vector<double>{})},
        t);
  }
}

}  // namespace

// ε = 1.2·10⁻⁷: sums of some tens of terms and layers in a row lose up to two digits of the seven.
TEST_CASE("scalars: float") {
  LAMINA_NEEDS_ORACLE();
  // The absolute part is sixteen roundings of 1: sums of some ten terms of that size may cancel to 0.
  check_all<float>({1e-5, 2e-6});
}

// ε = 1.1·10⁻¹⁹, and so the error is that of the reference itself, which was computed in double: 10⁻¹³ and not 10⁻¹¹.
TEST_CASE("scalars: long double") {
  LAMINA_NEEDS_ORACLE();
  check_all<long double>({1e-13, 1e-15});
}
