// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <charconv>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "lamina/activations.hpp"

/// @file
/// The C of what export_c() writes. In it $n is the model's name, $T the scalar's type, $f the suffix of its literals and of
/// the functions of <math.h>, $M its largest number.

namespace lamina::detail {

/// x as a literal of its type that is read back bit for bit, by compilers too that read a double first.
template <class S>
void c_number(std::string& to, S x) {
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof digits, x, std::chars_format::general,
                                 std::numeric_limits<S>::max_digits10)
                       .ptr;
  const std::string_view text(digits, static_cast<std::size_t>(end - digits));
  to += text;
  if (text.find_first_of(".e") == text.npos) to += ".0";
  if (std::is_same_v<S, float>) to += 'f';
}

/// The body of a C function $T g($T z) or, where g has an option, $T g($T z, $T option); empty: none.
template <class G>
inline constexpr std::string_view c_body = {};

template <>
inline constexpr std::string_view c_body<Sigmoid> =
    "  const $T n = exp$f(-fabs$f(z));\n"
    "  return (z < 0.0$f ? n : 1.0$f) / (n + 1.0$f);\n";
template <>
inline constexpr std::string_view c_body<Tanh> = "  return tanh$f(z);\n";
template <>
inline constexpr std::string_view c_body<ReLU> = "  return z < 0.0$f ? 0.0$f : z;\n";
template <>
inline constexpr std::string_view c_body<LeakyReLU> = "  return z > 0.0$f ? z : slope * z;\n";
template <>
inline constexpr std::string_view c_body<ELU> = "  return z > 0.0$f ? z : alpha * expm1$f(z);\n";
template <>
inline constexpr std::string_view c_body<CELU> = "  return z > 0.0$f ? z : alpha * expm1$f(z / alpha);\n";
template <>
inline constexpr std::string_view c_body<SELU> =
    "  const $T lambda = 1.0507009873554804934$f, alpha = 1.6732632423543772848$f;\n"
    "  return z > 0.0$f ? lambda * z : lambda * alpha * expm1$f(z);\n";
template <>
inline constexpr std::string_view c_body<GELU> =
    "  return (z < -$M ? -$M : z) * (erfc$f(-z / 1.4142135623730950488$f) / 2.0$f);\n";
template <>
inline constexpr std::string_view c_body<GELUTanh> =
    "  if (z > 100.0$f) return z;\n"
    "  if (z < -100.0$f) return 0.0$f;\n"
    "  return z * $n_sigmoid(2.0$f * (0.79788456080286535588$f * (z + 0.044715$f * z * z * z)));\n";
template <>
inline constexpr std::string_view c_body<Softplus> =
    "  return (z < 0.0$f ? 0.0$f : z) + log1p$f(exp$f(-beta * fabs$f(z))) / beta;\n";
template <>
inline constexpr std::string_view c_body<SiLU> = "  return (z < -$M ? -$M : z) * $n_sigmoid(z);\n";
template <>
inline constexpr std::string_view c_body<Mish> =
    "  if (z > 0.0$f) {\n"
    "    const $T q = exp$f(-z);\n"
    "    return z * ((1.0$f + 2.0$f * q) / (1.0$f + 2.0$f * q * (1.0$f + q)));\n"
    "  } else {\n"
    "    const $T w = exp$f(z);\n"
    "    return (z < -$M ? -$M : z) * (w * (w + 2.0$f) / (w * (w + 2.0$f) + 2.0$f));\n"
    "  }\n";
template <>
inline constexpr std::string_view c_body<HardSigmoid> =
    "  const $T a = z / 6.0$f + 0.5$f;\n"
    "  return a < 0.0$f ? 0.0$f : a > 1.0$f ? 1.0$f : a;\n";
template <>
inline constexpr std::string_view c_body<HardTanh> =
    "  return z < -1.0$f ? -1.0$f : z > 1.0$f ? 1.0$f : z;\n";
template <>
inline constexpr std::string_view c_body<Softsign> =
    "  const $T finite = z < -$M ? -$M : z > $M ? $M : z;\n"
    "  return finite / (1.0$f + fabs$f(finite));\n";
template <>
inline constexpr std::string_view c_body<ReLU6> = "  return z < 0.0$f ? 0.0$f : z > 6.0$f ? 6.0$f : z;\n";
template <>
inline constexpr std::string_view c_body<HardSwish> =
    "  return z > 3.0$f ? z : z < -3.0$f ? 0.0$f : z * (z / 6.0$f + 0.5$f);\n";
