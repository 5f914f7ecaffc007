// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "lamina/core/errors.hpp"
#include "lamina/core/types.hpp"
#include "lamina/core/validate.hpp"

namespace lamina::detail {

/// The state of an optimiser: the number of its steps, and some arrays in θ's shape, side by side. They take the scalar
/// type of the first θ they are used with. All that an optimiser remembers is here: with the same options and a copy of
/// the state it goes on bit for bit.
class OptimizerState {
 public:
  std::int64_t steps = 0;
  double extra = 0;  ///< one number more, of an optimiser that needs it

  /// One more step for a θ of `size` elements, with `arrays` arrays of that size, which start at zero.
  /// @return whether it is the first
  /// @throws ShapeError when the state belongs to another number of parameters or another scalar type; OptionError when
  ///         it has another number of arrays.
  template <class Scalar>
  bool begin(std::string_view optimizer, Index size, Index arrays) {
    using Arrays = Eigen::Matrix<Scalar, Dynamic, Dynamic>;
    const bool first = std::holds_alternative<std::monostate>(arrays_);
    if (first) {
      arrays_.template emplace<Arrays>(Arrays::Zero(size, arrays));
      steps = 0;
    } else if (!std::holds_alternative<Arrays>(arrays_) || rows() != size) {
      fail<ShapeError>({optimizer, ": its state is that of a network with ", rows(),
                        " parameters or of another scalar type; expected ", size,
                        " (use another optimiser, or reset it)"});
    } else if (columns() != arrays) {
      fail<OptionError>({optimizer, ": its options ask for a state of ", arrays, " arrays, but it has ",
                         columns(), " (which options are on cannot change between steps)"});
    }
    ++steps;
    return first;
  }
  /// Whether the arrays, if there are any, are small or have seen only derivatives that stays_finite() agreed to; else they
  /// may hold numbers of any size, and it cannot know what the next step makes of them.
  bool bounded() const { return bounded_; }
  /// Looks at the arrays, after a step whose derivatives may have been of any size.
  /// @return whether all is finite
  template <class Scalar>
  bool look() {
    auto* const kept = std::get_if<Eigen::Matrix<Scalar, Dynamic, Dynamic>>(&arrays_);
    const Scalar largest =
        kept ? largest_magnitude(tile(std::as_const(*kept).data(), kept->size(), Index{1})) : Scalar(0);
    bounded_ = largest < Scalar(1e9);  // far below what stays_finite() may agree to
    return std::isfinite(largest);
  }

  /// Array k, from element `first` on.
  template <class Scalar>
  Scalar* array(Index k, Index first = 0) {
    auto& kept = std::get<Eigen::Matrix<Scalar, Dynamic, Dynamic>>(arrays_);
    return kept.data() + k * kept.rows() + first;
  }

  /// Array k, all x.
  template <class Scalar>
  void fill(Index k, double x) {
    std::get<Eigen::Matrix<Scalar, Dynamic, Dynamic>>(arrays_).col(k).setConstant(static_cast<Scalar>(x));
  }

  /// @name For checkpoints
  /// @{

  /// 4, 8 or 16 for arrays of float, double or long double; 0 before the first step.
  int scalar_kind() const {
    return std::visit(
        [](const auto& a) {
          using Arrays = std::remove_cvref_t<decltype(a)>;
          if constexpr (std::is_same_v<Arrays, std::monostate>) {
            return 0;
          } else {
            return kind<typename Arrays::Scalar>;
          }
        },
        arrays_);
  }
  /// Elements of each array.
  Index rows() const {
    return of_arrays([](const auto& a) { return a.rows(); });
  }
  /// Number of arrays.
  Index columns() const {
    return of_arrays([](const auto& a) { return a.cols(); });
  }
  /// rows()×columns() numbers of the type that scalar_kind() tells, array after array; null when there are none.
  const void* data() const {
    return std::visit(
        [](const auto& a) -> const void* {
          if constexpr (std::is_same_v<decltype(a), const std::monostate&>) {
            return nullptr;
          } else {
            return a.data();
          }
        },
        arrays_);
  }
  /// The state with these numbers, as a state told them. `data` may have any alignment.
  /// @throws DataError when no state is like that; then nothing has changed.
  void restore(int scalar_kind, Index rows, Index columns, const void* data, std::int64_t steps_taken,
               double number) {
    if (steps_taken < 0 || !std::isfinite(number))
      fail<DataError>({"optimiser state: expected steps \u2265 0 and a finite number, got ", steps_taken,
                       " and ", number});
    if (rows < 0 || columns < 0 || (scalar_kind == 0 && (rows != 0 || columns != 0)) ||
        (rows > 0 && columns > 0 && data == nullptr))
      fail<DataError>({"optimiser state: expected the numbers of its arrays, got ", rows, "\u00d7", columns,
                       " of kind ", scalar_kind, data ? "" : " without numbers"});
    if (scalar_kind == 0) {
      bounded_ = true;
      arrays_ = std::monostate();
    } else if (scalar_kind == kind<float>) {
      copy<float>(rows, columns, data);
    } else if (scalar_kind == kind<double>) {
      copy<double>(rows, columns, data);
    } else if (scalar_kind == kind<long double>) {
      copy<long double>(rows, columns, data);
    } else {
      fail<DataError>({"optimiser state: expected a kind of number among 0, 4, 8 and 16, got ", scalar_kind});
    }
    steps = steps_taken;
    extra = number;
  }
  /// @}

 private:
  template <class Scalar>
  static constexpr int kind = std::is_same_v<Scalar, float>    ? 4
                              : std::is_same_v<Scalar, double> ? 8
                                                               : 16;

  template <class F>
  Index of_arrays(F f) const {
    return std::visit(
        [&](const auto& a) -> Index {
          if constexpr (std::is_same_v<decltype(a), const std::monostate&>) {
            return 0;
          } else {
            return f(a);
          }
        },
        arrays_);
  }
  template <class Scalar>
  void copy(Index rows, Index columns, const void* data) {
    Eigen::Matrix<Scalar, Dynamic, Dynamic> arrays(rows, columns);
    if (arrays.size() > 0)
      std::memcpy(arrays.data(), data, static_cast<std::size_t>(arrays.size()) * sizeof(Scalar));
    arrays_ = std::move(arrays);
    look<Scalar>();
  }

  bool bounded_ = true;

  std::variant<std::monostate, Eigen::MatrixXf, Eigen::MatrixXd, Eigen::Matrix<long double, Dynamic, Dynamic>>
      arrays_;
};

}  // namespace lamina::detail
