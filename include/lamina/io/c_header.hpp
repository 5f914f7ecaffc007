// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "lamina/core/atomic_file.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/core/random.hpp"
#include "lamina/core/views.hpp"
#include "lamina/core/write_stream.hpp"
#include "lamina/io/c_activations.hpp"
#include "lamina/layers.hpp"
#include "lamina/network.hpp"
#include "lamina/version.hpp"

/// @file
/// A trained network as one C header for firmware and other programs without Lamina: export_c().

namespace lamina {

/// How the weights of Dense layers are written.
enum class CWeights {
  exact,  ///< as they are, in the network's scalar
  int8,  ///< a byte each and a scale for each output unit: Wᵢⱼ ≈ scaleⱼ·qᵢⱼ, scaleⱼ = maxᵢ|Wᵢⱼ|/127; about a quarter of a
         ///< float network's size, an eighth of a double one's
};

/// Rows of inputs, any Eigen expression, kept in double.
class CalibrationRows {
 public:
  CalibrationRows() = default;
  template <EigenDense DX>
  CalibrationRows(const DX& X) : X_(X.template cast<double>()) {}  // NOLINT(google-explicit-constructor)
  const Eigen::MatrixXd& matrix() const { return X_; }

 private:
  Eigen::MatrixXd X_;
};

/// What export_c() writes.
struct CExportOptions {
  std::string name = "model";          ///< a C identifier: every name in the header begins with it
  CWeights weights = CWeights::exact;  ///< of Dense layers; all other numbers are always exact
  Index golden = 3;  ///< 0 to 65536 input→output pairs that NAME_selftest checks; 0: no self-test
  CalibrationRows calibration =
      {};  ///< m×inputs typical inputs, raw as predict takes them. The golden inputs are chosen
           ///< from them (at most m), and the error of int8 is measured on them: int8 needs them.
           ///< Without, the golden inputs are drawn from a normal distribution.
};

/// What export_c() wrote.
struct CExport {
  std::size_t constant_bytes =
      0;  ///< of all numbers but the golden pairs: read-only, flash on a microcontroller
  std::size_t scratch_bytes = 0;  ///< of the two arrays that predict needs beside x and y
  double largest_error = 0;       ///< int8: of any output on any row of the calibration; exact: 0
};

namespace detail {

/// W of a Dense layer in a byte each: W ≈ q·diag(scale).
template <class S>
struct QuantizedWeights {
  std::vector<S> scale;        ///< of the columns
  std::vector<signed char> q;  ///< as W lies in θ: column by column

  QuantizedWeights(const S* W, Index inputs, Index outputs)
      : scale(static_cast<std::size_t>(outputs)), q(static_cast<std::size_t>(inputs * outputs)) {
    for (Index j = 0; j < outputs; ++j) {
      const S* const w = W + j * inputs;
      S largest = 0;
      for (Index i = 0; i < inputs; ++i) largest = std::max(largest, std::abs(w[i]));
      const S s = scale[static_cast<std::size_t>(j)] = largest / 127;
      for (Index i = 0; i < inputs && s > 0; ++i)
        q[static_cast<std::size_t>(j * inputs + i)] =
            static_cast<signed char>(std::clamp(std::round(w[i] / s), S(-127), S(127)));
    }
  }
};

/// The C header in the making: layers are added one after another, then text() is the whole.
template <class S>
class CHeader {
 public:
  CHeader(const CExportOptions& options, Index inputs, Index outputs)
      : name_(options.name), int8_(options.weights == CWeights::int8), inputs_(inputs), outputs_(outputs) {}

  std::size_t constant_bytes() const { return constant_bytes_; }
  std::size_t scratch_bytes() const { return static_cast<std::size_t>(size_a_ + size_b_) * sizeof(S); }

