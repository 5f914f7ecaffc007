// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <numbers>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/activations.hpp"

/// @file
/// Element-wise arithmetic in a normal form, by which an activation is recognised in whatever operators a graph spells it:
/// z·(1 + erf(z/√2))/2, 0.5·z·(1 + erf(0.70710678·z)) and Gelu(z) are the same expression here.

namespace lamina::detail {

/// Expressions over the values of a graph. Equal ones are one number (hash-consing), so that comparing is comparing numbers.
///
///     leaf            a value that is not made by arithmetic, by its number
///     product         a·x·y·…          a number and factors; factors are not products
///     sum             a + b·x + c·y …  a number and terms; with more than one term, or with a ≠ 0
///     function        f(x)
///
/// A scaled x, a·x, is the product of a and x. Sums in sums, and sums in products, stay what they are: (x − μ)·s is not
/// made x·s − μ·s, which would cancel.
class OnnxExpressions {
 public:
  enum class Kind {
    leaf,
    product,
    sum,
    exp,
    log_1_exp,
    abs,
    reciprocal,
    square_root,
    erf,
    tanh,
    sigmoid,
    mean,
    clip
  };
  using Id = int;
  struct Term {
    double factor;
    Id of;
    friend auto operator<=>(const Term&, const Term&) = default;
  };
  struct Expression {
    Kind kind;
    double a = 0, b = 0;           ///< product, sum: the number; clip: the bounds; leaf: the value
    std::vector<Term> parts = {};  ///< product: factors (each times 1); sum: terms; function: the argument
    int node = 0;                  ///< of the graph, the first that made it
  };

  static constexpr double infinity = std::numeric_limits<double>::infinity();
  /// No activation has more parts.
  static constexpr std::size_t most_parts = 8;

  /// The node that is being read, for messages of what is made from here on.
  int node = 0;

  const Expression& at(Id x) const { return list_[static_cast<std::size_t>(x)]; }
  /// The argument of a function.
  Id argument(Id x) const { return at(x).parts[0].of; }
  bool is(Id x, Kind kind) const { return at(x).kind == kind; }

  Id leaf(int value) { return made({Kind::leaf, static_cast<double>(value)}); }
  Id times(double a, Id x) { return product(a, {x}); }
  Id plus(Id x, double a) { return sum(a, {{1, x}}); }
  Id multiply(Id x, Id y) { return product(1, {x, y}); }
  Id add(Id x, double b, Id y) { return sum(0, {{1, x}, {b, y}}); }
  Id clip(Id x, double low, double high) { return made({Kind::clip, low, high, {{1, x}}}); }
  Id function(Kind kind, Id x) { return made({kind, 0, 0, {{1, x}}}); }
  /// 1/(1 + e⁻ᵃ) is σ(a).
  Id reciprocal(Id x) {
    if (const auto a = one_plus(Kind::exp, x)) return function(Kind::sigmoid, times(-1, *a));
    return function(Kind::reciprocal, x);
  }
  /// log(1 + eᵃ) is the softplus of a; log σ(a) = −log(1 + e⁻ᵃ). Nothing else has a logarithm.
  std::optional<Id> logarithm(Id x) {
    if (const auto a = one_plus(Kind::exp, x)) return function(Kind::log_1_exp, *a);
    if (is(x, Kind::sigmoid)) return times(-1, function(Kind::log_1_exp, times(-1, argument(x))));
    return {};
  }

  /// x as a number times the rest.
  Term split(Id x) {
    if (!is(x, Kind::product)) return {1, x};
    const double a = at(x).a;
    return {a, a == 1 ? x : product(1, factors_of(x))};
  }

  /// Whether more came together than any activation has, or a number overflowed: the expressions are then of no use.
  bool overflowed() const { return overflowed_; }

  // The next is what an expression is the last step of.

  /// outer·g(inner·of) + shift: what an activation is recognised as, `of` being a smaller expression.
  struct Applied {
    AnyActivation g;
    double inner = 1, outer = 1;
    Id of = 0;
    double shift = 0;
  };
  /// outer·(x − mean x)/√(mean (x − mean x)² + ε)
  struct Normalized {
    double epsilon = 0, outer = 1;
    Id of = 0;
  };

  /// @param digits  how exactly constants are written: 2⁻²⁴ in a graph of floats, 2⁻⁵³ of doubles
  std::optional<Applied> activation(Id x, double digits) {
    digits_ = digits;
    const Term scaled = split(x);
    auto found = unscaled_activation(scaled.of);
    if (!found) return {};
    found->outer *= scaled.factor;
    found->shift *= scaled.factor;
    // SELU is a scaled ELU.
    found->g.visit([&]<class G>(const G& g) {
      if constexpr (std::is_same_v<G, ELU>)
        if (near(g.alpha, SELU::alpha<double>) && near(found->outer, SELU::lambda<double>)) {
          found->g = SELU{};
          found->outer = 1;
        }
    });
    // Constants that are what an activation's are, up to their rounding.
    snap(found->inner);
    snap(found->outer);
    return found;
  }

