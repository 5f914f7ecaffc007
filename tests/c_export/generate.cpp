// Writes what the tests of export_c() compile: a header for each of many networks, and all.h with random inputs, what
// Lamina predicts for them, and tolerances.
//
//   generate <folder>

#include <charconv>
#include <cmath>
#include <fstream>
#include <iostream>
#include <lamina/dynamic_network.hpp>
#include <lamina/io/c_header.hpp>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

using namespace lamina;

namespace {

class Cases {
 public:
  explicit Cases(std::string folder) : folder_(std::move(folder)) {}

  /// The header of a network, and inputs around 0 of the sizes of `spreads`, or X itself; what is to come of them is
  /// `reference`'s.
  template <class Net>
  void add(const std::string& name, const Net& network, CExportOptions options = {},
           const Net* reference = nullptr, double center = 0) {
    using S = typename Net::Scalar;
    options.name = name;
    export_c(network, folder_ + "/" + name + ".h", options);
    all_ += "#include \"" + name + ".h\"\n";
    run_ += " RUN(" + name + ")";
    checks_ += " CHECK(" + type<S>() + ", " + name + ")";

    std::string x, y, tolerance;
    int count = 0;
    for (const double spread : {1.0, 30.0, 3000.0}) {
      if (center != 0 && spread > 1) continue;
      Eigen::Matrix<S, Dynamic, Dynamic> X(7, network.inputs());
      for (Index k = 0; k < X.size(); ++k) X.data()[k] = static_cast<S>(center + spread * random_.normal());
      const Eigen::Matrix<S, Dynamic, Dynamic> Y = (reference ? *reference : network).predict(X);
      // Sums of at most 70 products in another order or with fused multiplication, through at most five layers of weights
      // near 1/sqrt(n), and functions that are right to 3 ulp in Lamina and to 2 in other libraries: some 20 roundings of ε/2 of
      // numbers of about the size of the largest output, each at most doubled by an activation's slope.
      const S near = 20 * std::numeric_limits<S>::epsilon() * Y.cwiseAbs().maxCoeff();
      for (Index i = 0; i < X.rows(); ++i, ++count) {
        for (Index j = 0; j < X.cols(); ++j) append(x, X(i, j));
        for (Index j = 0; j < Y.cols(); ++j) append(y, Y(i, j));
        append(tolerance, near);
      }
    }
    all_ += "enum { " + name + "_cases = " + std::to_string(count) + " };\n";
    for (const auto& [what, numbers] : {std::pair{"x", &x}, {"y", &y}, {"t", &tolerance}})
      all_ += "static const " + type<S>() + " " + name + "_cases_" + what + "[] = {" + *numbers + "};\n";
  }

  void write() const {
    std::ofstream file(folder_ + "/all.h");
    file << all_ << "#define LAMINA_CHECKS" << checks_ << "\n#define LAMINA_RUNS" << run_ << "\n";
    if (!file.flush()) throw std::runtime_error("all.h cannot be written");
  }

 private:
  template <class S>
  static std::string type() {
    return std::is_same_v<S, float> ? "float" : "double";
  }
  /// The shortest text that is x again, not by the library's means.
  template <class S>
  static void append(std::string& to, S x) {
    char digits[64];
    to.append(digits, std::to_chars(digits, digits + sizeof digits, x, std::chars_format::scientific).ptr);
    to += std::is_same_v<S, float> ? "f, " : ", ";
  }