  /// @param theta  [W | b], W: inputs×outputs column by column
  void dense(std::size_t l, const S* theta, Index inputs, Index outputs, bool bias) {
    const std::string at = std::to_string(l);
    for (Index j = 0; j < outputs; ++j) {
      for (Index i = 0; i < inputs; ++i)
        if (!std::isfinite(theta[j * inputs + i]))
          fail<DataError>({"layer ", l, " (Dense): expected finite weights, got ", theta[j * inputs + i],
                           " at row ", i, ", column ", j});
    }
    std::string body;
    if (int8_) {
      const QuantizedWeights<S> W(theta, inputs, outputs);
      array("signed char", "w" + at, inputs * outputs, sizeof(signed char),
            [&](std::string& to, Index k) { to += std::to_string(int{W.q[row_major(k, inputs, outputs)]}); });
      numbers("s" + at, l, "Dense", "scale", W.scale.data(), outputs);
    } else {
      array(type(), "w" + at, inputs * outputs, sizeof(S),
            [&](std::string& to, Index k) { c_number(to, theta[row_major(k, inputs, outputs)]); });
    }
    if (bias) numbers("b" + at, l, "Dense", "bias", theta + inputs * outputs, outputs);

    const std::string start = bias && !int8_ ? "$n_b" + at + "[j]" : "0.0$f";
    body = loop(outputs) + "$y[j] = " + start + ";\n";
    body += "  $n_multiply($x, $n_w" + at + ", $y, " + std::to_string(inputs) + ", " +
            std::to_string(outputs) + ");\n";
    if (int8_) {
      body += loop(outputs) + "$y[j] = $y[j] * $n_s" + at + "[j]";
      body += (bias ? " + $n_b" + at + "[j]" : "") + ";\n";
    }
    need("multiply", int8_ ? c_multiply("signed char") : c_multiply("$T"));
    stages_.push_back({std::move(body), outputs, true});
    offsets_.clear();
  }

  void activation(Index extent, std::string_view name, std::string_view body, std::string_view option_name,
                  double option) {
    const std::string function(name);
    std::string parameters = "$T z", arguments = "$x[j]";
    if (!option_name.empty()) {
      parameters += ", $T " + std::string(option_name);
      arguments += ", ";
      c_number(arguments, static_cast<S>(option));
    }
    if (body.find("$n_sigmoid") != body.npos) need_function("sigmoid", "$T z", c_body<Sigmoid>);
    need_function(function, parameters, body);
    stages_.push_back({loop(extent) + "$y[j] = $n_" + function + "(" + arguments + ");\n", extent, false});
  }

  /// Aⱼ = (A0ⱼ − centerⱼ)·scaleⱼ + offsetⱼ
  void affine(std::size_t l, std::string_view layer, const std::vector<S>& center,
              const std::vector<S>& scale, const std::vector<S>& offset) {
    const auto n = static_cast<Index>(scale.size());
    const std::string at = std::to_string(l);
    const auto some = [](const std::vector<S>& values) {
      return std::any_of(values.begin(), values.end(), [](S x) { return x != 0; });
    };
    std::string term = "$x[j]";
    if (some(center)) {
      centred_ = centred_ ||
                 std::all_of(stages_.begin(), stages_.end(), [](const Stage& s) { return s.outputs == 0; });
      numbers("c" + at, l, layer, "center", center.data(), n);
      term = "($x[j] - $n_c" + at + "[j])";
    }
    numbers("s" + at, l, layer, "scale", scale.data(), n);
    term += " * $n_s" + at + "[j]";
    if (some(offset)) {
      numbers("o" + at, l, layer, "offset", offset.data(), n);
      term += " + $n_o" + at + "[j]";
    }
    stages_.push_back({loop(n) + "$y[j] = " + term + ";\n", n, false});
    offsets_ = offset;
  }

  void layer_norm(std::size_t l, const S* gamma, const S* beta, Index n, S epsilon) {
    const std::string at = std::to_string(l);
    numbers("g" + at, l, "LayerNorm", "scale", gamma, n);
    numbers("o" + at, l, "LayerNorm", "shift", beta, n);
    std::string body = "  $n_layer_norm($x, $n_g" + at + ", $n_o" + at + ", ";
    c_number(body, epsilon);
    need("layer_norm", c_layer_norm);
    body += ", $y, " + std::to_string(n) + ", ";
    c_number(body, static_cast<S>(n));
    stages_.push_back({body + ");\n", n, false});
  }

  void softmax(Index n) {
    need("softmax", c_softmax);
    stages_.push_back({"  $n_softmax($x, $y, " + std::to_string(n) + ");\n", n, false});
  }