  std::optional<Normalized> normalized(Id x) {
    const Term scaled = split(x);
    const auto factors = factors_of(scaled.of);
    if (factors.size() != 2) return {};
    for (std::size_t i = 0; i < 2; ++i) {
      const Id centred = factors[1 - i], root = factors[i];
      if (!is(root, Kind::reciprocal) || !is(argument(root), Kind::square_root)) continue;
      const Expression variance = at(argument(argument(root)));
      if (variance.kind != Kind::sum && variance.kind != Kind::mean) continue;
      const bool shifted = variance.kind == Kind::sum;
      if (shifted && (variance.parts.size() != 1 || variance.parts[0].factor != 1)) continue;
      const Id mean = shifted ? variance.parts[0].of : argument(argument(root));
      if (!is(mean, Kind::mean) || argument(mean) != multiply(centred, centred)) continue;
      // x − mean x
      const Expression difference = at(centred);
      if (difference.kind != Kind::sum || difference.a != 0 || difference.parts.size() != 2) continue;
      for (std::size_t k = 0; k < 2; ++k) {
        const Term whole = difference.parts[1 - k], its_mean = difference.parts[k];
        if (its_mean.factor != -1 || !is(its_mean.of, Kind::mean)) continue;
        const Id of = times(whole.factor, whole.of);
        if (argument(its_mean.of) == of) return Normalized{shifted ? variance.a : 0, scaled.factor, of};
      }
    }
    return {};
  }

 private:
  std::vector<Id> factors_of(Id x) const {
    if (!is(x, Kind::product)) return {x};
    std::vector<Id> factors;
    for (const Term& factor : at(x).parts) factors.push_back(factor.of);
    return factors;
  }

  Id product(double a, const std::vector<Id>& of) {
    std::vector<Term> factors;
    for (const Id x : of) {
      if (is(x, Kind::product)) a *= at(x).a;
      for (const Id factor : factors_of(x)) factors.push_back({1, factor});
    }
    std::sort(factors.begin(), factors.end());
    if (a == 1 && factors.size() == 1) return factors[0].of;
    return made({Kind::product, a, 0, std::move(factors)});
  }

  Id sum(double a, const std::vector<Term>& of) {
    std::map<Id, double> terms;
    for (const Term& term : of) {
      const Term scaled = split(term.of);
      terms[scaled.of] += term.factor * scaled.factor;
    }
    if (a == 0 && terms.size() == 1) return times(terms.begin()->second, terms.begin()->first);
    Expression sum{Kind::sum, a};
    for (const auto& [x, factor] : terms) sum.parts.push_back({factor, x});
    return made(std::move(sum));
  }

  Id made(Expression e) {
    // Only the bounds of a clip may be infinite.
    bool finite = e.kind == Kind::clip ? !std::isnan(e.a) && !std::isnan(e.b) : std::isfinite(e.a);
    for (const Term& part : e.parts) finite = finite && std::isfinite(part.factor);
    if (!finite || e.parts.size() > most_parts) {
      overflowed_ = true;
      e = {Kind::leaf, -1};
    }
    e.node = node;
    const auto [place, is_new] =
        places_.try_emplace({e.kind, e.a, e.b, e.parts}, static_cast<Id>(list_.size()));
    if (is_new) list_.push_back(std::move(e));
    return place->second;
  }

  /// x of 1 + f(x).
  std::optional<Id> one_plus(Kind f, Id x) const {
    const Expression& e = at(x);
    if (e.kind != Kind::sum || e.a != 1 || e.parts.size() != 1 || e.parts[0].factor != 1) return {};
    if (!is(e.parts[0].of, f)) return {};
    return argument(e.parts[0].of);
  }

  bool near(double x, double y) const { return std::abs(x - y) <= 8 * digits_ * std::abs(y); }
  void snap(double& factor) const {
    if (near(factor, 1)) factor = 1;
  }
  bool is_clip(Id x, double low, double high) const {
    return is(x, Kind::clip) && at(x).a == low && at(x).b == high;
  }

  /// min(max(of, low), high)
  struct Clipped {
    double low = -infinity, high = infinity;
    Id of = 0;
  };
  /// With all clips that follow one another as one.
  Clipped clips(Id x) const {
    Clipped all{at(x).a, at(x).b, argument(x)};
    while (is(all.of, Kind::clip)) {
      const Expression& inner = at(all.of);
      all = {std::clamp(inner.a, all.low, all.high), std::clamp(inner.b, all.low, all.high),
             argument(all.of)};
    }
    return all;
  }

