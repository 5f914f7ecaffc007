// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/core/borders.hpp"
#include "lamina/core/parameters.hpp"
#include "lamina/core/random.hpp"
#include "lamina/core/validate.hpp"
#include "lamina/engine/propagate.hpp"
#include "lamina/engine/workspace.hpp"
#include "lamina/initializers.hpp"
#include "lamina/layers/sequence.hpp"

namespace lamina {

namespace detail {

template <class... L>
struct layers_of {
  using type = Sequence<L...>;
};
template <class L>
requires requires { typename L::AnyLayer; }
struct layers_of<L> {
  using type = L;
};

/// Its name is what the compiler says when a network with Dynamic extents is made without arguments.
template <class Layers>
concept NeedsNoRunTimeExtents = std::default_initializable<Layers>;

}  // namespace detail

/// An initialiser of initializers.hpp, or a user's: fills W (fan_in×fan_out) from a Random.
template <class T>
concept Initializer = requires(const T fill, Eigen::MatrixXd& W, Random& random) {
  fill(W, random);
};

/// A feedforward network: layers in a row, and the parameters θ of all of them in one vector.
///
///     A[0] = X,   A[l] = layer l of A[l − 1],   θ = [W[1] | b[1] | W[2] | b[2] | …]
///
/// Networks are values: copying one copies θ and the layers. Parameters start at zero (scales of normalising layers at
/// one) and change only by initialize(), through parameters(), weights() and bias(), and by whoever trains.
///
/// X is m×inputs() and may be any Eigen expression, in either storage order and with any alignment: what has memory is
/// read in place, tile by tile; what has not (like `A * B`) is evaluated once. Y is m×k, or integer labels, or either
/// with sample weights (see weighted()). All checks come before anything is computed or changed.
///
/// @tparam Scalar_  float, double or long double
/// @tparam L        the layers, see lamina/layers/; or a Stack, see DynamicNetwork
template <std::floating_point Scalar_, class... L>
class Network {
  using Layers = typename detail::layers_of<L...>::type;
  using Extents = detail::extents<Scalar_, Layers>;

 public:
  using Scalar = Scalar_;
  using Workspace = lamina::Workspace<Scalar, Layers>;
  /// θ and dF/dθ: fixed-size for fixed shapes up to 128 KiB, else VectorX.
  using Parameters = Storage<Scalar, Extents::parameters>;
  static constexpr Index Inputs = Layers::Inputs, Outputs = Layers::Outputs;

  /// Fixed shapes need no arguments.
  Network() requires detail::NeedsNoRunTimeExtents<Layers> : Network(Layers()) {}
  /// @throws ShapeError when a layer does not take what the one before it gives.
  explicit Network(L... layers) requires(Layer<L>&&...) : Network(Layers(std::move(layers)...)) {}
  explicit Network(Layers layers) : layers_(std::move(layers)) { clear(); }

  /// Columns of X.
  Index inputs() const { return layers_.inputs(); }
  /// Columns of the prediction.
  Index outputs() const { return layers_.outputs(); }
  /// Number of layers.
  std::size_t size() const { return layers_.size(); }

  /// @name Parameters
  /// @{

  /// θ, a column vector.
  Parameters& parameters() { return theta_; }
  const Parameters& parameters() const { return theta_; }
  Index parameter_count() const { return theta_.size(); }
  /// @throws OptionError when there is no layer; ShapeError when parameters() has another size than the layers' together.
  void check_layers() const { check_layers(theta_); }

  /// Where in θ the weights, biases, scales and shifts of each layer are, in the order of θ: of the kinds named, or all.
  ///
  ///     net.parameter_ranges(ParameterKind::weights)
  ///
  /// What belongs to a layer of the user's that does not say more counts as one run of weights.
  /// @throws ShapeError when the parts that a layer tells are not its share of θ.
  template <std::same_as<ParameterKind>... Kinds>
  std::vector<ParameterRange> parameter_ranges(Kinds... kinds) const {
    std::vector<ParameterRange> ranges;
    Index first = 0;
    layers_.for_each([&](const auto& layer, std::size_t l) {
      using Kind = std::remove_cvref_t<decltype(layer)>;
      const Index end = first + Kind::parameter_count(layer.inputs(), layer.outputs());
      const auto part = [&](ParameterKind kind, Index count, Index rows) {
        if (count > 0 && (sizeof...(kinds) == 0 || ((kind == kinds) || ...)))
          ranges.push_back({first, count, rows, kind, l});
        first += count;
      };
      if constexpr (requires { layer.parameter_parts(part); }) {
        layer.parameter_parts(part);
      } else {
        part(ParameterKind::weights, end - first, end - first);
      }
      if (first != end)
        detail::fail<ShapeError>({"layer ", l, " (", detail::name_of<Kind>(), "): its parts end ",
                                  first - end, " parameters beyond its parameter_count"});
    });
    return ranges;
  }