  /// A line above the code of the layer that follows.
  void comment(const std::string& text) {
    stages_.push_back({"  /* " + text + " */\n", 0, false});
    summary_ += " *     " + text + "\n";
  }

  /// Whether the first layer subtracts a center from x, which is exact for an x near it.
  bool begins_centred() const { return centred_; }

  /// Numbers of the last layers that are added to its products: they may cancel.
  double cancelling(Index j) const {
    return offsets_.empty() ? 0 : std::abs(static_cast<double>(offsets_[static_cast<std::size_t>(j)]));
  }

  /// Pairs, one after another, and the tolerance of each output.
  void golden(const std::vector<S>& x, const std::vector<S>& y, const std::vector<S>& tolerance) {
    const std::size_t before = constant_bytes_;
    golden_ = static_cast<Index>(y.size()) / outputs_;
    numbers("golden_x", x);
    numbers("golden_y", y);
    numbers("tolerance", tolerance);
    constant_bytes_ = before;
  }

  /// What is said of int8.
  void error(double largest, double root_mean_square, Index rows) {
    S above = static_cast<S>(largest);
    if (above < largest) above = std::nextafter(above, std::numeric_limits<S>::infinity());
    constants_ += expand("\n/* The largest difference of an output from the exact network's on " +
                         std::to_string(rows) + " calibration rows;\n * its root mean square is " +
                         number(root_mean_square) + ". */\nstatic const $T $n_int8_error = ");
    c_number(constants_, above);
    constants_ += ";\n";
  }

  std::string text() {
    const std::string predict = this->predict();
    std::string text =
        expand("/* $n: a feedforward network, written by Lamina " LAMINA_VERSION_STRING
               " (export_c). C99, or C++11.\n *\n"
               " *   void $n_predict(const $T* x, $T* y);\n"
               " *     x: $n_inputs numbers, y: $n_outputs numbers, in arrays that do not overlap\n");
    if (golden_ > 0)
      text += expand(
          " *   int $n_selftest(void);\n"
          " *     0 when the network computes here what it computed where it was written, else the number, "
          "from 1,\n"
          " *     of the first golden pair that is not met\n");
    text += " *\n" + summary_;
    text += " *\n * " + std::to_string(constant_bytes_) + " bytes of constants, " +
            std::to_string(scratch_bytes()) +
            " bytes of scratch: on the stack, or static when LAMINA_STATIC_SCRATCH\n"
            " * is defined before this file is included (predict is then not for two threads at a time).\n"
            " * No heap; nothing of the C library but <math.h>. */\n";
    text += expand("#ifndef LAMINA_C_$n_H\n#define LAMINA_C_$n_H\n\n#include <math.h>\n\n");
    text +=
        "#ifndef LAMINA_RESTRICT\n#if defined(__GNUC__) || defined(_MSC_VER)\n#define LAMINA_RESTRICT "
        "__restrict\n"
        "#elif !defined(__cplusplus)\n#define LAMINA_RESTRICT restrict\n#else\n#define "
        "LAMINA_RESTRICT\n#endif\n#endif\n\n";
    text += expand("enum { $n_inputs = ") + std::to_string(inputs_) + expand(", $n_outputs = ") +
            std::to_string(outputs_);
    if (golden_ > 0) text += expand(", $n_golden = ") + std::to_string(golden_);
    text += " };\n" + constants_ + "\n" + functions_ + predict;
    if (golden_ > 0) text += expand(c_selftest);
    return text + "#endif\n";
  }

 private:
  /// A step of predict: code that reads $x and writes $y.
  struct Stage {
    std::string code;
    Index outputs;  ///< 0: a comment
    bool moves;     ///< $y must not be $x
  };

  static std::string_view type() { return std::is_same_v<S, float> ? "float" : "double"; }

  /// $n the name, $T the scalar's type, $f the suffix of its literals and functions, $M its largest number, $x and $y
  /// what is read and written.
  std::string expand(std::string_view code, std::string_view x = {}, std::string_view y = {}) const {
    std::string text;
    for (std::size_t i = 0; i < code.size(); ++i) {
      if (code[i] != '$') {
        text += code[i];
        continue;
      }
      switch (code[++i]) {
        case 'n':
          text += name_;
          break;
        case 'T':
          text += type();
          break;
        case 'f':
          text += std::is_same_v<S, float> ? "f" : "";
          break;
        case 'M':
          c_number(text, std::numeric_limits<S>::max());
          break;
        case 'x':
          text += x;
          break;
        default:
          text += y;
      }
    }
    return text;
  }

