// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <string_view>

#include "lamina/core/errors.hpp"

namespace lamina::detail {

/// The domains that options have. Each check throws an OptionError that names the owner, the option and the value.
struct OptionCheck {
  std::string_view owner;

  const OptionCheck& learning_rate(double x) const { return positive("a learning_rate", x); }
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

 private:
  [[noreturn]] LAMINA_COLD void refuse(std::string_view option, std::string_view domain, double x) const {
    fail<OptionError>({owner, ": expected ", option, domain, ", got ", x});
  }
};

}  // namespace lamina::detail