template <>
inline constexpr std::string_view c_body<LogSigmoid> =
    "  return (z > 0.0$f ? 0.0$f : z) - log1p$f(exp$f(-fabs$f(z)));\n";

/// The option of an activation that has one.
struct COption {
  std::string_view name = {};
  double value = 0;
};
template <class G>
COption c_option(const G& activation) {
  if constexpr (std::is_same_v<G, ELU> || std::is_same_v<G, CELU>) {
    return {"alpha", activation.alpha};
  } else if constexpr (std::is_same_v<G, LeakyReLU>) {
    return {"slope", activation.slope};
  } else if constexpr (std::is_same_v<G, Softplus>) {
    return {"beta", activation.beta};
  } else {
    return {};
  }
}

/// z += x·W, W row by row: the inner loop runs along memory, and over sums that are independent of each other, so that
/// compilers vectorise it; four rows at a time, so that z is seldom read and written.
inline std::string c_multiply(const std::string& weight) {
  return "/* z += x*W, W: inputs x outputs, row by row */\n"
         "static void $n_multiply(const $T* LAMINA_RESTRICT x, const " +
         weight +
         "* LAMINA_RESTRICT w,\n"
         "    $T* LAMINA_RESTRICT z, int inputs, int outputs) {\n"
         "  int i = 0;\n"
         "  for (; i + 4 <= inputs; i += 4, w += 4 * outputs) {\n"
         "    const $T x0 = x[i], x1 = x[i + 1], x2 = x[i + 2], x3 = x[i + 3];\n"
         "    for (int j = 0; j < outputs; ++j)\n"
         "      z[j] += x0 * w[j] + x1 * w[outputs + j] + x2 * w[2 * outputs + j] + x3 * w[3 * outputs + "
         "j];\n"
         "  }\n"
         "  for (; i < inputs; ++i, w += outputs)\n"
         "    for (int j = 0; j < outputs; ++j) z[j] += x[i] * w[j];\n"
         "}\n";
}

/// X̂ⱼ = (A0ⱼ − μ)/√(σ² + ε),   A = X̂ ⊙ γ + β
inline constexpr std::string_view c_layer_norm =
    "static void $n_layer_norm(const $T* x, const $T* gamma, const $T* beta, $T epsilon, $T* y, int n,\n"
    "    $T count) {\n"
    "  $T mean = 0.0$f, variance = 0.0$f, inverse;\n"
    "  for (int j = 0; j < n; ++j) mean += x[j];\n"
    "  mean /= count;\n"
    "  for (int j = 0; j < n; ++j) variance += (x[j] - mean) * (x[j] - mean);\n"
    "  inverse = 1.0$f / sqrt$f(variance / count + epsilon);\n"
    "  for (int j = 0; j < n; ++j) y[j] = (x[j] - mean) * inverse * gamma[j] + beta[j];\n"
    "}\n";

/// Aⱼ = exp(A0ⱼ − max A0)/Σₖ exp(A0ₖ − max A0)
inline constexpr std::string_view c_softmax =
    "static void $n_softmax(const $T* x, $T* y, int n) {\n"
    "  $T largest = x[0], sum = 0.0$f;\n"
    "  for (int j = 1; j < n; ++j)\n"
    "    if (x[j] > largest) largest = x[j];\n"
    "  for (int j = 0; j < n; ++j) {\n"
    "    y[j] = exp$f(x[j] - largest);\n"
    "    sum += y[j];\n"
    "  }\n"
    "  for (int j = 0; j < n; ++j) y[j] /= sum;\n"
    "}\n";

inline constexpr std::string_view c_selftest =
    "static inline int $n_selftest(void) {\n"
    "  for (int k = 0; k < $n_golden; ++k) {\n"
    "    $T y[$n_outputs];\n"
    "    $n_predict($n_golden_x + k * $n_inputs, y);\n"
    "    for (int j = 0; j < $n_outputs; ++j)\n"
    "      if (!(fabs$f(y[j] - $n_golden_y[k * $n_outputs + j]) <= $n_tolerance[j])) return k + 1;\n"
    "  }\n"
    "  return 0;\n"
    "}\n\n";

}  // namespace lamina::detail