  /// W of layer l (from 0), In×Out, as a view into θ; γ (1×N) of a normalising layer.
  template <std::size_t l>
  auto weights() {
    static_assert(
        requires { layer<l>().weights(theta_.data()); }, "lamina: this layer has no weights");
    return layer<l>().weights(theta_.data() + offset(l));
  }
  template <std::size_t l>
  auto weights() const {
    static_assert(
        requires { layer<l>().weights(theta_.data()); }, "lamina: this layer has no weights");
    return layer<l>().weights(theta_.data() + offset(l));
  }
  /// b of layer l, 1×Out, as a view into θ; β (1×N) of a normalising layer.
  template <std::size_t l>
  auto bias() {
    static_assert(
        requires { layer<l>().bias(theta_.data()); }, "lamina: this layer has no bias");
    return layer<l>().bias(theta_.data() + offset(l));
  }
  template <std::size_t l>
  auto bias() const {
    static_assert(
        requires { layer<l>().bias(theta_.data()); }, "lamina: this layer has no bias");
    return layer<l>().bias(theta_.data() + offset(l));
  }
  /// Layer l: its extents and options. Its extents must stay what they are.
  template <std::size_t l>
  auto& layer() {
    return layers_.template get<l>();
  }
  template <std::size_t l>
  const auto& layer() const {
    return layers_.template get<l>();
  }
  const Layers& layers() const { return layers_; }
  /// f(layer, l) from the first to the last; extents must stay what they are.
  template <class F>
  void for_each_layer(F&& f) {
    layers_.for_each(f);
  }

  /// Draws all weights afresh, each layer's from the family its activation asks for (He for ReLU and its kin, LeCun for
  /// SELU, else Glorot); biases become 0, scales 1, running statistics are reset. The same seed gives the same
  /// parameters on every platform and compiler. Fitted Normalization layers keep their numbers.
  void initialize(std::uint64_t seed) {
    initialize_with(seed,
                    [](auto& W, WeightScale scale, Random& random) { initialize_weights(scale, W, random); });
  }
  /// The same with one initialiser for the weights of all Dense layers.
  template <class Fill>
  void initialize(const Fill& fill, std::uint64_t seed) {
    static_assert(Initializer<Fill>,
                  "lamina: an initialiser is called with a matrix and a Random, as GlorotUniform{} is");
    initialize_with(seed, [&](auto& W, WeightScale, Random& random) { fill(W, random); });
  }
  /// @}

  /// The memory to pass to predict and loss_and_gradient, for repeated calls without allocation. One per thread.
  Workspace workspace() const { return Workspace(layers_); }

  /// @name Prediction: const, any number of threads
  /// @{

