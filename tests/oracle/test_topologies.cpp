// Shapes in the type, run-time extents and run-time depth are one network: equal to each other and to the reference.

#include "lamina/losses/mean_squared_error.hpp"
#include "lamina/losses/softmax_cross_entropy.hpp"
#include "support/case_network.hpp"

namespace {

using Eigen::Dynamic;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using lamina::Activate;
using lamina::BatchNorm;
using lamina::Dense;
using lamina::Mode;
using lamina::Network;
using oracle::json;

constexpr double rounding = 1e-14;  // a few units in the last place of sums of up to 33·32 terms of order 1

/// What a network gives for a case.
struct Results {
  VectorXd theta, gradient;
  MatrixXd output, input_gradient;
  double loss;
};
template <class Net, class Targets, class Loss>
Results results(Net& net, const MatrixXd& X, const Targets& Y, const Loss& loss, Mode mode) {
  Results r;
  auto workspace = net.workspace();
  r.output = net.predict(X);
  r.input_gradient = net.input_gradient(X, Y, loss, workspace, mode);
  r.loss = net.loss_and_gradient(X, Y, loss, workspace, mode);
  r.gradient = workspace.gradient;
  r.theta = net.parameters();
  return r;
}

void check_same(const char* what, const Results& got, const Results& want) {
  CAPTURE(what);
  CHECK(got.theta == want.theta);
  oracle::check_array("output", got.output, want.output, {rounding, 0});
  oracle::check_array("gradient", got.gradient, want.gradient, {rounding, 0});
  oracle::check_array("input gradient", got.input_gradient, want.input_gradient, {rounding, 0});
  CHECK(std::abs(got.loss - want.loss) <= rounding * std::abs(want.loss));
}

/// @tparam Fixed, Extents  the network of the case, with its shapes in the type and at run time
template <class Fixed, class Extents, class Loss>
void check_three(const char* group, const char* name, Fixed fixed, Extents extents, const Loss& loss) {
  LAMINA_NEEDS_ORACLE();
  CAPTURE(name);
  const json c = oracle::load(group, name);
  auto reference = oracle::network(c);
  for (std::size_t l = 0; l < reference.net.size(); ++l)  // running statistics as in the other two
    if (auto* layer = std::get_if<BatchNorm<Dynamic>>(&reference.net.layer(l))) layer->reset();
  fixed.parameters() = reference.net.parameters();
  extents.parameters() = reference.net.parameters();
  REQUIRE(fixed.size() == reference.net.size());
  REQUIRE(extents.size() == reference.net.size());
  const MatrixXd X = oracle::matrix(c["X"]);
  const Mode mode = c.contains("mode") && c["mode"] == "eval" ? Mode::evaluation : Mode::training;

  oracle::with_targets<double>(c, loss, [&](const auto& Y) {
    const Results depth = results(reference.net, X, Y, loss, mode), shapes = results(fixed, X, Y, loss, mode),
                  sizes = results(extents, X, Y, loss, mode);
    const auto t = oracle::tolerance(c);
    oracle::for_each_gradient(c, reference, shapes.gradient,
                              [&](const std::string& what, const auto& got, const MatrixXd& want) {
                                oracle::check_array(what, got, want, t);
                              });
    oracle::check_array("input gradient", shapes.input_gradient,
                        oracle::matrix(c["expected"]["input_gradient"]), t);
    check_same("shapes in the type", shapes, depth);
    check_same("run-time extents", sizes, depth);
  });
}

template <class G>
using DenseN = Dense<Dynamic, Dynamic, G>;

}  // namespace

TEST_CASE("topologies: three dense layers, labels") {
  using lamina::Identity;
  using lamina::Tanh;
  check_three(
      "forward_backward", "large_0_tanh",
      Network<double, Dense<20, 32, Tanh>, Dense<32, 16, Tanh>, Dense<16, 10>>(),
      lamina::make_network<double>(DenseN<Tanh>(20, 32), DenseN<Tanh>(32, 16), DenseN<Identity>(16, 10)),
      lamina::SoftmaxCrossEntropy{});
}