  static std::string loop(Index count) {
    return "  for (int j = 0; j < " + std::to_string(count) + "; ++j) ";
  }
  /// Where in θ the k-th weight is when rows are written one after another: predict runs along them.
  static std::size_t row_major(Index k, Index inputs, Index outputs) {
    return static_cast<std::size_t>(k % outputs * inputs + k / outputs);
  }

  /// A definition for all stages that call it.
  void need(std::string_view name, std::string_view code) {
    if (std::find(needed_.begin(), needed_.end(), name) != needed_.end()) return;
    needed_.emplace_back(name);
    functions_ += expand(code) + "\n";
  }
  void need_function(const std::string& name, const std::string& parameters, std::string_view body) {
    need(name, "static inline $T $n_" + name + "(" + parameters + ") {\n" + std::string(body) + "}\n");
  }

  void array(std::string_view type, const std::string& suffix, Index count, std::size_t size, auto&& append) {
    constants_ += "\nstatic const ";
    constants_ += type;
    constants_ += " " + name_ + "_" + suffix + "[" + std::to_string(count) + "] = {";
    std::size_t line = 0;
    for (Index k = 0; k < count; ++k) {
      if (k == 0 || constants_.size() - line > 100) {
        if (k > 0) constants_.pop_back();
        constants_ += "\n    ";
        line = constants_.size() - 4;
      }
      append(constants_, k);
      if (k + 1 < count) constants_ += ", ";
    }
    constants_ += "};\n";
    constant_bytes_ += static_cast<std::size_t>(count) * size;
  }
  void numbers(const std::string& suffix, const std::vector<S>& values) {
    array(type(), suffix, static_cast<Index>(values.size()), sizeof(S),
          [&](std::string& to, Index k) { c_number(to, values[static_cast<std::size_t>(k)]); });
  }
  void numbers(const std::string& suffix, std::size_t l, std::string_view layer, std::string_view what,
               const S* values, Index count) {
    for (Index j = 0; j < count; ++j)
      if (!std::isfinite(values[j]))
        fail<DataError>(
            {"layer ", l, " (", layer, "): expected a finite ", what, ", got ", values[j], " at column ", j});
    numbers(suffix, std::vector<S>(values, values + count));
  }

  /// The stages one after another: through two arrays that take turns, each as large as it must be, from x to y.
  std::string predict() {
    std::size_t last_move = 0, steps = 0;  // counted from 1: 0 is none
    for (std::size_t k = 0; k < stages_.size(); ++k) {
      if (stages_[k].moves) last_move = k + 1;
      steps += stages_[k].outputs > 0;
    }
    std::string code;
    char at = 'x';
    for (std::size_t k = 0; k < stages_.size(); ++k) {
      const Stage& stage = stages_[k];
      char to = at;
      if (stage.moves || (at == 'x' && stage.outputs > 0)) to = at == 'a' ? 'b' : 'a';
      if (k + 1 >= last_move && stage.outputs > 0) to = 'y';
      if (to == 'a') size_a_ = std::max(size_a_, stage.outputs);
      if (to == 'b') size_b_ = std::max(size_b_, stage.outputs);
      code += expand(stage.code, std::string_view(&at, 1), std::string_view(&to, 1));
      at = to;
    }
    if (steps == 0) code += loop(outputs_) + "y[j] = x[j];\n";

    std::string arrays;
    for (const auto& [name, size] : {std::pair{'a', size_a_}, {'b', size_b_}})
      if (size > 0)
        arrays += "  LAMINA_SCRATCH $T " + std::string(1, name) + "[" + std::to_string(size) + "];\n";
    std::string text =
        "static inline void $n_predict(const $T* LAMINA_RESTRICT x, $T* LAMINA_RESTRICT y) {\n";
    if (!arrays.empty())
      text =
          "#undef LAMINA_SCRATCH\n#ifdef LAMINA_STATIC_SCRATCH\n#define LAMINA_SCRATCH static\n#else\n"
          "#define LAMINA_SCRATCH\n#endif\n\n" +
          text;
    return expand(text + arrays) + code + "}\n\n";
  }

