// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "lamina/activations/apply.hpp"
#include "lamina/activations/celu.hpp"
#include "lamina/activations/elu.hpp"
#include "lamina/activations/gelu.hpp"
#include "lamina/activations/gelu_tanh.hpp"
#include "lamina/activations/hard_sigmoid.hpp"
#include "lamina/activations/hard_swish.hpp"
#include "lamina/activations/hard_tanh.hpp"
#include "lamina/activations/identity.hpp"
#include "lamina/activations/leaky_relu.hpp"
#include "lamina/activations/log_sigmoid.hpp"
#include "lamina/activations/mish.hpp"
#include "lamina/activations/relu.hpp"
#include "lamina/activations/relu6.hpp"
#include "lamina/activations/selu.hpp"
#include "lamina/activations/sigmoid.hpp"
#include "lamina/activations/silu.hpp"
#include "lamina/activations/softplus.hpp"
#include "lamina/activations/softsign.hpp"
#include "lamina/activations/tanh.hpp"
#include "lamina/core/errors.hpp"

namespace lamina {

namespace detail {

template <class T, class... G>
concept OneOf = (std::same_as<T, G> || ...);

}  // namespace detail

/// One of several activations, chosen at run time: by value or by name.
///
///     AnyActivation activation = "relu";
///     AnyActivation other = LeakyReLU{.slope = 0.2};
///
/// It has no g and no g' of its own: apply() and apply_derivative() visit the activation it holds, once for a
/// matrix.
///
/// @tparam G  the activations it may hold; AnyActivation has all of Lamina's
template <class... G>
class AnyOf {
 public:
  using Variant = std::variant<G...>;

  /// Identity.
  AnyOf() = default;

  /// One of them, with its options.
  /// @throws OptionError when an option is outside its domain.
  template <detail::OneOf<G...> One>
  AnyOf(One activation)  // NOLINT(google-explicit-constructor)
      : activation_(std::in_place_type<One>, activation) {
    check_options(activation);
  }

  /// The one that has this name, with its default options.
  /// @throws OptionError when there is none; the message lists the names.
  template <std::convertible_to<std::string_view> Name>
  AnyOf(const Name& name) {  // NOLINT(google-explicit-constructor)
    find(name);
  }

  /// f(the activation)
  template <class F>
  decltype(auto) visit(F&& f) const {
    return std::visit(std::forward<F>(f), activation_);
  }

  std::string_view name() const {
    return visit([](const auto& g) { return std::string_view(g.name); });
  }
  WeightScale weight_scale() const { return lamina::weight_scale(*this); }

  /// All names, separated by spaces.
  static std::string names() {
    std::string list;
    (((list += list.empty() ? "" : " ") += G::name), ...);
    return list;
  }

 private:
  void find(std::string_view name) {
    const bool found = ((G::name == name && (activation_.template emplace<G>(), true)) || ...);
    if (!found) detail::fail<OptionError>({"activation: expected one of ", names(), ", got \"", name, "\""});
  }

  Variant activation_;
};

/// Any one of Lamina's activations.
using AnyActivation = AnyOf<Identity, Sigmoid, Tanh, ReLU, LeakyReLU, ELU, SELU, GELU, GELUTanh, Softplus,
                            SiLU, Mish, HardSigmoid, HardTanh, Softsign, ReLU6, HardSwish, CELU, LogSigmoid>;

}  // namespace lamina