  /// The m×outputs() predictions for the rows of X.
  /// @throws ShapeError, DataError when X is not m×inputs() with m ≥ 1, or not finite.
  template <EigenDense DX>
  auto predict(const DX& X) const {
    constexpr bool fixed = DX::RowsAtCompileTime != Dynamic && Outputs != Dynamic;
    constexpr bool small = !fixed || is_inline < Scalar, fixed ? DX::RowsAtCompileTime * Outputs : Dynamic > ;
    constexpr int rows = small ? DX::RowsAtCompileTime : static_cast<int>(Dynamic);
    constexpr int options = rows == 1 && Outputs != 1 ? Eigen::RowMajor : Eigen::ColMajor;
    Eigen::Matrix<Scalar, rows, static_cast<int>(Outputs), options> prediction(X.rows(), outputs());
    Workspace w = workspace();
    predict(X, w, prediction);
    return prediction;
  }
  /// The same without allocation (but for the first call with so many rows). The result lies in the workspace and is
  /// valid until its next use.
  template <EigenDense DX>
  ConstTile<Scalar> predict(const DX& X, Workspace& workspace) const {
    return with_inputs(X, [&](const Batch<Scalar>& batch) -> ConstTile<Scalar> {
      const Index rows = workspace.prepare(layers_, batch.count, Mode::evaluation);
      if (batch.count <= rows) {
        engine::predict_tile<Scalar>(workspace, theta_.data(), batch);
        return detail::constant(workspace.last_output(batch.count));
      }
      auto prediction = workspace.predictions(batch.count);
      engine::predict<Scalar>(workspace, theta_.data(), batch, [&](Index begin, const Tile<Scalar>& A) {
        simd::copy(A.data(), A.outerStride(), A.rows(), A.cols(), &prediction(begin, 0),
                   prediction.outerStride());
      });
      return detail::constant(prediction);
    });
  }
  /// The same into an m×outputs() matrix, map or block of the caller's.
  /// @throws ShapeError when `output` has other extents.
  template <EigenDense DX, EigenDense Output>
  void predict(const DX& X, Workspace& workspace, Output&& output) const {
    static_assert(std::is_same_v<typename std::remove_cvref_t<Output>::Scalar, Scalar>,
                  "lamina: the output must have the network's scalar type");
    with_inputs(X, [&](const Batch<Scalar>& batch) {
      if (output.rows() != batch.count || output.cols() != outputs())
        detail::fail<ShapeError>({"output: expected ", batch.count, "\u00d7", outputs(), ", got ",
                                  output.rows(), "\u00d7", output.cols()});
      workspace.prepare(layers_, batch.count, Mode::evaluation);
      engine::predict<Scalar>(workspace, theta_.data(), batch, [&](Index begin, const Tile<Scalar>& A) {
        for (Index j = 0; j < A.cols(); ++j)
          for (Index i = 0; i < A.rows(); ++i) output(begin + i, j) = A(i, j);
      });
    });
  }
  /// @}

  /// @name The objective
  /// @{

  /// F, the mean loss over the rows of X and Y, in evaluation mode.
  /// @throws ShapeError, DataError, OptionError when X, Y or the loss's options do not fit (see the errors' messages).
  template <EigenDense DX, Targets TY, LossFunction<Scalar_> Loss>
  Scalar loss(const DX& X, const TY& Y, const Loss& loss_function) const {
    Workspace w = workspace();
    return loss(X, Y, loss_function, w);
  }
  template <EigenDense DX, Targets TY, LossFunction<Scalar_> Loss>
  Scalar loss(const DX& X, const TY& Y, const Loss& loss_function, Workspace& workspace) const {
    return with_checked(X, Y, loss_function,
                        [&](const Batch<Scalar>& batch) { return loss(batch, loss_function, workspace); });
  }
  /// The same for a batch that has been checked, see detail::check_data.
  template <LossFunction<Scalar_> Loss>
  Scalar loss(const Batch<Scalar>& batch, const Loss& loss_function, Workspace& workspace) const {
    check_layers();
    return evaluate(theta_.data(), batch, loss_function, workspace, Pass{}, {.gradient = false}).F;
  }

