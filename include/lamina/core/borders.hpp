// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include "lamina/core/views.hpp"

namespace lamina::detail {

template <class T>
inline constexpr bool is_weighted = false;
template <class Y, class S>
inline constexpr bool is_weighted<Weighted<Y, S>> = true;

/// An Eigen::Ref that has numbers of its own when those that it was made of lie otherwise than it wants.
template <class T>
inline constexpr bool is_const_ref = false;
template <class T, int Options, class Stride>
inline constexpr bool is_const_ref<Eigen::Ref<const T, Options, Stride>> = true;

template <class T>
inline constexpr bool is_target = EigenReal<T> || Labels<T>;
template <class Y, class S>
inline constexpr bool is_target<Weighted<Y, S>> = is_target<Y>;

}  // namespace lamina::detail

namespace lamina {

/// What a loss can be measured against: a matrix of numbers, integer labels, or either with sample weights.
template <class T>
concept Targets = detail::is_target<std::remove_cvref_t<T>>;

namespace detail {

/// A vector argument as something that has memory.
template <class T>
decltype(auto) vector_in_memory(const T& v) {
  if constexpr (EigenDense<T>) {
    return in_memory(v);
  } else {
    return static_cast<const T&>(v);
  }
}

/// f(view of X, Y and the weights of Y): the one place where what users hold becomes what the engine reads.
/// Expressions without memory of their own are evaluated here, once, for the duration of f.
template <class Scalar, class Loss, EigenDense DX, Targets TY, class F>
decltype(auto) with_data(const DX& X, const TY& Y, F&& f) {
  if constexpr (is_weighted<TY>) {
    decltype(auto) weights = vector_in_memory(Y.weights);
    return with_data<Scalar, Loss>(X, Y.targets, [&](DataView<Scalar> data) -> decltype(auto) {
      data.weights = vector_view<double>(weights, "sample weights");
      return f(data);
    });
  } else {
    decltype(auto) inputs = in_memory(X);
    decltype(auto) targets = vector_in_memory(Y);
    DataView<Scalar> data;
    data.X = view<Scalar>(inputs);
    if constexpr (Labels<TY>) {
      static_assert(
          requires { Loss::classes(Index{1}); },
          "lamina: this loss takes real-valued targets; integer labels are for classification losses such "
          "as SoftmaxCrossEntropy. Write Y.cast<float>() (or <double>) if the integers are quantities");
      data.labels = vector_view<Index>(targets, "Y");
    } else {
      data.Y = view<Scalar>(targets);
    }
    return f(data);
  }
}

}  // namespace detail
}  // namespace lamina
