// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <limits>
#include <string_view>
#include <type_traits>

#include "lamina/core/errors.hpp"
#include "lamina/core/option_check.hpp"
#include "lamina/core/parameters.hpp"
#include "lamina/core/simd.hpp"
#include "lamina/core/types.hpp"
#include "lamina/core/views.hpp"
#include "lamina/optimizers/state.hpp"

/// @file
/// What the optimisers share: they are elementwise, and say only what happens to the numbers in a register.

#if defined(__GNUC__)
#define LAMINA_FLATTEN [[gnu::flatten]]
#else
#define LAMINA_FLATTEN
#endif

namespace lamina::detail {

// ---- step ------------------------------------------------------------------------------------------------

/// @throws ShapeError when θ and the gradient differ in shape.
template <class Theta, class Gradient>
void check_sizes(std::string_view optimizer, const Theta& theta, const Gradient& gradient) {
  if (theta.size() != gradient.size())
    fail<ShapeError>(
        {optimizer, ": expected a gradient of ", theta.size(), " elements, got ", gradient.size()});
  if (theta.rows() != gradient.rows())
    fail<ShapeError>({optimizer, ": expected a gradient of ", theta.rows(), "\u00d7", theta.cols(), ", got ",
                      gradient.rows(), "\u00d7", gradient.cols()});
}

/// optimizer.step(θ, gradient) by way of begin() and update(), for any expressions.
template <class Optimizer, class Theta, class Gradient>
void step_in_parts(Optimizer& optimizer, Theta& theta, const Gradient& gradient) {
  using Scalar = typename Theta::Scalar;
  using Plain = Eigen::Matrix<Scalar, Dynamic, Dynamic>;
  optimizer.check();
  check_sizes(Optimizer::name, theta, gradient);
  // Columns that lie in memory are used where they are, all else is copied.
  const Eigen::Ref<const Plain> g(gradient);
  const auto update = [&](auto& columns) {
    optimizer.template begin<Scalar>(columns.size());
    for (Index j = 0; j < columns.cols(); ++j)
      optimizer.update(j * columns.rows(), columns.rows(), columns.col(j).data(), g.col(j).data());
  };
  if constexpr (has_columns_v<Theta>) {
    update(theta);
  } else {
    Plain columns = theta;
    update(columns);
    theta = columns;
  }
}

/// A step of an optimiser begins, see OptimizerState::begin.
/// @throws as that; ShapeError when the parameters that decay are not all there.
template <class Scalar, class Optimizer>
bool begin_step(Optimizer& optimizer, Index size, Index arrays) {
  if constexpr (requires { optimizer.decay; }) optimizer.decay.check(Optimizer::name, size);
  return optimizer.state.template begin<Scalar>(Optimizer::name, size, arrays);
}

// ---- update ----------------------------------------------------------------------------------------------

/// A register's share of arrays: the numbers from `i` on.
template <class Scalar>
struct Lanes {
  using V = simd::Register<Scalar>;
  Index i;

  LAMINA_INLINE V load(const Scalar* array) const { return simd::load<V>(array + i); }
  LAMINA_INLINE void store(Scalar* array, const V& v) const { simd::store(array + i, v); }
};
/// The last numbers of arrays, fewer than a register has lanes.
template <class Scalar>
struct LastLanes {
  using V = simd::Register<Scalar>;
  Index i, count;