  std::string name_;
  bool int8_, centred_ = false;
  Index inputs_, outputs_, golden_ = 0, size_a_ = 0, size_b_ = 0;
  std::size_t constant_bytes_ = 0;
  std::string summary_ = " *   Layers:\n", constants_, functions_;
  std::vector<std::string> needed_;
  std::vector<Stage> stages_;
  std::vector<S> offsets_;
};

/// Its name is in what the compiler says when a network has an activation of the user's own.
template <class G>
struct ActivationInC {
  static_assert(!c_body<G>.empty(), "lamina: export_c can write Lamina's own activations only");
  static constexpr bool known = true;
};

/// g, after the code for its layer. `Closed`: what cannot be written is an error at compile time.
template <bool Closed, class S, class G>
void add_activation(CHeader<S>& header, std::size_t l, Index extent, const G& activation) {
  if constexpr (AnyOfActivations<G>) {
    activation.visit([&](const auto& g) { add_activation<false>(header, l, extent, g); });
  } else if constexpr (std::is_same_v<G, Identity>) {
  } else if constexpr (Closed || !c_body<G>.empty()) {
    static_assert(ActivationInC<G>::known);
    const COption option = c_option(activation);
    header.activation(extent, G::name, c_body<G>, option.name, option.value);
  } else {
    fail<OptionError>(
        {"layer ", l, ": export_c can write Lamina's own activations only, not \"", name_of<G>(), "\""});
  }
}

template <class G>
std::string activation_text(const G& activation) {
  std::string text;
  if constexpr (AnyOfActivations<G>) {
    text = activation.visit([](const auto& g) { return activation_text(g); });
  } else if constexpr (!std::is_same_v<G, Identity>) {
    const COption option = c_option(activation);
    text = ", " + std::string(name_of<G>());
    if (!option.name.empty()) text += " with " + std::string(option.name) + " " + number(option.value);
  }
  return text;
}

/// How a kind of layer is written; a kind of the user's own is not.
template <class L>
struct LayerInC {
  static constexpr bool known = false;
};
/// Its name is in what the compiler says when a network has a layer of the user's own.
template <class L>
struct ExportedToC {
  static_assert(LayerInC<L>::known, "lamina: export_c can write Lamina's own layers only");
  static constexpr bool known = true;
};

template <Index In, Index Out, class G, bool HasBias>
struct LayerInC<Dense<In, Out, G, HasBias>> {
  static constexpr bool known = true;
  template <bool Closed, class S>
  static void write(CHeader<S>& header, std::size_t l, const auto& layer, const S* theta) {
    header.comment(message({l, ": Dense ", layer.inputs(), " -> ", layer.outputs(),
                            HasBias ? "" : " without bias", activation_text(layer.activation())}));
    header.dense(l, theta, layer.inputs(), layer.outputs(), HasBias);
    add_activation<Closed>(header, l, layer.outputs(), layer.activation());
  }
  /// W as int8 has it.
  template <class S>
  static void quantize(const auto& layer, S* theta) {
    const QuantizedWeights<S> W(theta, layer.inputs(), layer.outputs());
    for (Index k = 0; k < layer.inputs() * layer.outputs(); ++k)
      theta[k] = W.q[static_cast<std::size_t>(k)] * W.scale[static_cast<std::size_t>(k / layer.inputs())];
  }
};

template <Index N, class G>
struct LayerInC<Activate<N, G>> {
  static constexpr bool known = true;
  template <bool Closed, class S>
  static void write(CHeader<S>& header, std::size_t l, const auto& layer, const S*) {
    header.comment(message({l, ": Activate ", layer.inputs(), activation_text(layer.activation())}));
    add_activation<Closed>(header, l, layer.inputs(), layer.activation());
  }
};

template <Index N>
struct LayerInC<Dropout<N>> {
  static constexpr bool known = true;
  template <bool, class S>
  static void write(CHeader<S>& header, std::size_t l, const auto& layer, const S*) {
    header.comment(message({l, ": Dropout ", layer.inputs(), ", which is for training only"}));
  }
};

template <Index N>
struct LayerInC<BatchNorm<N>> {
  static constexpr bool known = true;
  /// A = (A0 − 1·μ) ⊙ 1·(γ/√(σ² + ε)) + 1·β with the running statistics. μ is not folded into β: A0 − μ is exact where A0
  /// is near μ, and A0·scale + (β − μ·scale) would cancel.
  template <bool, class S>
  static void write(CHeader<S>& header, std::size_t l, const auto& layer, const S* theta) {
    const Index n = layer.inputs();
    const auto gamma = layer.weights(theta), beta = layer.bias(theta);
    std::vector<S> center, scale, offset;
    for (Index j = 0; j < n; ++j) {
      const S variance = static_cast<S>(layer.running_variance()(j)) + static_cast<S>(layer.epsilon());
      center.push_back(static_cast<S>(layer.running_mean()(j)));
      scale.push_back(std::isfinite(variance) ? static_cast<S>(static_cast<double>(gamma(j)) /
                                                               std::sqrt(static_cast<double>(variance)))
                                              : std::numeric_limits<S>::quiet_NaN());
      offset.push_back(beta(j));
    }
    header.comment(message({l, ": BatchNorm ", n}));
    header.affine(l, layer.name, center, scale, offset);
  }
};

template <Index N>
struct LayerInC<Normalization<N>> {
  static constexpr bool known = true;
  template <bool, class S>
  static void write(CHeader<S>& header, std::size_t l, const auto& layer, const S*) {
    std::vector<S> center, scale, offset;
    for (Index j = 0; j < layer.inputs(); ++j) {
      // The center as S has it, and what that leaves out of it in the offset.
      const double exact = layer.center()(j);
      center.push_back(static_cast<S>(exact));
      scale.push_back(static_cast<S>(layer.scale()(j)));
      offset.push_back(static_cast<S>(layer.offset()(j) -
                                      (exact - static_cast<double>(center.back())) * layer.scale()(j)));
    }
    header.comment(message({l, ": Normalization ", layer.inputs()}));
    header.affine(l, layer.name, center, scale, offset);
  }
};

template <Index N>
struct LayerInC<LayerNorm<N>> {
  static constexpr bool known = true;
  template <bool, class S>
  static void write(CHeader<S>& header, std::size_t l, const auto& layer, const S* theta) {
    const Index n = layer.inputs();
    header.comment(message({l, ": LayerNorm ", n}));
    header.layer_norm(l, theta, theta + n, n, static_cast<S>(layer.epsilon()));
  }
};

template <Index N>
struct LayerInC<Softmax<N>> {
  static constexpr bool known = true;
  template <bool, class S>
  static void write(CHeader<S>& header, std::size_t l, const auto& layer, const S*) {
    header.comment(message({l, ": Softmax ", layer.inputs()}));
    header.softmax(layer.inputs());
  }
};

/// f(layer, l, first of its parameters in θ) for all layers.
template <class Net>
void for_each_share(const Net& network, auto&& f) {
  Index first = 0;
  network.layers().for_each([&](const auto& layer, std::size_t l) {
    f(layer, l, first);
    first += std::remove_cvref_t<decltype(layer)>::parameter_count(layer.inputs(), layer.outputs());
  });
}

/// @throws OptionError, ShapeError, DataError.
template <class S>
void check_c_options(const CExportOptions& options, Index inputs) {
  const std::string& name = options.name;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (name.empty() || is_digit(name[0]) ||
      !std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || is_digit(c); }))
    fail<OptionError>({"name: expected a C identifier, got \"", name, "\""});
  if (options.weights != CWeights::exact && options.weights != CWeights::int8)
    fail<OptionError>({"weights: expected exact or int8, got ", static_cast<int>(options.weights)});
  const Eigen::MatrixXd& X = options.calibration.matrix();
  constexpr Index most_golden = 65536;
  if (options.golden < 0 || options.golden > most_golden)
    fail<OptionError>({"golden: expected a number from 0 to ", most_golden, ", got ", options.golden});
  if (X.size() == 0) {
    if (options.weights == CWeights::int8)
      fail<OptionError>({"calibration: int8 weights need rows on which their error is measured, got none"});
    return;
  }
  if (X.cols() != inputs)
    fail<ShapeError>(
        {"calibration: expected ", inputs, " columns, as many as the network has inputs, got ", X.cols()});
  for (Index j = 0; j < X.cols(); ++j)
    for (Index i = 0; i < X.rows(); ++i)
      if (!std::isfinite(static_cast<S>(X(i, j))))
        fail<DataError>(
            {"calibration: expected finite numbers, got ", X(i, j), " at row ", i, ", column ", j});
}