  std::optional<Applied> unscaled_activation(Id x) {
    const Expression e = at(x);
    switch (e.kind) {
      case Kind::tanh:
        return applied(Tanh{}, argument(x));
      case Kind::sigmoid:
        return applied(Sigmoid{}, argument(x));
      case Kind::clip:
        return clipped(x);
      case Kind::log_1_exp: {
        // log(1 + e^(βz)) = β·Softplus(z);   −log(1 + e⁻ᶻ) is the LogSigmoid
        const Term z = split(argument(x));
        if (z.factor > 0) return Applied{Softplus{.beta = z.factor}, 1, z.factor, z.of};
        return Applied{LogSigmoid{}, -z.factor, -1, z.of};
      }
      case Kind::sum:
        return e.a == 0 && e.parts.size() == 2 ? sum_of_two(e) : std::nullopt;
      case Kind::product:
        return gated(x);
      default:
        return {};
    }
  }

  /// g(inner·of)
  Applied applied(AnyActivation g, Id x) {
    const Term z = split(x);
    return {std::move(g), z.factor, 1, z.of};
  }

  std::optional<Applied> clipped(Id x) {
    const auto [low, high, z] = clips(x);
    if (low == 0 && high == infinity) return applied(ReLU{}, z);
    if (low == 0 && high == 6) return applied(ReLU6{}, z);
    if (low == -1 && high == 1) return applied(HardTanh{}, z);
    if (low == 0 && high == 1) {
      if (const auto ramp = sixth(z, 1)) return Applied{HardSigmoid{}, ramp->factor, 1, ramp->of};
      // HardSigmoid(6·(z − ½))
      return Applied{HardSigmoid{}, 6, 1, plus(z, -0.5)};
    }
    if (low == -infinity && high < infinity) {  // high − max(high − z, 0)
      Applied negative = applied(ReLU{}, plus(z, -high));
      negative.inner = -negative.inner;
      negative.outer = -1;
      negative.shift = high;
      return negative;
    }
    if (low > -infinity && high == infinity) {  // max(z − low, 0) + low
      Applied moved = applied(ReLU{}, plus(z, -low));
      moved.shift = low;
      return moved;
    }
    if (low < high && high < infinity) {  // half·HardTanh((z − middle)/half) + middle
      const double half = (high - low) / 2, middle = low + half;
      return Applied{HardTanh{}, 1 / half, half, plus(z, -middle), middle};
    }
    return {};
  }

  /// c·of, when z = high·(c·of/6 + ½)
  std::optional<Term> sixth(Id z, double high) {
    const Expression& e = at(z);
    if (e.kind != Kind::sum || e.parts.size() != 1 || !near(2 * e.a, high)) return {};
    return Term{6 * e.parts[0].factor / high, e.parts[0].of};
  }

  /// Both orders of two terms.
  std::optional<Applied> sum_of_two(const Expression& e) {
    for (std::size_t i = 0; i < 2; ++i)
      if (auto found = two_terms(e.parts[i], e.parts[1 - i])) return found;
    return {};
  }
  std::optional<Applied> two_terms(const Term& first, const Term& second) {
    if (is_clip(first.of, 0, infinity)) {
      const Id z = argument(first.of);
      const double ratio = second.factor / first.factor;
      // max(z, 0) + slope·min(z, 0)
      if (is_clip(second.of, -infinity, 0) && argument(second.of) == z)
        return Applied{LeakyReLU{.slope = ratio}, 1, first.factor, z};
      // max(z, 0) + α·(exp(c·min(z, 0)) − 1),   c = 1 or 1/α
      const Expression below = at(second.of);
      if (below.kind == Kind::sum && below.a == -1 && below.parts.size() == 1 && below.parts[0].factor == 1 &&
          is(below.parts[0].of, Kind::exp) && ratio >= 0) {
        const Term exponent = split(argument(below.parts[0].of));
        if (!is_clip(exponent.of, -infinity, 0) || argument(exponent.of) != z) return {};
        if (exponent.factor == 1) return exponential(ratio, first.factor, z);
        if (near(exponent.factor * ratio, 1)) return Applied{CELU{.alpha = ratio}, 1, first.factor, z};
      }
      // max(z, 0) + log(1 + exp(−β·|z|))/β
      if (const double beta = -rate_of_tail(second.of, z); beta > 0 && near(ratio * beta, 1))
        return Applied{Softplus{.beta = beta}, 1, first.factor, z};
    }
    // min(z, 0) − log(1 + exp(−|z|))
    if (is_clip(first.of, -infinity, 0) && second.factor == -first.factor &&
        near(-rate_of_tail(second.of, argument(first.of)), 1))
      return Applied{LogSigmoid{}, 1, first.factor, argument(first.of)};
    return {};
  }
  /// ELU, and SELU, which is a scaled one.
  Applied exponential(double alpha, double factor, Id z) { return {ELU{.alpha = alpha}, 1, factor, z}; }
  /// c of log(1 + exp(c·|z|)), else 0.
  double rate_of_tail(Id x, Id z) {
    if (!is(x, Kind::log_1_exp)) return 0;
    const Term exponent = split(argument(x));
    return is(exponent.of, Kind::abs) && argument(exponent.of) == z ? exponent.factor : 0;
  }

