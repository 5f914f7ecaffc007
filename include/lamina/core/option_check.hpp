// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <limits>
#include <string_view>

#include "lamina/core/errors.hpp"

namespace lamina::detail {

/// The domains that options have. Each check throws an OptionError that names the owner, the option and the value.
struct OptionCheck {
  std::string_view owner;

  const OptionCheck& learning_rate(double x) const { return positive("a learning_rate", x); }
  const OptionCheck& finite(std::string_view option, double x) const {
    return in(std::isfinite(x), option, "", x);
  }
  const OptionCheck& positive(std::string_view option, double x) const {
    return in(x > 0 && std::isfinite(x), option, " > 0", x);
  }
  const OptionCheck& not_negative(std::string_view option, double x) const {
    return in(x >= 0 && std::isfinite(x), option, " \u2265 0", x);
  }
  /// [0, 1), as of a factor by which the past fades.
  const OptionCheck& fraction(std::string_view option, double x) const {
    return in(x >= 0 && x < 1, option, " in [0, 1)", x);
  }
  const OptionCheck& in(bool inside, std::string_view option, std::string_view domain, double x) const {
    if (!inside) refuse(option, domain, x);
    return *this;
  }
  /// 0, or of a magnitude that float has, and every wider scalar, so that it is neither infinite there nor 0: options are
  /// doubles whatever a network's scalar is, and those that are computed with must be numbers in each.
  const OptionCheck& in_float_range(std::string_view option, double x) const {
    constexpr double least = std::numeric_limits<float>::min(), most = std::numeric_limits<float>::max();
    if (!(x == 0 || (x >= least && x <= most) || (-x >= least && -x <= most)))
      refuse_magnitude(option, least, most, x);
    return *this;
  }

 private:
  [[noreturn]] LAMINA_COLD void refuse(std::string_view option, std::string_view domain, double x) const {
    fail<OptionError>({owner, ": expected ", option, domain, ", got ", x});
  }
  [[noreturn]] LAMINA_COLD void refuse_magnitude(std::string_view option, double least, double most,
                                                 double x) const {
    fail<OptionError>({owner, ": ", option, ": expected 0 or a magnitude from ", least, " to ", most,
                       ", as float has them, got ", x});
  }
};

}  // namespace lamina::detail
