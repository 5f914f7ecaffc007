// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "lamina/core/errors.hpp"
#include "lamina/core/random.hpp"
#include "lamina/core/types.hpp"
#include "lamina/core/views.hpp"

/// @file
/// Initial weights. An initialiser is called with W, a matrix of fan_in = W.rows() by fan_out =
/// W.cols(), and a Random; it draws doubles column by column and rounds each once to the scalar of W. The
/// same seed gives the same weights on every platform.

namespace lamina {

namespace detail {

/// W(i, j) = sample(), column by column.
template <class Matrix, class Sample>
void fill(Matrix&& W, Sample sample) {
  using Scalar = typename std::remove_cvref_t<Matrix>::Scalar;
  for (Index j = 0; j < W.cols(); ++j)
    for (Index i = 0; i < W.rows(); ++i) W(i, j) = static_cast<Scalar>(sample());
}

template <class Matrix>
void fill_uniform(Matrix&& W, double variance, Random& random) {
  const double bound = std::sqrt(3 * variance);
  fill(W, [&] { return random.uniform(-bound, bound); });
}

template <class Matrix>
void fill_normal(Matrix&& W, double variance, Random& random) {
  const double deviation = std::sqrt(variance);
  fill(W, [&] { return deviation * random.normal(); });
}

/// @throws OptionError when the option is not finite as a Scalar, or below `least`.
template <class Scalar>
void check_option(const char* option, double value, double least = -std::numeric_limits<double>::infinity()) {
  const bool bounded = least - least == 0;
  const auto rounded = static_cast<Scalar>(value);
  if (!(rounded - rounded == 0 && value >= least))
    throw OptionError(std::string(option) + ": expected a finite number of the weights' scalar" +
                      (bounded ? " \u2265 " + number(least) : "") + ", got " + number(value));
}

}  // namespace detail

/// W = 0
struct Zeros {
  void operator()(EigenReal auto&& W, Random& /*random*/) const { W.setZero(); }
};

/// W = value
struct Constant {
  double value = 0;

  /// @throws OptionError when value is not finite as W's scalar.
  template <EigenReal Matrix>
  void operator()(Matrix&& W, Random& /*random*/) const {
    using Scalar = typename std::remove_cvref_t<Matrix>::Scalar;
    detail::check_option<Scalar>("Constant: value", value);
    W.setConstant(static_cast<Scalar>(value));
  }
};

/// W ~ N(mean, standard_deviation²)
struct Normal {
  double mean = 0;
  double standard_deviation = 1;

  /// @throws OptionError when an option is not finite as W's scalar, or the standard deviation negative.
  template <EigenReal Matrix>
  void operator()(Matrix&& W, Random& random) const {
    using Scalar = typename std::remove_cvref_t<Matrix>::Scalar;
    detail::check_option<Scalar>("Normal: mean", mean);
    detail::check_option<Scalar>("Normal: standard_deviation", standard_deviation, 0);
    detail::fill(W, [&] { return std::fma(standard_deviation, random.normal(), mean); });
  }
};

/// W ~ U[low, high), rounded to numbers in there as far as W's scalar has one
struct Uniform {
  double low = -1;
  double high = 1;