/// The golden inputs, `golden`×inputs: rows of the calibration at equal distances, or normal numbers; those behind a
/// Normalization where the network begins with one.
template <class S, class Net>
Eigen::Matrix<S, Dynamic, Dynamic> golden_inputs(const Net& network, const CExportOptions& options) {
  const Eigen::MatrixXd& rows = options.calibration.matrix();
  const Index count = rows.size() > 0 ? std::min(options.golden, rows.rows()) : options.golden;
  Eigen::Matrix<S, Dynamic, Dynamic> X(count, network.inputs());
  if (rows.size() > 0) {
    for (Index k = 0; k < count; ++k) X.row(k) = rows.row(k * rows.rows() / count).template cast<S>();
    return X;
  }
  Random random(0);
  for (Index k = 0; k < count; ++k)
    for (Index j = 0; j < X.cols(); ++j) X(k, j) = static_cast<S>(random.normal());
  network.layers().for_each([&](const auto& layer, std::size_t l) {
    if constexpr (requires { layer.inverse().center(); }) {
      if (l > 0) return;
      for (Index j = 0; j < X.cols(); ++j)
        X.col(j) = ((X.col(j).template cast<double>().array() - layer.offset()(j)) / layer.scale()(j) +
                    layer.center()(j))
                       .template cast<S>();
    }
  });
  return X;
}

