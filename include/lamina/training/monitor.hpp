// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/core/borders.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/training/history.hpp"

namespace lamina {

/// A callback for fit that measures something after every epoch and puts it into History::metrics, made by monitor().
template <class DX, class TY, class F>
class Monitor {
 public:
  static constexpr bool sees_context = true;

  Monitor(std::string name, const DX& X, const TY& Y, F f)
      : name_(std::move(name)), X_(X), Y_(Y), f_(std::move(f)) {}

  /// @throws OptionError when the name is empty, or a column of the history already.
  void begin(auto& context) const {
    const bool own = name_ == "epoch" || name_ == "loss" || name_ == "validation_loss" ||
                     name_ == "learning_rate" || name_ == "seconds";
    if (name_.empty() || own || context.history.find(name_))
      detail::fail<OptionError>(
          {"monitor: expected a name that the history does not have yet, got \"", name_, "\""});
    context.history.metrics.emplace_back(name_, std::vector<double>());
  }
  void after_epoch(auto& context) const {
    using Scalar = typename std::remove_cvref_t<decltype(context.network)>::Scalar;
    const Eigen::Matrix<Scalar, Dynamic, Dynamic> prediction = context.network.predict(X_, context.workspace);
    context.history.record(name_, static_cast<double>(f_(prediction, Y_)));
  }

 private:
  std::string name_;
  const DX& X_;
  const TY& Y_;
  F f_;
};

/// f(network.predict(X), Y) after every epoch of a fit, under a name of its own in the history:
///
///     fit(net, X, labels, SoftmaxCrossEntropy{}, Adam{}, options,
///         monitor("accuracy", X_test, test_labels, [](const auto& scores, const auto& labels) {
///           return accuracy(predicted_classes(scores), labels);
///         }));
///
/// X and Y are named objects that outlive the fit. f gets a matrix of predictions, m×outputs().
template <EigenDense DX, class TY, class F>
Monitor<DX, TY, F> monitor(std::string name, const DX& X, const TY& Y, F f) {
  return {std::move(name), X, Y, std::move(f)};
}

}  // namespace lamina
