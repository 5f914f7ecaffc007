// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <cmath>
#include <concepts>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/core/errors.hpp"
#include "lamina/losses/per_output.hpp"

namespace lamina {

namespace detail {

/// f(name, option) for the options of a loss: those that Lamina's losses have, or what the loss's own options(f) names.
template <class Loss, class F>
constexpr bool loss_options(Loss& loss, F&& f) {
  if constexpr (requires { loss.options(f); }) {
    loss.options(f);
    return true;
  } else {
    bool any = false;
#define LAMINA_OPTION(option) \
  if constexpr (requires { loss.option; }) (any = true, f(#option, loss.option))
    LAMINA_OPTION(delta);
    LAMINA_OPTION(tau);
    LAMINA_OPTION(positive_weight);
    LAMINA_OPTION(negative_weight);
    LAMINA_OPTION(label_smoothing);
    LAMINA_OPTION(class_weights);
    LAMINA_OPTION(log_input);
    LAMINA_OPTION(full);
    LAMINA_OPTION(eps);
#undef LAMINA_OPTION
    return any;
  }
}

}  // namespace detail

/// A loss as a file has it: its name and its options, each as a list of numbers (true is 1).
///
///     SavedLoss saved = Huber{.delta = 2};
///     const auto loss = saved.as<Huber>();
///
/// A loss of one's own with options says them, and takes them, in a template member:
///
///     void options(auto&& f) { f("margin", margin); }   // double, bool, PerOutput or std::vector<double>; and a const one
struct SavedLoss {
  std::string name;
  std::map<std::string, std::vector<double>> options = {};

  SavedLoss() = default;
  SavedLoss(std::string loss, std::map<std::string, std::vector<double>> loss_options)
      : name(std::move(loss)), options(std::move(loss_options)) {}
  /// @throws OptionError when an option is not finite, or the loss has options that it does not say.
  template <class Loss>
  requires requires {
    { Loss::name } -> std::convertible_to<std::string_view>;
  }
  SavedLoss(const Loss& loss) : name(Loss::name) {  // NOLINT(google-explicit-constructor)
    const bool any =
        detail::loss_options(loss, [&](std::string_view option, const auto& x) { add(option, x); });
    if (!std::is_empty_v<Loss> && !any)
      detail::fail<OptionError>({"loss '", name, "': expected a member options(f) that names its options"});
  }

  /// The loss, with its options.
  /// @throws OptionError when it has another name or other options.
  template <class Loss>
  Loss as() const {
    if (name != Loss::name)
      detail::fail<OptionError>({"loss: expected '", std::string_view(Loss::name), "', got '", name, "'"});
    Loss loss{};
    std::size_t found = 0;
    detail::loss_options(loss, [&](std::string_view option, auto& x) {
      const auto saved = options.find(std::string(option));
      if (saved == options.end())
        detail::fail<OptionError>({"loss '", name, "': expected the option '", option, "', got none"});
      set(option, x, saved->second);
      ++found;
    });
    if (found != options.size())
      detail::fail<OptionError>({"loss '", name, "': expected ", found, " options, got ", options.size()});
    return loss;
  }

  friend bool operator==(const SavedLoss&, const SavedLoss&) = default;

 private:
  void add(std::string_view option, std::vector<double> values) {
    for (const double x : values)
      if (!std::isfinite(x))
        detail::fail<OptionError>({"loss '", name, "', ", option, ": expected finite numbers, got ", x});
    options[std::string(option)] = std::move(values);
  }
  void add(std::string_view option, const PerOutput& x) { add(option, x.values()); }
  void add(std::string_view option, double x) { add(option, std::vector<double>{x}); }

  template <class T>
  void set(std::string_view option, T& x, const std::vector<double>& values) const {
    if constexpr (std::is_same_v<T, std::vector<double>>) {
      x = values;
    } else if constexpr (std::is_same_v<T, PerOutput>) {
      x = values.size() == 1 ? PerOutput(values[0]) : PerOutput(values);
    } else {
      if (values.size() != 1 || (std::is_same_v<T, bool> && values[0] != 0 && values[0] != 1))
        detail::fail<OptionError>({"loss '", name, "', ", option, ": expected ",
                                   std::is_same_v<T, bool> ? "0 or 1" : "one number", ", got ",
                                   values.size() == 1 ? detail::number(values[0]) : "a list"});
      x = static_cast<T>(values[0]);
    }
  }
};

}  // namespace lamina