  LAMINA_INLINE V load(const Scalar* array) const { return simd::load<V>(array + i, count); }
  LAMINA_INLINE void store(Scalar* array, const V& v) const { simd::store(array + i, v, count); }
};

/// body(lanes) for the numbers [i, end) of arrays, a register at a time. The body is a copy, so that what it has captured
/// by value can stay in registers.
template <class Scalar, class Body>
LAMINA_FLATTEN void for_each_lanes(Index i, Index end, Body body) {
  constexpr Index lanes = simd::lanes<simd::Register<Scalar>>;
  for (; i + lanes <= end; i += lanes) body(Lanes<Scalar>{i});
  if (i < end) body(LastLanes<Scalar>{i, end - i});
}

/// No weight decay.
struct NoDecay {};
/// λ‖θ‖²/2 as a part of the objective: g ← g + λ·θ, before anything else.
struct L2Decay {
  double rate;  ///< λ
  const ParameterSelection& parameters;
};
/// θ ← (1 − rate)·θ, and the gradient knows nothing of it (Loshchilov and Hutter, Decoupled weight decay regularization,
/// ICLR 2019).
struct DecoupledDecay {
  double rate;  ///< α·λ
  const ParameterSelection& parameters;
};

/// θ ← θ − step(lanes, g) for `count` parameters from number `first` on, which is where `theta` and `gradient` begin.
/// `step` has values captured, no references, and may load and store other arrays that begin there.
template <class Scalar, class Decay, class Step>
void descend(Index first, Index count, Scalar* theta, const Scalar* gradient, const Decay& decay, Step step) {
  const auto plain = [=](const auto& lanes) {
    const auto change = step(lanes, lanes.load(gradient));
    lanes.store(theta, lanes.load(theta) - change);
  };
  if constexpr (std::is_same_v<Decay, NoDecay>) {
    for_each_lanes<Scalar>(0, count, plain);
  } else {
    if (decay.rate == 0) return for_each_lanes<Scalar>(0, count, plain);
    const auto rate = static_cast<Scalar>(decay.rate), kept = static_cast<Scalar>(1 - decay.rate);
    const auto decayed = [=](const auto& lanes) {
      const auto w = lanes.load(theta);
      if constexpr (std::is_same_v<Decay, L2Decay>) {
        lanes.store(theta, w - step(lanes, lanes.load(gradient) + w * rate));
      } else {
        lanes.store(theta, w * kept - step(lanes, lanes.load(gradient)));
      }
    };
    decay.parameters.for_each_part(first, count, [&](Index begin, Index size, bool selected) {
      const Index i = begin - first;
      if (selected) {
        for_each_lanes<Scalar>(i, i + size, decayed);
      } else {
        for_each_lanes<Scalar>(i, i + size, plain);
      }
    });
  }
}

/// f<flag>(): a choice that is made once, and not for every parameter.
template <class F>
void choose(bool flag, const F& f) {
  if (flag) {
    f.template operator()<true>();
  } else {
    f.template operator()<false>();
  }
}
/// f<flag, other>()
template <class F>
void choose(bool flag, bool other, const F& f) {
  choose(flag, [&]<bool first>() {
    choose(other, [&]<bool second>() { f.template operator()<first, second>(); });
  });
}

/// The greater of two, lane by lane.
template <class V>
LAMINA_INLINE V maximum(const V& a, const V& b) {
  return a < b ? b : a;
}
/// |x|, lane by lane.
template <class V>
LAMINA_INLINE V magnitude(const V& x) {
  return maximum(x, -x);
}
/// −1, 0 or 1, lane by lane; a NaN stays one.
template <class V>
LAMINA_INLINE V sign(const V& x) {
  const V zero{}, one = simd::broadcast<V>(1);
  const V not_positive = x < zero ? -one : x;
  return x > zero ? one : not_positive;
}

// ---- stays_finite ----------------------------------------------------------------------------------------

/// A step below this cannot make a finite parameter infinite: it is less than half a unit in the last place of the
/// largest number.
template <class Scalar>
inline constexpr double step_limit = std::numeric_limits<Scalar>::max_exponent <= 128 ? 1e30 : 1e290;

/// The sum of the squares of two numbers below this is finite.
template <class Scalar>
inline constexpr double square_limit = std::numeric_limits<Scalar>::max_exponent <= 128 ? 1e18 : 1e150;

/// The sum of the squares of 10¹⁶ numbers below this is finite.
template <class Scalar>
inline constexpr double sum_limit = std::numeric_limits<Scalar>::max_exponent <= 128 ? 1e10 : 1e140;

/// Whether α·g/(√(a mean of g²) + ε) is finite, and too small to make a parameter infinite, for |g| ≤ largest.
template <class Scalar>
bool quotient_stays_finite(double alpha, double epsilon, double largest) {
  return static_cast<Scalar>(epsilon) >= std::numeric_limits<Scalar>::min() &&
         largest < square_limit<Scalar> && alpha / epsilon * largest < step_limit<Scalar>;
}

}  // namespace lamina::detail
