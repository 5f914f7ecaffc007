// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <variant>

#include "lamina/core/errors.hpp"
#include "lamina/core/simd.hpp"
#include "lamina/core/types.hpp"

/// @file
/// What the optimisers share.

namespace lamina::detail {

/// @throws ShapeError when θ and the gradient differ in size.
inline void check_sizes(std::string_view optimizer, Index theta, Index gradient) {
  if (theta != gradient)
    fail<ShapeError>({optimizer, ": expected a gradient of ", theta, " elements, got ", gradient});
}

/// A step below this cannot make a finite parameter infinite: it is less than half a unit in the last place of the
/// largest number.
template <class Scalar>
inline constexpr double step_limit = std::numeric_limits<Scalar>::max_exponent <= 128 ? 1e30 : 1e290;

/// The sum of the squares of two numbers below this is finite.
template <class Scalar>
inline constexpr double square_limit = std::numeric_limits<Scalar>::max_exponent <= 128 ? 1e18 : 1e150;

/// body(load, store, type of the register) for all numbers of arrays of `count`, a register at a time: `load(p)` and
/// `store(p, v)` reach the register's share of the array at p.
template <class Scalar, class Body>
void for_each_lanes(Index count, Body&& body) {
  using V = simd::Register<Scalar>;
  constexpr Index lanes = simd::lanes<V>;
  Index i = 0;
  for (; i + lanes <= count; i += lanes)
    body([i](const Scalar* p) { return simd::load<V>(p + i); },
         [i](Scalar* p, const V& v) { simd::store(p + i, v); }, std::type_identity<V>());
  if (i < count)
    body([i, rest = count - i](const Scalar* p) { return simd::load<V>(p + i, rest); },
         [i, rest = count - i](Scalar* p, const V& v) { simd::store(p + i, v, rest); },
         std::type_identity<V>());
}

/// optimizer.step(θ, gradient) by way of begin() and update(), for any expressions.
template <class Optimizer, class Theta, class Gradient>
void step_in_parts(Optimizer& optimizer, Theta& theta, const Gradient& gradient) {
  using Scalar = typename Theta::Scalar;
  optimizer.check();
  check_sizes(Optimizer::name, theta.size(), gradient.size());
  const Eigen::Matrix<Scalar, Gradient::RowsAtCompileTime, Gradient::ColsAtCompileTime,
                      Gradient::IsRowMajor ? Eigen::RowMajor : Eigen::ColMajor>
      g = gradient;
  optimizer.template begin<Scalar>(theta.size());
  for (Index j = 0; j < theta.cols(); ++j)
    for (Index i = 0; i < theta.rows(); ++i)
      optimizer.update(j * theta.rows() + i, 1, &theta.coeffRef(i, j), &g.coeffRef(i, j));
}

/// The state of an optimiser: the number of its steps, and some arrays in θ's shape. They take the scalar type of the
/// first θ they are used with.
class OptimizerState {
 public:
  std::int64_t steps = 0;

  /// One more step for a θ of `size` elements, with `arrays` arrays of that size, which start at zero.
  /// @throws ShapeError when the state belongs to another number of parameters or another scalar type.
  template <class Scalar>
  void begin(std::string_view optimizer, Index size, Index arrays) {
    using Arrays = Eigen::Matrix<Scalar, Dynamic, Dynamic>;
    if (std::holds_alternative<std::monostate>(arrays_)) {
      arrays_.emplace<Arrays>(Arrays::Zero(size, arrays));
    } else if (const auto* kept = std::get_if<Arrays>(&arrays_); !kept || kept->rows() != size) {
      fail<ShapeError>({optimizer, ": its state is that of a network with ",
                        std::visit([](const auto& a) { return extent(a); }, arrays_),
                        " parameters or of another scalar type; expected ", size,
                        " (use another optimiser, or reset it)"});
    }
    ++steps;
  }
  /// Array k, from element `first` on.
  template <class Scalar>
  Scalar* array(Index k, Index first = 0) {
    auto& kept = std::get<Eigen::Matrix<Scalar, Dynamic, Dynamic>>(arrays_);
    return kept.data() + k * kept.rows() + first;
  }

 private:
  static Index extent(const std::monostate&) { return 0; }
  template <class Arrays>
  static Index extent(const Arrays& a) {
    return a.rows();
  }

  std::variant<std::monostate, Eigen::MatrixXf, Eigen::MatrixXd, Eigen::Matrix<long double, Dynamic, Dynamic>>
      arrays_;
};

}  // namespace lamina::detail