  /// @throws OptionError when an option is not finite as W's scalar, or high below low.
  template <EigenReal Matrix>
  void operator()(Matrix&& W, Random& random) const {
    using Scalar = typename std::remove_cvref_t<Matrix>::Scalar;
    detail::check_option<Scalar>("Uniform: low", low);
    detail::check_option<Scalar>("Uniform: high", high, low);
    // The first and the last Scalar in [low, high).
    constexpr Scalar infinity = std::numeric_limits<Scalar>::infinity();
    auto first = static_cast<Scalar>(low), last = static_cast<Scalar>(high);
    if (first < low) first = std::nextafter(first, infinity);
    if (last >= high) last = std::nextafter(last, -infinity);
    detail::fill(W, [&] {
      const auto x = static_cast<Scalar>(random.uniform(low, high));
      return first <= last ? std::clamp(x, first, last) : x;
    });
  }
};

/// W ~ U(−b, b), b = √(6/(fan_in + fan_out)): variance 2/(fan_in + fan_out).
///
/// Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS
/// 2010.
struct GlorotUniform {
  void operator()(EigenReal auto&& W, Random& random) const {
    detail::fill_uniform(W, 2 / static_cast<double>(W.rows() + W.cols()), random);
  }
};

/// W ~ N(0, 2/(fan_in + fan_out)), see GlorotUniform.
struct GlorotNormal {
  void operator()(EigenReal auto&& W, Random& random) const {
    detail::fill_normal(W, 2 / static_cast<double>(W.rows() + W.cols()), random);
  }
};

/// W ~ U(−b, b), b = √(6/fan_in): variance 2/fan_in.
///
/// He, Zhang, Ren and Sun, Delving deep into rectifiers, ICCV 2015.
struct HeUniform {
  void operator()(EigenReal auto&& W, Random& random) const {
    detail::fill_uniform(W, 2 / static_cast<double>(W.rows()), random);
  }
};

/// W ~ N(0, 2/fan_in), see HeUniform.
struct HeNormal {
  void operator()(EigenReal auto&& W, Random& random) const {
    detail::fill_normal(W, 2 / static_cast<double>(W.rows()), random);
  }
};

/// W ~ U(−b, b), b = √(3/fan_in): variance 1/fan_in.
///
/// LeCun, Bottou, Orr and Müller, Efficient BackProp, in Neural networks: tricks of the trade, 1998.
struct LeCunUniform {
  void operator()(EigenReal auto&& W, Random& random) const {
    detail::fill_uniform(W, 1 / static_cast<double>(W.rows()), random);
  }
};

/// W ~ N(0, 1/fan_in), see LeCunUniform.
struct LeCunNormal {
  void operator()(EigenReal auto&& W, Random& random) const {
    detail::fill_normal(W, 1 / static_cast<double>(W.rows()), random);
  }
};

/// W = gain·Q with orthonormal columns, or orthonormal rows when W is wider than tall, uniformly (Haar)
/// distributed.
///
/// Q is the orthogonal factor of a standard normal matrix, drawn column by column (of Wᵀ when W is wide). The
/// factor is made unique, and so uniform, by a positive diagonal of the triangular factor, which is what Gram
/// and Schmidt give; orthogonalising twice makes it orthogonal to rounding. The time is that of
/// 2·fan_in·fan_out·min(fan_in, fan_out) multiply-adds.
///
/// Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural
/// networks, ICLR 2014. Mezzadri, How to generate random matrices from the classical compact groups, Notices
/// of the AMS 54(5), 2007. Giraud, Langou, Rozložník and van den Eshof, Rounding error analysis of the
/// classical Gram–Schmidt orthogonalization process, Numerische Mathematik 101, 2005.
struct Orthogonal {
  double gain = 1;

  /// @throws OptionError when gain is not finite as W's scalar.
  template <EigenReal Matrix>
  void operator()(Matrix&& W, Random& random) const {
    using Scalar = typename std::remove_cvref_t<Matrix>::Scalar;
    detail::check_option<Scalar>("Orthogonal: gain", gain);
    const bool wide = W.cols() > W.rows();
    const Index n = wide ? W.cols() : W.rows(), k = wide ? W.rows() : W.cols();
    Eigen::MatrixXd Q(n, k);
    detail::fill(Q, [&] { return random.normal(); });
    for (Index j = 0; j < k; ++j) {
      double* q = &Q(0, j);
      for (int pass = 0; pass < 2; ++pass)
        for (Index i = 0; i < j; ++i) add(-dot(&Q(0, i), q, n), &Q(0, i), q, n);  // q ← q − qᵢ(qᵢᵀq)
      const double norm = std::sqrt(dot(q, q, n));
      for (Index i = 0; i < n; ++i) q[i] /= norm;
    }
    for (Index j = 0; j < k; ++j)
      for (Index i = 0; i < n; ++i) (wide ? W(j, i) : W(i, j)) = static_cast<Scalar>(gain * Q(i, j));
  }

 private:
  /// xᵀy, in an order and with roundings that no compiler changes.
  static double dot(const double* x, const double* y, Index n) {
    double sums[8] = {};
    Index i = 0;
    for (; i + 8 <= n; i += 8)
      for (Index l = 0; l < 8; ++l) sums[l] = std::fma(x[i + l], y[i + l], sums[l]);
    for (Index l = 0; i < n; ++i, ++l) sums[l] = std::fma(x[i], y[i], sums[l]);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  }
  /// y ← y + a·x
  static void add(double a, const double* x, double* y, Index n) {
    for (Index i = 0; i < n; ++i) y[i] = std::fma(a, x[i], y[i]);
  }
};

/// The weights a layer starts with when nothing else is said: GlorotUniform, HeNormal or LeCunNormal.
void initialize_weights(WeightScale scale, EigenReal auto&& W, Random& random) {
  switch (scale) {
    case WeightScale::glorot:
      return GlorotUniform{}(W, random);
    case WeightScale::he:
      return HeNormal{}(W, random);
    case WeightScale::lecun:
      return LeCunNormal{}(W, random);
  }
}

}  // namespace lamina
