#pragma once

#include <lamina/optimizers.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// An optimiser that the command line names. `fit` is compiled once for it, not once for each.
struct ChosenOptimizer {
  using Any = std::variant<lamina::Adam, lamina::AdamW, lamina::Adamax, lamina::NAdam, lamina::RAdam,
                           lamina::GradientDescent, lamina::RMSprop, lamina::Adagrad, lamina::Adadelta,
                           lamina::Rprop, lamina::Lion>;

  Any any;
  double learning_rate = 0;

  std::string_view name() const {
    return std::visit([](const auto& o) { return std::string_view(o.name); }, any);
  }
  void check() const {
    std::visit([](const auto& o) { o.check(); }, any);
  }
  void step(auto& theta, const auto& gradient) {
    std::visit(
        [&](auto& o) {
          o.learning_rate = learning_rate;
          o.step(theta, gradient);
        },
        any);
  }
};

namespace detail {

/// Small letters only: RMSprop, rmsprop and RMS_Prop are the same.
inline std::string letters_of(std::string_view name) {
  std::string letters;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') letters += static_cast<char>(c - 'A' + 'a');
    if (c >= 'a' && c <= 'z') letters += c;
  }
  return letters;
}

/// Tries the optimisers from number I on.
template <std::size_t I = 0>
bool choose_optimizer(const std::string& letters, ChosenOptimizer::Any& any, std::string& known) {
  if constexpr (I < std::variant_size_v<ChosenOptimizer::Any>) {
    using Optimizer = std::variant_alternative_t<I, ChosenOptimizer::Any>;
    if (letters_of(Optimizer::name) == letters) {
      any = Optimizer{};
      return true;
    }
    known += (I == 0 ? "" : ", ") + std::string(Optimizer::name);
    return choose_optimizer<I + 1>(letters, any, known);
  } else {
    return false;
  }
}

}  // namespace detail

/// @throws lamina::OptionError when there is no optimiser of that name, it has not such an option, or a value is outside of
/// its domain.
inline ChosenOptimizer optimizer_by_name(const std::string& name, std::optional<double> learning_rate,
                                         std::optional<double> momentum, std::optional<double> weight_decay) {
  ChosenOptimizer chosen;
  std::string known;
  const std::string letters = detail::letters_of(name);
  if (!detail::choose_optimizer(letters == "sgd" ? "gradientdescent" : letters, chosen.any, known))
    throw lamina::OptionError("--optimizer: expected one of " + known + ", got " + name);
  std::visit(
      [&](auto& o) {
        if (learning_rate) o.learning_rate = *learning_rate;
        if (momentum) {
          if constexpr (requires { o.momentum; }) {
            o.momentum = *momentum;
          } else {
            throw lamina::OptionError("--momentum: " + std::string(o.name) + " has none");
          }
        }
        if (weight_decay) {
          if constexpr (requires { o.weight_decay; }) {
            o.weight_decay = *weight_decay;
          } else {
            throw lamina::OptionError("--weight-decay: " + std::string(o.name) + " has none");
          }
        }
        o.check();
        chosen.learning_rate = o.learning_rate;
      },
      chosen.any);
  return chosen;
}