TEST_CASE("topologies: an activation with an option, no bias") {
  using lamina::CELU;
  using Layer = Dense<Dynamic, Dynamic, CELU, false>;
  const CELU g{.alpha = 1.5};
  const Dense<7, 7, CELU, false> first(g);
  const Dense<7, 13, CELU, false> second(g);
  check_three("forward_backward", "act_celu_a1.5_depth2_batch5_nobias",
              Network<double, Dense<7, 7, CELU, false>, Dense<7, 13, CELU, false>>(first, second),
              lamina::make_network<double>(Layer(7, 7, g), Layer(7, 13, g)), lamina::MeanSquaredError{});
}

TEST_CASE("topologies: batch normalisation and an activation by itself") {
  using lamina::Identity;
  using lamina::ReLU;
  check_three("normalization", "bn_relu_train_batch33",
              Network<double, Dense<3, 1>, BatchNorm<1>, Activate<1, ReLU>, Dense<1, 7>>(),
              lamina::make_network<double>(DenseN<Identity>(3, 1), BatchNorm<Dynamic>(1),
                                           Activate<Dynamic, ReLU>(1), DenseN<Identity>(1, 7)),
              lamina::MeanSquaredError{});
}

TEST_CASE("topologies: layer normalisation") {
  using lamina::Identity;
  using lamina::LayerNorm;
  using lamina::Tanh;
  check_three("normalization", "ln_input_batch33",
              Network<double, LayerNorm<3>, Dense<3, 3, Tanh>, Dense<3, 1>>(),
              lamina::make_network<double>(LayerNorm<Dynamic>(3), DenseN<Tanh>(3, 3), DenseN<Identity>(3, 1)),
              lamina::MeanSquaredError{});
}

TEST_CASE("topologies: softmax") {
  using lamina::Identity;
  using lamina::Softmax;
  using lamina::Tanh;
  check_three(
      "forward_backward", "softmax_out_depth2_mse",
      Network<double, Dense<13, 13, Tanh>, Dense<13, 2>, Softmax<2>>(),
      lamina::make_network<double>(DenseN<Tanh>(13, 13), DenseN<Identity>(13, 2), Softmax<Dynamic>(2)),
      lamina::MeanSquaredError{});
}

// Nothing of this is in the reference cases; initialize() and the masks of dropout depend on the place of a layer alone.
TEST_CASE("topologies: initial weights, dropout and scaling") {
  using lamina::Dropout;
  using lamina::Normalization;
  using lamina::ReLU;
  const MatrixXd X = MatrixXd::Random(50, 3), Y = MatrixXd::Random(50, 2);
  Network<double, Normalization<3>, Dense<3, 40, ReLU>, Dropout<40>, Dense<40, 2>> fixed(
      Normalization<3>::standardize(X), {}, Dropout<40>(0.3), {});
  auto extents = lamina::make_network<double>(Normalization<Dynamic>::standardize(X), DenseN<ReLU>(3, 40),
                                              Dropout<Dynamic>(40, 0.3), DenseN<lamina::Identity>(40, 2));
  lamina::DynamicNetwork<double> depth(3);
  depth.normalization(Normalization<Dynamic>::standardize(X)).dense(40, "relu").dropout(0.3).dense(2);
  fixed.initialize(5);
  extents.initialize(5);
  depth.initialize(5);
  REQUIRE(depth.parameters().cwiseAbs().maxCoeff() > 0);

  const Results want = results(depth, X, Y, lamina::MeanSquaredError{}, Mode::training);
  CHECK(want.loss != depth.loss(X, Y, lamina::MeanSquaredError{}));  // something was dropped
  check_same("shapes in the type", results(fixed, X, Y, lamina::MeanSquaredError{}, Mode::training), want);
  check_same("run-time extents", results(extents, X, Y, lamina::MeanSquaredError{}, Mode::training), want);
}
