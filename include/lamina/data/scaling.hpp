// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>
#include <type_traits>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"
#include "lamina/core/validate.hpp"
#include "lamina/core/views.hpp"
#include "lamina/layers/normalization.hpp"

/// @file
/// Scalings of the columns of a matrix, fitted to training data and applied to any. Both become a layer, so that the scaling
/// is kept in the model, and both undo themselves: for targets, layer().inverse() as last layer gives predictions in the
/// units of the data.
///
///     StandardScaler of_x, of_y;
///     of_x.fit(X), of_y.fit(Y);
///     Network<float, Normalization<4>, Dense<4, 8, Tanh>, Dense<8, 1>> net(of_x.layer<4>(), {}, {});
///     net.initialize(1);
///     fit(net, X, of_y.transform(Y), MeanSquaredError{}, Adam{}, options);     // the loss is in scaled units
///     Network<float, Normalization<4>, Dense<4, 8, Tanh>, Dense<8, 1>, Normalization<1>> model(
///         of_x.layer<4>(), {}, {}, of_y.layer<1>().inverse());
///     model.parameters() = net.parameters();                                   // a Normalization has none
///     model.predict(X);                                                        // in the units of Y
///
/// A network can also be trained with the last layer in it. The loss is then in the units of Y: a gradient is σ² times
/// that of scaled targets, which plain gradient descent's learning rate must make up for.

namespace lamina {

namespace detail {

/// What both scalers are: a Normalization in double, fitted or not yet.
class ColumnScaler {
 public:
  /// Columns it was fitted to; 0 before that.
  Index columns() const { return fitted_ ? layer_.inputs() : 0; }

  /// X scaled, m×n. Computed in double, whatever X's scalar, and rounded once.
  /// @throws OptionError before fit(); ShapeError when X has not n columns; DataError when X has no row, or an element
  /// that is not finite, with its row and column.
  template <EigenDense DX>
  auto transform(const DX& X) const {
    return apply(layer_, X);
  }
  /// X from what transform(X) gave. @throws as transform().
  template <EigenDense DX>
  auto inverse_transform(const DX& X) const {
    return apply(layer_.inverse(), X);
  }

  /// The scaling as a layer of a network; its inverse() undoes it.
  /// @throws OptionError before fit(); ShapeError when N is not the number of columns.
  template <Index N = Dynamic>
  Normalization<N> layer() const {
    check_fitted();
    return Normalization<N>(layer_.center(), layer_.scale(), layer_.offset());
  }

 protected:
  ColumnScaler() : layer_(1) {}
  void set(const Normalization<Dynamic>& layer) {
    layer_ = layer;
    fitted_ = true;
  }
  const Normalization<Dynamic>& fitted() const {
    check_fitted();
    return layer_;
  }

 private:
  void check_fitted() const {
    if (!fitted_) fail<OptionError>({"scaler: expected fit() first"});
  }

  template <class DX>
  auto apply(const Normalization<Dynamic>& layer, const DX& X) const {
    using Scalar = typename DX::Scalar;
    check_fitted();
    decltype(auto) data = in_memory(X);
    const auto numbers = view<Scalar>(data);
    check_inputs(numbers, layer.inputs());
    check_finite(numbers);
    Eigen::Matrix<Scalar, Dynamic, DX::ColsAtCompileTime> A(X.rows(), X.cols());
    for (Index j = 0; j < X.cols(); ++j)
      A.col(j) = ((data.col(j).array().template cast<double>() - layer.center()(j)) * layer.scale()(j) +
                  layer.offset()(j))
                     .template cast<Scalar>();
    return A;
  }

  Normalization<Dynamic> layer_;
  bool fitted_ = false;
};

}  // namespace detail

/// Columns of mean 0 and standard deviation 1: Aᵢⱼ = (Xᵢⱼ − μⱼ) / σⱼ, with σ² = (1/m) Σᵢ (Xᵢⱼ − μⱼ)² as in scikit-learn's
/// StandardScaler. A constant column is only centred (σ = 1).
class StandardScaler : public detail::ColumnScaler {
 public:
  StandardScaler() = default;

  /// To the training data, m×n.
  /// @throws DataError when X has no row, an element that is not finite (with its row and column), or a column whose sum
  /// overflows or whose spread has no finite inverse.
  template <EigenDense DX>
  StandardScaler& fit(const DX& X) {
    set(Normalization<Dynamic>::standardize(X));
    return *this;
  }
  /// fit(X), then transform(X).
  template <EigenDense DX>
  auto fit_transform(const DX& X) {
    return fit(X).transform(X);
  }

  /// μ, 1×n. @throws OptionError before fit().
  Eigen::RowVectorXd mean() const { return fitted().center().matrix(); }
  /// σ, 1×n. @throws OptionError before fit().
  Eigen::RowVectorXd scale() const { return fitted().scale().inverse().matrix(); }
};

/// Columns from `low` to `high`: Aᵢⱼ = (Xᵢⱼ − minⱼ) / (maxⱼ − minⱼ) · (high − low) + low, as scikit-learn's MinMaxScaler.
/// A constant column becomes `low`. Data that was not fitted to may come out beyond.
class MinMaxScaler : public detail::ColumnScaler {
 public:
  /// @throws OptionError when low is not below high.
  explicit MinMaxScaler(double low = 0, double high = 1) : low_(low), high_(high) {
    if (!(low < high) || !std::isfinite(high - low))
      detail::fail<OptionError>({"MinMaxScaler: expected low < high, got ", low, " and ", high});
  }

  /// To the training data, m×n. @throws as StandardScaler::fit.
  template <EigenDense DX>
  MinMaxScaler& fit(const DX& X) {
    set(Normalization<Dynamic>::min_max(X, low_, high_));
    return *this;
  }
  /// fit(X), then transform(X).
  template <EigenDense DX>
  auto fit_transform(const DX& X) {
    return fit(X).transform(X);
  }

  double low() const { return low_; }
  double high() const { return high_; }
  /// The smallest of each column, 1×n. @throws OptionError before fit().
  Eigen::RowVectorXd minimum() const { return fitted().center().matrix(); }
  /// (high − low) / (max − min), 1×n; 1 for a constant column. @throws OptionError before fit().
  Eigen::RowVectorXd scale() const { return fitted().scale().matrix(); }

 private:
  double low_, high_;
};

}  // namespace lamina