  /// z times a function of z.
  std::optional<Applied> gated(Id x) {
    const std::vector<Id> factors = factors_of(x);
    for (std::size_t i = 0; i < factors.size(); ++i) {
      std::vector<Id> others = factors;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
      if (others.empty()) continue;
      const Id z = product(1, others);
      if (auto found = gate(factors[i], z)) return found;
    }
    return {};
  }
  std::optional<Applied> gate(Id h, Id z) {
    /// z·h(c·z) = g(c·z)/c, where g(z) = z·h(z)
    const auto scaled = [&](AnyActivation g, const Term& c_z, double factor = 1) -> std::optional<Applied> {
      if (c_z.of != z || c_z.factor == 0) return {};
      return Applied{std::move(g), c_z.factor, factor / c_z.factor, z};
    };
    const Expression e = at(h);
    if (e.kind == Kind::sigmoid) {
      if (const auto c = cubic(argument(h), z, 2)) return scaled(GELUTanh{}, {*c, z});
      return scaled(SiLU{}, split(argument(h)));
    }
    if (e.kind == Kind::clip) {
      const Clipped ramp = clips(h);
      if (ramp.low == 0 && ramp.high > 0 && ramp.high < infinity)
        if (const auto z_6 = sixth(ramp.of, ramp.high)) return scaled(HardSwish{}, *z_6, ramp.high);
    }
    if (e.kind == Kind::tanh) {
      // tanh(log(1 + exp(c·z))), and log(1 + exp(c·z)) = c·Softplus(z) with β = c
      if (const auto inner = unscaled_activation(argument(h))) {
        double beta = 0;
        inner->g.visit([&]<class G>(const G& g) {
          if constexpr (std::is_same_v<G, Softplus>) beta = g.beta;
        });
        if (beta > 0 && near(inner->outer, beta)) return scaled(Mish{}, {beta * inner->inner, inner->of});
      }
    }
    if (e.kind == Kind::reciprocal) {
      if (const auto a = one_plus(Kind::abs, argument(h))) {
        Term size = split(*a);
        size.factor = std::abs(size.factor);
        return scaled(Softsign{}, size);
      }
    }
    // a·(1 + erf(z/√2)), a·(1 + tanh(√(2/π)·(z + 0.044715·z³)))
    if (e.kind == Kind::sum && e.a != 0 && e.parts.size() == 1 && e.parts[0].factor == e.a) {
      const Id f = e.parts[0].of;
      if (is(f, Kind::erf)) {
        Term root = split(argument(f));
        root.factor *= std::numbers::sqrt2;
        return scaled(GELU{}, root, 2 * e.a);
      }
      if (is(f, Kind::tanh))
        if (const auto c = cubic(argument(f), z, 1)) return scaled(GELUTanh{}, {*c, z}, 2 * e.a);
    }
    return {};
  }
  /// c, when u = times·√(2/π)·(c·z + 0.044715·(c·z)³)
  std::optional<double> cubic(Id u, Id z, double times) {
    const Term scaled = split(u);
    const Expression e = at(scaled.of);
    if (e.kind != Kind::sum || e.a != 0 || e.parts.size() != 2) return {};
    const Id cube = product(1, {z, z, z});
    const Term linear = split(z);
    for (std::size_t i = 0; i < 2; ++i) {
      const Term one = e.parts[i], three = e.parts[1 - i];
      if (one.of != linear.of || three.of != cube) continue;
      const double c = scaled.factor * one.factor / (times * std::numbers::sqrt2 * std::numbers::inv_sqrtpi);
      const double expected = 0.044715 * c * c * one.factor;
      if (std::abs(three.factor - expected) <= 64 * digits_ * std::abs(expected)) return c;
    }
    return {};
  }

  using Key = std::tuple<Kind, double, double, std::vector<Term>>;
  std::vector<Expression> list_;
  std::map<Key, Id> places_;
  double digits_ = 0;
  bool overflowed_ = false;
};

}  // namespace lamina::detail