/// The golden pairs, and for each output the tolerance within which another machine must give it. Sums of another order
/// and functions that round otherwise are like weights changed in their last places (backward error; Higham, Accuracy and
/// stability of numerical algorithms, 2nd edition, 2002, chapter 3). So all parameters, and the inputs unless a layer first
/// takes from them what they have in common, are changed by ±8 ε of themselves at random, eight times; the tolerance is
/// eight times the largest change of the output, and what the last layer itself may round.
template <class S, class Net>
void add_golden(CHeader<S>& header, const Net& network, const CExportOptions& options) {
  if (options.golden == 0) return;
  constexpr S epsilon = std::numeric_limits<S>::epsilon();
  using Matrix = Eigen::Matrix<S, Dynamic, Dynamic>;
  const Matrix X = golden_inputs<S>(network, options), Y = network.predict(X);
  for (Index j = 0; j < Y.cols(); ++j)
    for (Index k = 0; k < Y.rows(); ++k)
      if (!std::isfinite(Y(k, j)))
        fail<DataError>({"network: expected a finite prediction for golden pair ", k, ", got ", Y(k, j),
                         " at column ", j});

  Matrix change = Matrix::Zero(1, Y.cols());
  Random random(1);
  for (int trial = 0; trial < 8; ++trial) {
    Net changed = network;
    S* const theta = changed.parameters().data();
    const auto nudge = [&](S& number) { number += (random.next32() % 2 == 0 ? 8 : -8) * epsilon * number; };
    std::for_each(theta, theta + changed.parameter_count(), nudge);
    Matrix Z = X;
    if (!header.begins_centred()) std::for_each(Z.data(), Z.data() + Z.size(), nudge);
    const Matrix moved = changed.predict(Z);
    change = change.cwiseMax((moved - Y).cwiseAbs().colwise().maxCoeff());
  }
  std::vector<S> x, y, tolerance;
  for (Index k = 0; k < Y.rows(); ++k) {
    for (Index j = 0; j < X.cols(); ++j) x.push_back(X(k, j));
    for (Index j = 0; j < Y.cols(); ++j) y.push_back(Y(k, j));
  }
  for (Index j = 0; j < Y.cols(); ++j) {
    const S size = std::max(Y.col(j).cwiseAbs().maxCoeff(), static_cast<S>(header.cancelling(j)));
    const S sum = 8 * change(j) + 8 * epsilon * size + std::numeric_limits<S>::min();
    tolerance.push_back(std::isfinite(sum) ? sum : std::numeric_limits<S>::max());
  }
  header.golden(x, y, tolerance);
}

