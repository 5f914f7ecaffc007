// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/concepts.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/core/extent.hpp"
#include "lamina/core/random.hpp"

namespace lamina {

/// Inverted dropout (Srivastava et al., JMLR 15, 2014): in training each element is dropped with probability `rate`,
///
///     A = A0 ⊙ M,   Mᵢⱼ = 0 with probability rate, else 1 / (1 − rate),
///
/// so that the expectation of A is A0; in evaluation A = A0. A0, A: t×N. No parameters.
///
/// M depends on the seed and number of the pass, the layer, the row and the column alone: not on tiles, not on threads.
template <Index N>
class Dropout {
 public:
  static constexpr Index Inputs = N, Outputs = N;
  static constexpr std::string_view name = "Dropout";
  using InTeam = Dropout;

  /// @throws OptionError when rate is not in [0, 1).
  explicit Dropout(double rate = 0.5) requires(N != Dynamic) : rate_(checked(rate)) {}
  /// @throws OptionError, or ShapeError when the extent is not positive, or not the one of the type.
  Dropout(Index extent, double rate) : extent_(extent), rate_(checked(rate)) {}

  Index inputs() const { return extent_.value(); }
  Index outputs() const { return extent_.value(); }
  double rate() const { return rate_; }

  static constexpr Index parameter_count(Index, Index) { return 0; }
  /// M
  static constexpr Index cache_size(Index rows, Index, Index outputs) { return rows * outputs; }

  template <class S>
  void forward(const ConstSpan<S>&, const ConstTile<S>& A0, Tile<S>& A, Span<S>& cache,
               const Pass& pass) const {
    const detail::Share mine(A.rows(), 1, pass.team);
    auto A_mine = A.middleRows(mine.begin, mine.size());
    const auto A0_mine = A0.middleRows(mine.begin, mine.size());
    if (pass.mode == Mode::evaluation) {
      A_mine = A0_mine;
      return;
    }
    auto M = mask(A, cache);
    draw(M, mine, pass);
    A_mine = A0_mine.cwiseProduct(M.middleRows(mine.begin, mine.size()));
  }

  template <class S>
  void backward(const ConstSpan<S>&, const ConstTile<S>&, Tile<S>& A, Span<S>& cache, Tile<S>& dA, Span<S>&,
                Tile<S>* dA0, const Pass& pass) const {
    // dA0 = dA ⊙ M
    if (!dA0) return;
    const detail::Share mine(dA.cols(), 1, pass.team);
    const auto dA_mine = dA.middleCols(mine.begin, mine.size());
    if (pass.mode == Mode::evaluation) {
      dA0->middleCols(mine.begin, mine.size()) = dA_mine;
    } else {
      dA0->middleCols(mine.begin, mine.size()) =
          dA_mine.cwiseProduct(mask(A, cache).middleCols(mine.begin, mine.size()));
    }
  }

 private:
  static double checked(double rate) {
    if (!(rate >= 0 && rate < 1))
      detail::fail<OptionError>({"Dropout: expected a rate in [0, 1), got ", rate});
    return rate;
  }

  template <class S>
  static Tile<S> mask(const Tile<S>& A, Span<S>& cache) {
    return {cache.data(), A.rows(), A.cols(), Eigen::OuterStride<>(A.rows())};
  }

  template <class S>
  void draw(Tile<S>& M, const detail::Share& rows, const Pass& pass) const {
    const auto threshold = static_cast<std::uint64_t>(std::ldexp(rate_, 32));
    const S keep = static_cast<S>(1 / (1 - rate_));
    const Index columns = M.cols(), stride = M.outerStride();
    for (Index i = rows.begin; i < rows.end; ++i) {
      const Index begin = (pass.first_row + i) * columns;  // number of the row's first element in the batch
      S* const row = M.data() + i;
      for (Index block = begin / 4; 4 * block < begin + columns; ++block) {
        const auto bits = random_bits(pass.seed, pass.number, pass.layer, static_cast<std::uint64_t>(block));
        for (Index k = 0; k < 4; ++k) {
          const Index j = 4 * block + k - begin;
          if (j >= 0 && j < columns)
            row[j * stride] = bits[static_cast<std::size_t>(k)] < threshold ? S(0) : keep;
        }
      }
    }
  }

  [[no_unique_address]] Extent<N> extent_;
  double rate_;
};

}  // namespace lamina