  std::string folder_, all_, run_, checks_;
  Random random_{7};
};

constexpr double far_away = 1e5;

/// Numbers other than the neutral ones in every part of θ.
template <class Net>
void fill(Net& network) {
  network.initialize(3);
  Random random(5);
  for (const ParameterRange& range : network.parameter_ranges())
    if (range.kind != ParameterKind::weights)
      for (Index k = 0; k < range.count; ++k)
        network.parameters()(range.first + k) += static_cast<typename Net::Scalar>(0.3 * random.normal());
}

template <Index N>
void set_statistics(BatchNorm<N>& layer, double center) {
  Random random(6);
  Eigen::VectorXd mean(layer.inputs()), variance(layer.inputs());
  for (Index j = 0; j < layer.inputs(); ++j) {
    mean(j) = center + random.normal();
    variance(j) = random.uniform(0.2, 3);
  }
  layer.set_running_statistics(mean, variance);
}

Normalization<Dynamic> scaling(Index n, double center) {
  Random random(11);
  Eigen::VectorXd c(n), s(n), o(n);
  for (Index j = 0; j < n; ++j) {
    c(j) = center + random.normal();
    s(j) = random.uniform(0.5, 2);
    o(j) = random.normal();
  }
  return {c, s, o};
}

template <class S>
void add_all(Cases& cases, const std::string& suffix) {
  // Every activation, in a Dense and as a layer of its own, chosen at run time.
  std::string names = AnyActivation::names() + " ";
  for (std::size_t end; (end = names.find(' ')) != names.npos; names.erase(0, end + 1)) {
    const std::string name = names.substr(0, end);
    DynamicNetwork<S> net(3);
    net.dense(6, name).activation(name).dense(2);
    fill(net);
    cases.add(name + suffix, net);
  }
  // With options.
  DynamicNetwork<S> options(3);
  options.dense(6, LeakyReLU{.slope = -0.3}).dense(6, ELU{.alpha = 0.5}).dense(6, CELU{.alpha = 1.5});
  options.dense(6, Softplus{.beta = 3}).dense(2, LeakyReLU{.slope = 0.2});
  fill(options);
  cases.add("options" + suffix, options);

  // Every layer.
  DynamicNetwork<S> every(5);
  every.normalization(scaling(5, 0)).dense(11, "relu", false).batch_norm().activation("tanh").dropout(0.4);
  every.dense(7, "gelu").layer_norm().dense(3).softmax();
  fill(every);
  set_statistics(std::get<BatchNorm<Dynamic>>(every.layer(2)), 0);
  cases.add("every" + suffix, every);

  // Without a Dense; nothing to compute at all; one layer.
  DynamicNetwork<S> softmax(4), nothing(4), normalized(4), single(3);
  softmax.softmax();
  cases.add("softmax_alone" + suffix, softmax);
  nothing.dropout(0.5);
  cases.add("nothing" + suffix, nothing);
  normalized.layer_norm().activation("silu");
  fill(normalized);
  cases.add("layer_norm_first" + suffix, normalized);
  single.dense(2);
  fill(single);
  cases.add("single" + suffix, single);

  // Many layers of different widths, none a multiple of four: the two arrays take turns.
  DynamicNetwork<S> widths(13);
  widths.dense(70, "sigmoid").dense(33, "softplus").dense(41, "mish").dense(1);
  fill(widths);
  cases.add("widths" + suffix, widths);

  // Far from 0 lies what a BatchNorm or a Normalization takes from it: an exact difference.
  DynamicNetwork<S> far(3), scaled(3);
  far.batch_norm().dense(2);
  fill(far);
  set_statistics(std::get<BatchNorm<Dynamic>>(far.layer(0)), far_away);
  cases.add("far" + suffix, far, {}, {}, far_away);
  scaled.normalization(scaling(3, far_away)).dense(4, "tanh").dense(2).normalization(scaling(2, 0).inverse());
  fill(scaled);
  cases.add("scaled" + suffix, scaled, {}, {}, far_away);

  // int8: as a network whose weights are what a byte and a scale make of them, computed here.
  DynamicNetwork<S> exact(5);
  exact.dense(10, "tanh").dense(9, "relu", false).layer_norm().dense(2);
  fill(exact);
  exact.weights(1).col(4).setZero();
  DynamicNetwork<S> rounded = exact;
  for (const std::size_t l : {0U, 1U, 3U}) {
    auto W = rounded.weights(l);
    for (Index j = 0; j < W.cols(); ++j) {
      const double scale = static_cast<double>(W.col(j).cwiseAbs().maxCoeff()) / 127;
      for (Index i = 0; i < W.rows() && scale > 0; ++i)
        W(i, j) = static_cast<S>(scale * std::round(static_cast<double>(W(i, j)) / scale));
    }
  }
  cases.add("bytes" + suffix, exact,
            {.weights = CWeights::int8, .calibration = Eigen::MatrixXd::Random(20, 5)}, &rounded);
}

/// The same kinds of layer with fixed and with run-time extents.
void add_fixed(Cases& cases) {
  Network<float, BatchNorm<4>, Dense<4, 6, ReLU, false>, LayerNorm<6>, Dense<6, 3>, Softmax<3>> fixed;
  fill(fixed);
  set_statistics(fixed.layer<0>(), 0);
  cases.add("fixed", fixed);
  Network sized(BatchNorm<Dynamic>(4), Dense<Dynamic, Dynamic, Tanh>(4, 9), Dense<Dynamic, 2>(9, 2));
  fill(sized);
  cases.add("sized", sized);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    Cases cases(argv[1]);
    add_all<float>(cases, "_float");
    add_all<double>(cases, "_double");
    add_fixed(cases);
    cases.write();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