  /// F, and dF/dθ into workspace.gradient. In training mode (the default) dropout drops, batch normalisation uses the
  /// batch and moves its running statistics, unless F or dF/dθ is not finite.
  /// @throws as loss()
  template <EigenDense DX, Targets TY, LossFunction<Scalar_> Loss>
  Scalar loss_and_gradient(const DX& X, const TY& Y, const Loss& loss_function, Workspace& workspace,
                           Mode mode = Mode::training) {
    return with_checked(X, Y, loss_function, [&](const Batch<Scalar>& batch) {
      return loss_and_gradient(batch, loss_function, workspace, mode);
    });
  }
  /// The same for a batch that has been checked.
  template <LossFunction<Scalar_> Loss>
  Scalar loss_and_gradient(const Batch<Scalar>& batch, const Loss& loss_function, Workspace& workspace,
                           Mode mode = Mode::training) {
    return run(batch, loss_function, workspace, mode).F;
  }
  /// The same, and what else is known of it.
  template <LossFunction<Scalar_> Loss>
  engine::Evaluation<Scalar> run(const Batch<Scalar>& batch, const Loss& loss_function, Workspace& workspace,
                                 Mode mode) {
    const auto result = run_for_step(batch, loss_function, workspace, mode);
    if (mode == Mode::training && layers_.whole_batch() && std::isfinite(result.F) &&
        detail::all_finite(workspace.gradient.data(), workspace.gradient.size()))
      keep_statistics(batch, workspace);
    return result;
  }
  /// The same without keep_statistics(), and handing the gradient to `step`, see train_step and engine::evaluate.
  template <LossFunction<Scalar_> Loss>
  engine::Evaluation<Scalar> run_for_step(const Batch<Scalar>& batch, const Loss& loss_function,
                                          Workspace& workspace, Mode mode = Mode::training,
                                          const engine::Step<Scalar>* step = nullptr) {
    check_layers();
    const auto result = evaluate(theta_.data(), batch, loss_function, workspace, next_pass(workspace, mode),
                                 {.gradient = true, .step = step});
    if (mode == Mode::training) ++workspace.passes;
    return result;
  }
  /// Running statistics move by those of the batch of the last pass, in training mode, of this workspace.
  void keep_statistics(const Batch<Scalar>& batch, Workspace& workspace) {
    if (!layers_.whole_batch()) return;
    layers_.for_each([&](auto& layer, std::size_t l) {
      const auto cache = workspace.cache(l);
      const ConstSpan<Scalar> left(cache.data(), cache.size());
      if constexpr (requires { layer.update(left, batch.count); }) layer.update(left, batch.count);
    });
  }

  /// F, and if wanted dF/dθ, at any θ. Nothing of the network changes, running statistics included: for line searches,
  /// finite differences and ensembles.
  template <class Theta, LossFunction<Scalar_> Loss>
  Scalar evaluate(const Theta& theta, const Batch<Scalar>& batch, const Loss& loss_function,
                  Workspace& workspace, const Pass& pass, bool gradient) const {
    const Eigen::Ref<const Eigen::Matrix<Scalar, Dynamic, 1>> at(theta);  // side by side
    check_layers(at);
    return evaluate(at.data(), batch, loss_function, workspace, pass, {.gradient = gradient}).F;
  }
  /// What loss_and_gradient would run next: the pass that fixes the masks of dropout.
  Pass next_pass(const Workspace& workspace, Mode mode = Mode::training) const {
    return {.mode = mode, .seed = workspace.seed, .number = workspace.passes};
  }

  /// dF/dX, m×inputs(), in evaluation mode. workspace.gradient becomes dF/dθ.
  /// @throws as loss()
  template <EigenDense DX, Targets TY, LossFunction<Scalar_> Loss>
  Eigen::Matrix<Scalar, Dynamic, static_cast<int>(Inputs)> input_gradient(
      const DX& X, const TY& Y, const Loss& loss_function, Workspace& workspace,
      Mode mode = Mode::evaluation) const {
    Eigen::Matrix<Scalar, Dynamic, static_cast<int>(Inputs)> dX(X.rows(), inputs());
    with_checked(X, Y, loss_function, [&](const Batch<Scalar>& batch) {
      evaluate(theta_.data(), batch, loss_function, workspace, next_pass(workspace, mode),
               {.gradient = true, .input_gradient = dX.data()});
    });
    return dX;
  }
  /// @}

 protected:
  Layers& mutable_layers() { return layers_; }

  /// @throws ShapeError when θ is of another size than the layers' parameters.
  void check_parameters() const { check_parameters(theta_); }
  template <class Theta>
  void check_parameters(const Theta& theta) const {
    if constexpr (Theta::SizeAtCompileTime == Dynamic || Extents::parameters == Dynamic) {
      const Index expected = detail::footprint_of(layers_).parameters;
      if (theta.size() != expected)
        detail::fail<ShapeError>(
            {"parameters: expected ", expected, " for the layers of the network, got ", theta.size()});
    }
  }