/// The text of export_c().
template <class S, class... L>
std::string c_header(const Network<S, L...>& network, const CExportOptions& options, CExport& report) {
  static_assert(std::is_same_v<S, float> || std::is_same_v<S, double>,
                "lamina: export_c writes networks of float or double");
  using Layers = std::remove_cvref_t<decltype(network.layers())>;
  constexpr bool closed = !requires { typename Layers::AnyLayer; };
  check_c_options<S>(options, network.inputs());
  network.check_layers();

  CHeader<S> header(options, network.inputs(), network.outputs());
  const S* const theta = network.parameters().data();
  for_each_share(network, [&](const auto& layer, std::size_t l, Index first) {
    using Kind = std::remove_cvref_t<decltype(layer)>;
    if constexpr (closed || LayerInC<Kind>::known) {
      static_assert(ExportedToC<Kind>::known);
      LayerInC<Kind>::template write<closed>(header, l, layer, theta + first);
    } else {
      fail<OptionError>(
          {"layer ", l, ": export_c can write Lamina's own layers only, not \"", name_of<Kind>(), "\""});
    }
  });

  if (options.weights == CWeights::int8) {
    Network<S, L...> quantized = network;
    for_each_share(network, [&](const auto& layer, std::size_t, Index first) {
      using Kind = std::remove_cvref_t<decltype(layer)>;
      if constexpr (requires { LayerInC<Kind>::quantize(layer, static_cast<S*>(nullptr)); })
        LayerInC<Kind>::quantize(layer, quantized.parameters().data() + first);
    });
    const Eigen::Matrix<S, Dynamic, Dynamic> X = options.calibration.matrix().template cast<S>();
    const Eigen::MatrixXd error =
        network.predict(X).template cast<double>() - quantized.predict(X).template cast<double>();
    report.largest_error = error.cwiseAbs().maxCoeff();
    if (!std::isfinite(error.sum()))
      fail<DataError>({"calibration: expected finite predictions, got one that is not"});
    header.error(report.largest_error, std::sqrt(error.array().square().mean()), X.rows());
    add_golden(header, quantized, options);
  } else {
    add_golden(header, network, options);
  }
  std::string text = header.text();
  report.constant_bytes = header.constant_bytes();
  report.scratch_bytes = header.scratch_bytes();
  return text;
}

}  // namespace detail

/// Writes the network, in evaluation mode, as one self-contained header of C99 that is C++11 as well: static const
/// weights, no heap, nothing of the C library but <math.h>, and arithmetic in the network's scalar alone.
///
///     static void NAME_predict(const T* x, T* y);   // one sample: NAME_inputs numbers to NAME_outputs numbers
///     static int NAME_selftest(void);               // 0, or 1 + the number of the golden pair that is not met
///
/// Numbers are written so that they are read back bit for bit. A layer's outputs go to one of two arrays in turn, each as
/// large as the widest layer that it takes; they are on the stack, or static where LAMINA_STATIC_SCRATCH is defined.
///
/// @throws OptionError when the name is not a C identifier, golden not in [0, 65536], int8 without calibration, or when a
///     stack has a layer or an activation of the user's own (in a network of fixed layers that is a compile error); ShapeError or
///     DataError when the calibration does not fit the network, or when a number that would be written is not finite;
///     FileError when the stream takes no more. Nothing is written then.
template <std::floating_point Scalar, class... L>
CExport export_c(const Network<Scalar, L...>& network, std::ostream& to, const CExportOptions& options = {}) {
  CExport report;
  const std::string text = detail::c_header(network, options, report);
  detail::write_text(to, "export_c", text);
  return report;
}

/// The same to a file, which is replaced as a whole or stays as it was, see AtomicFile.
/// @throws FileError when it cannot be written, and what the other throws.
template <std::floating_point Scalar, class... L>
CExport export_c(const Network<Scalar, L...>& network, const std::string& path,
                 const CExportOptions& options = {}) {
  CExport report;
  write_file_atomically(path, std::string_view(detail::c_header(network, options, report)));
  return report;
}

}  // namespace lamina