  /// θ for one more layer at the end, in its neutral state; what was there stays.
  void grow(Index parameters) {
    const Index before = theta_.size();
    theta_.conservativeResize(before + parameters);
    neutral(size() - 1, size());
  }
  /// Offset of layer l's parameters in θ.
  Index offset(std::size_t l) const {
    Index sum = 0;
    layers_.for_each([&](const auto& layer, std::size_t k) {
      using Kind = std::remove_cvref_t<decltype(layer)>;
      if (k < l) sum += Kind::parameter_count(layer.inputs(), layer.outputs());
    });
    return sum;
  }

 private:
  template <class Loss>
  engine::Evaluation<Scalar> evaluate(const Scalar* theta, const Batch<Scalar>& batch, const Loss& loss,
                                      Workspace& workspace, const Pass& pass,
                                      const engine::Wanted<Scalar>& wanted) const {
    workspace.prepare(layers_, batch.count, pass.mode);
    return engine::evaluate<Scalar>(workspace, theta, batch, engine::any_loss<Scalar>(loss), pass, wanted);
  }

  void clear() {
    theta_.resize(detail::footprint_of(layers_).parameters);
    neutral(0, size());
  }
  /// W = 0, b = 0, γ = 1, β = 0
  void neutral(std::size_t first, std::size_t last) {
    Random random(0);
    initialize_layers(
        random, [](auto& W, WeightScale, Random&) { W.setZero(); }, first, last);
  }
  template <class Rule>
  void initialize_with(std::uint64_t seed, const Rule& rule) {
    Random random(seed);
    // An initialiser may throw: θ changes at the end.
    Network fresh = *this;
    fresh.theta_.resize(detail::footprint_of(layers_).parameters);  // whatever parameters() has been made
    fresh.initialize_layers(random, rule, 0, size());
    fresh.layers_.for_each([](auto& layer, std::size_t) {
      if constexpr (requires { layer.reset(); }) layer.reset();
    });
    *this = std::move(fresh);
  }
  // Not inlined: g++ 12 takes a layer without members, of a network that is being constructed, for uninitialised.
  template <class Rule>
  LAMINA_NOINLINE void initialize_layers(Random& random, const Rule& rule, std::size_t first,
                                         std::size_t last) {
    Index at = 0;
    layers_.for_each([&](auto& layer, std::size_t l) {
      using Kind = std::remove_cvref_t<decltype(layer)>;
      const Index count = Kind::parameter_count(layer.inputs(), layer.outputs());
      const Span<Scalar> theta(theta_.data() + std::exchange(at, at + count), count);
      if (l < first || l >= last) return;
      if constexpr (requires { layer.initialize(theta, rule, random); }) {
        layer.initialize(theta, rule, random);
      } else {
        Span<Scalar>(theta).setZero();
      }
    });
  }

  template <class Theta>
  void check_layers(const Theta& theta) const {
    if (size() == 0) detail::fail<OptionError>({"network: expected at least one layer, got none"});
    check_parameters(theta);
  }
  template <class DX, class F>
  decltype(auto) with_inputs(const DX& X, F&& f) const {
    check_layers();
    decltype(auto) inputs_in_memory = in_memory(X);
    DataView<Scalar> data;
    data.X = view<Scalar>(inputs_in_memory);
    detail::check_inputs(data.X, inputs());
    detail::check_finite(data.X);
    return f(Batch<Scalar>(data));
  }
  template <class DX, class TY, class Loss, class F>
  decltype(auto) with_checked(const DX& X, const TY& Y, const Loss& loss_function, F&& f) const {
    check_layers();
    return detail::with_data<Scalar, Loss>(X, Y, [&](const DataView<Scalar>& data) -> decltype(auto) {
      detail::check_data(data, loss_function, inputs(), outputs());
      return f(Batch<Scalar>(data));
    });
  }

  Layers layers_;
  Parameters theta_;
};

/// `Network net(layer, layer, …)` is a network of floats.
template <Layer... L>
Network(L...) -> Network<float, L...>;

/// A network of the given scalar: `auto net = make_network<double>(layer, layer, …)`.
template <std::floating_point Scalar, Layer... L>
Network<Scalar, L...> make_network(L... layers) {
  return Network<Scalar, L...>(std::move(layers)...);
}

}  // namespace lamina
