// import_onnx() on operators, each spelled as exporters do, against what ONNX's specification says they compute; and what
// it refuses.

#include <cmath>

#include "onnx/graph.hpp"
#include "support/catch.hpp"

using namespace lamina;

namespace {

Eigen::MatrixXd samples(Index columns = 3) {
  Eigen::MatrixXd X(21, columns);
  for (Index i = 0; i < X.size(); ++i)
    X(i % 21, i / 21) = -6 + 0.6 * static_cast<double>(i % 21) + 0.01 * static_cast<double>(i / 21);
  return X;
}

/// The graph computes f of every element. Constants of the graph are floats: 6·10⁻⁸ of themselves, a few of them.
void check_elements(Graph& graph, const std::function<double(double)>& f) {
  const Eigen::MatrixXd X = samples(), A = graph.load().network.predict(X), expected = X.unaryExpr(f);
  REQUIRE(A.cols() == 3);
  CHECK((A - expected).cwiseAbs().maxCoeff() < 3e-6);
}

/// And is this activation and nothing else.
void check_activation(Graph& graph, const std::string& name, const std::function<double(double)>& f) {
  check_elements(graph, f);
  const auto layers = graph.load().layers;
  REQUIRE(layers.size() == 1);
  CHECK(layers[0].activation == name);
}

double sigmoid(double z) { return 1 / (1 + std::exp(-z)); }
double gelu(double z) { return z * (1 + std::erf(z / std::sqrt(2.0))) / 2; }
double gelu_tanh(double z) {
  return z * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (z + 0.044715 * z * z * z))) / 2;
}
double clip(double z, double low, double high) { return std::min(std::max(z, low), high); }
double softplus(double z) { return std::log(1 + std::exp(z)); }

}  // namespace

TEST_CASE("GELU in all its spellings", "[onnx]") {
  SECTION("0.5·z·(1 + erf(z·0.7071))") {
    Graph g;
    const auto erf = g.node("Erf", {g.node("Mul", {"x", g.constant({std::sqrt(0.5)})})});
    g.node("Mul", {g.node("Mul", {g.constant({0.5}), "x"}), g.node("Add", {g.constant({1}), erf})});
    check_activation(g, "gelu", gelu);
  }
  SECTION("z·(0.5·(1 + erf(z/√2)))") {
    Graph g;
    const auto erf = g.node("Erf", {g.node("Div", {"x", g.constant({std::sqrt(2.0)}, {1, 1})})});
    const auto gate = g.node("Mul", {g.node("Add", {erf, g.constant({1}, {1})}), g.constant({0.5})});
    g.node("Mul", {"x", gate});
    check_activation(g, "gelu", gelu);
  }
  SECTION("Gelu") {
    Graph g(3, 20);
    g.node("Gelu", {"x"});
    check_activation(g, "gelu", gelu);
  }
  SECTION("Gelu, tanh") {
    Graph g(3, 20);
    g.node("Gelu", {"x"});
    g.attribute("approximate", onnx::AttributeProto::STRING).set_s("tanh");
    check_activation(g, "gelu_tanh", gelu_tanh);
  }
  SECTION("tanh, with Pow") {
    Graph g;
    const auto cube = g.node("Mul", {g.node("Pow", {"x", g.constant({3})}), g.constant({0.044715})});
    const auto u = g.node("Mul", {g.node("Add", {"x", cube}), g.constant({0.7978845608028654})});
    const auto gate = g.node("Add", {g.node("Tanh", {u}), g.constant({1})});
    g.node("Mul", {g.node("Mul", {"x", gate}), g.constant({0.5})});
    check_activation(g, "gelu_tanh", gelu_tanh);
  }
  SECTION("of a scaled value") {
    Graph g;
    const auto z = g.node("Mul", {"x", g.constant({0.25})});
    const auto erf = g.node("Erf", {g.node("Div", {z, g.constant({std::sqrt(2.0)})})});
    g.node("Mul", {g.node("Mul", {z, g.node("Add", {erf, g.constant({1})})}), g.constant({0.5})});
    check_elements(g, [](double x) { return gelu(x / 4); });
  }
}

TEST_CASE("z times a function of z", "[onnx]") {
  SECTION("Swish with its factor") {
    Graph g(3, 24);
    g.node("Swish", {"x"});
    g.number("alpha", 1.702);
    check_elements(g, [](double z) { return z * sigmoid(1.702 * z); });
  }
  SECTION("z/(1 + exp(−z))") {
    Graph g;
    g.node("Div", {"x", g.node("Add", {g.node("Exp", {g.node("Neg", {"x"})}), g.constant({1})})});
    check_activation(g, "silu", [](double z) { return z * sigmoid(z); });
  }
  SECTION("Mish") {
    Graph g(3, 18);
    g.node("Mish", {"x"});
    check_activation(g, "mish", [](double z) { return z * std::tanh(softplus(z)); });
  }
  SECTION("Mish of log(1 + exp)") {
    Graph g;
    const auto inner = g.node("Log", {g.node("Add", {g.node("Exp", {"x"}), g.constant({1})})});
    g.node("Mul", {g.node("Tanh", {inner}), "x"});
    check_activation(g, "mish", [](double z) { return z * std::tanh(softplus(z)); });
  }
  SECTION("hard swish of ReLU6") {
    Graph g;
    const auto six =
        g.node("Clip", {g.node("Add", {"x", g.constant({3})}), g.constant({0}), g.constant({6})});
    g.node("Div", {g.node("Mul", {"x", six}), g.constant({6})});
    check_activation(g, "hardswish", [](double z) { return z * clip(z + 3, 0, 6) / 6; });
  }
  SECTION("softsign") {
    Graph g;
    g.node("Div", {"x", g.node("Add", {g.node("Abs", {"x"}), g.constant({1})})});
    check_activation(g, "softsign", [](double z) { return z / (1 + std::abs(z)); });
  }
  SECTION("SiLU of a SiLU") {
    Graph g;
    const auto once = g.node("Mul", {"x", g.node("Sigmoid", {"x"})});
    g.node("Mul", {g.node("Sigmoid", {once}), once});
    check_elements(g, [](double x) {
      const double z = x * sigmoid(x);
      return z * sigmoid(z);
    });
  }
}

TEST_CASE("operators with attributes", "[onnx]") {
  struct {
    const char* op;
    std::vector<std::pair<std::string, double>> attributes;
    std::function<double(double)> f;
  } const cases[] = {
      {"LeakyRelu", {}, [](double z) { return z > 0 ? z : 0.01 * z; }},
      {"LeakyRelu", {{"alpha", 0.25}}, [](double z) { return z > 0 ? z : 0.25 * z; }},
      {"LeakyRelu", {{"alpha", -2}}, [](double z) { return z > 0 ? z : -2 * z; }},
      {"Elu", {}, [](double z) { return z > 0 ? z : std::expm1(z); }},
      {"Elu", {{"alpha", 0.5}}, [](double z) { return z > 0 ? z : 0.5 * std::expm1(z); }},
      {"Celu", {{"alpha", 2}}, [](double z) { return z > 0 ? z : 2 * std::expm1(z / 2); }},
      {"Selu",
       {},
       [](double z) { return 1.0507009873554805 * (z > 0 ? z : 1.6732632423543773 * std::expm1(z)); }},
      {"Selu",
       {{"alpha", 0.5}, {"gamma", 2}},
       [](double z) { return 2 * (z > 0 ? z : 0.5 * std::expm1(z)); }},
      {"HardSigmoid", {}, [](double z) { return clip(0.2 * z + 0.5, 0, 1); }},
      {"HardSigmoid",
       {{"alpha", -0.5}, {"beta", 0.25}},
       [](double z) { return clip(-0.5 * z + 0.25, 0, 1); }},
      {"HardSwish", {}, [](double z) { return z * clip(z / 6 + 0.5, 0, 1); }},
      {"Softplus", {}, softplus},
      {"Softsign", {}, [](double z) { return z / (1 + std::abs(z)); }},
      {"Neg", {}, [](double z) { return -z; }},
      {"Identity", {}, [](double z) { return z; }},
      {"Dropout", {}, [](double z) { return z; }},
      {"Flatten", {}, [](double z) { return z; }},
  };
  for (const auto& one : cases) {
    INFO(one.op);
    Graph g;
    g.node(one.op, {"x"});
    for (const auto& [name, x] : one.attributes) g.number(name, x);
    check_elements(g, one.f);
    // After another activation, which must not become a part of it.
    Graph second;
    second.node(one.op, {second.node("Relu", {"x"})});
    for (const auto& [name, x] : one.attributes) second.number(name, x);
    check_elements(second, [&](double z) { return one.f(std::max(z, 0.0)); });
  }
}

TEST_CASE("bounds", "[onnx]") {
  const auto check = [](const char* op, std::vector<double> bounds, const std::function<double(double)>& f) {
    Graph g;
    std::vector<std::string> inputs{"x"};
    for (const double bound : bounds) inputs.push_back(std::isnan(bound) ? "" : g.constant({bound}));
    g.node(op, inputs);
    check_elements(g, f);
  };
  const double none = std::nan("");
  check("Clip", {0, 6}, [](double z) { return clip(z, 0, 6); });
  check("Clip", {-1, 1}, [](double z) { return clip(z, -1, 1); });
  check("Clip", {0, 1}, [](double z) { return clip(z, 0, 1); });
  check("Clip", {-0.25, 4}, [](double z) { return clip(z, -0.25, 4); });
  check("Clip", {none, 2}, [](double z) { return std::min(z, 2.0); });
  check("Clip", {-2}, [](double z) { return std::max(z, -2.0); });
  check("Clip", {}, [](double z) { return z; });
  check("Clip", {-3.4028234663852886e38, 3.4028234663852886e38}, [](double z) { return z; });
  check("Max", {0}, [](double z) { return std::max(z, 0.0); });
  check("Min", {0}, [](double z) { return std::min(z, 0.0); });
  Graph six;
  six.node("Min", {six.constant({6}), six.node("Max", {"x", six.constant({0})})});
  check_activation(six, "relu6", [](double z) { return clip(z, 0, 6); });
  Graph old(3, 10);
  old.node("Clip", {"x"});
  old.number("min", -1);
  old.number("max", 0.5);
  check_elements(old, [](double z) { return clip(z, -1, 0.5); });
}

TEST_CASE("softplus and its relatives", "[onnx]") {
  SECTION("with β") {
    Graph g;
    g.node("Div", {g.node("Softplus", {g.node("Mul", {"x", g.constant({3})})}), g.constant({3})});
    check_activation(g, "softplus", [](double z) { return softplus(3 * z) / 3; });
  }
  SECTION("the logarithm of a sigmoid") {
    Graph g;
    g.node("Log", {g.node("Sigmoid", {"x"})});
    check_activation(g, "logsigmoid", [](double z) { return -softplus(-z); });
  }
  SECTION("1/(1 + exp(−z))") {
    Graph g;
    g.node("Reciprocal", {g.node("Add", {g.node("Exp", {g.node("Neg", {"x"})}), g.constant({1})})});
    check_activation(g, "sigmoid", sigmoid);
  }
}

TEST_CASE("layer normalisation spelled out", "[onnx]") {
  for (const bool power : {false, true}) {
    Graph g(4);
    const auto mean = [&](const std::string& of) {
      const auto value = g.node("ReduceMean", {of});
      g.attribute("axes", onnx::AttributeProto::INTS).add_ints(-1);
      return value;
    };
    const auto z = g.node("Mul", {"x", g.constant({1, 2, 3, 4}, {4})});
    const auto centred = g.node("Sub", {z, mean(z)});
    const auto square = power ? g.node("Pow", {centred, g.constant({2})}) : g.node("Mul", {centred, centred});
    const auto root = g.node("Sqrt", {g.node("Add", {mean(square), g.constant({0.125})})});
    const auto normal = g.node("Div", {centred, root});
    g.node("Add",
           {g.node("Mul", {normal, g.constant({1, 2, 1, 3}, {4})}), g.constant({0.5, 0, 1, -1}, {1, 4})});
    const auto model = g.load();
    REQUIRE(model.layers.size() == 2);
    CHECK(model.layers[1].kind == LayerKind::layer_norm);
    CHECK(model.layers[1].options.at("epsilon") == 0.125);
    const Eigen::MatrixXd X = samples(4), A = model.network.predict(X);
    for (Index i = 0; i < X.rows(); ++i) {
      const Eigen::Array4d x = X.row(i).transpose().array() * Eigen::Array4d(1, 2, 3, 4), d = x - x.mean();
      const Eigen::Array4d y = d / std::sqrt(d.square().mean() + 0.125) * Eigen::Array4d(1, 2, 1, 3) +
                               Eigen::Array4d(0.5, 0, 1, -1);
      CHECK((A.row(i).transpose().array() - y).abs().maxCoeff() < 1e-12);
    }
  }
}

TEST_CASE("scaling that the network's scalar does not hold is refused", "[onnx]") {
  Graph g;
  const auto grown = g.node("Mul", {"x", g.constant({1e30, 1, 1}, {3})});
  g.node("Mul", {grown, g.constant({1e30, 1, 1}, {3})});
  CHECK_THROWS_MATCHES(
      g.load<float>(), lamina::FormatError,
      Catch::Matchers::Message("bytes in memory, node 1 'n2' (Mul): expected finite numbers of "
                               "the network's scalar, got 1e+60"));
  CHECK(g.load<double>().layers.size() == 1);
}

TEST_CASE("scaling is kept precise and in one layer", "[onnx]") {
  // (x − 10⁶)/s: the difference first, as the graph has it.
  Graph g;
  const auto centred = g.node("Sub", {"x", g.constant({1e6, 1e6, 1e6}, {3})});
  g.node("Div", {centred, g.constant({3, 5, 7}, {1, 3})});
  const auto model = g.load<float>();
  REQUIRE(model.layers.size() == 1);
  CHECK(model.layers[0].kind == LayerKind::normalization);
  const Eigen::MatrixXf A = model.network.predict(Eigen::RowVector3f(1e6f + 1, 1e6f + 2, 1e6f - 3));
  CHECK((A - Eigen::RowVector3f(1.0f / 3, 2.0f / 5, -3.0f / 7)).cwiseAbs().maxCoeff() < 1e-6f);

  // The same of numbers, which are no vectors: ((x − 10⁶)/4 + 1)·2 and 5 − x
  Graph numbers;
  const auto quarter =
      numbers.node("Div", {numbers.node("Sub", {"x", numbers.constant({1e6})}), numbers.constant({4})});
  numbers.node("Mul", {numbers.node("Add", {quarter, numbers.constant({1})}), numbers.constant({2})});
  const Eigen::MatrixXf B =
      numbers.load<float>().network.predict(Eigen::RowVector3f(1e6f + 1, 1e6f + 2, 1e6f - 3));
  CHECK((B - Eigen::RowVector3f(2.5f, 3, 0.5f)).cwiseAbs().maxCoeff() < 1e-6f);
  Graph reversed;
  reversed.node("Sub", {reversed.constant({5, 6, 7}, {3}), "x"});
  CHECK(reversed.load().network.predict(Eigen::RowVector3d(1, 2, 3)) == Eigen::RowVector3d(4, 4, 4));
}

TEST_CASE("Scaler of ai.onnx.ml", "[onnx]") {
  Graph g;
  g.node("Scaler", {"x"});
  g.last().set_domain("ai.onnx.ml");
  auto& offset = g.attribute("offset", onnx::AttributeProto::FLOATS);
  for (const float x : {1.0f, 2.0f, 3.0f}) offset.add_floats(x);
  g.attribute("scale", onnx::AttributeProto::FLOATS).add_floats(0.5f);
  CHECK(g.load().network.predict(Eigen::RowVector3d(2, 4, 9)) == Eigen::RowVector3d(0.5, 1, 3));
}

TEST_CASE("Gemm, MatMul and their biases", "[onnx]") {
  const std::vector<double> W{1, 2, 3, 4, 5, 6};
  const Eigen::MatrixXd X = samples();
  const Eigen::MatrixXd AB = X * (Eigen::MatrixXd(3, 2) << 1, 2, 3, 4, 5, 6).finished();
  const std::pair<std::vector<double>, std::vector<std::int64_t>> biases[] = {
      {{7, 8}, {2}}, {{7, 8}, {1, 2}}, {{9}, {}}, {{9}, {1}}, {{9}, {1, 1}}};
  for (const auto& [values, shape] : biases) {
    const Eigen::RowVector2d c(values[0], values.back());
    Graph gemm;
    gemm.node("Gemm", {"x", gemm.constant(W, {3, 2}), gemm.constant(values, shape)});
    gemm.number("alpha", 0.5);
    gemm.number("beta", -2);
    CHECK((gemm.load().network.predict(X) - ((0.5 * AB).rowwise() - 2 * c)).cwiseAbs().maxCoeff() < 1e-12);
    CHECK(gemm.load().layers.size() == 1);
    Graph matmul;
    matmul.node("Add",
                {matmul.constant(values, shape), matmul.node("MatMul", {"x", matmul.constant(W, {3, 2})})});
    CHECK((matmul.load().network.predict(X) - (AB.rowwise() + c)).cwiseAbs().maxCoeff() < 1e-12);
    CHECK(matmul.load().layers.size() == 1);
    CHECK(matmul.load().layers[0].bias);
  }
  Graph transposed;
  transposed.node("MatMul",
                  {"x", transposed.node("Transpose", {transposed.constant({1, 3, 5, 2, 4, 6}, {2, 3})})});
  CHECK((transposed.load().network.predict(X) - AB).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("shapes of samples", "[onnx]") {
  const auto graph = [](std::vector<std::int64_t> shape) {
    Graph g;
    g.graph().clear_input();
    g.input("x", shape);
    return g;
  };
  Eigen::MatrixXd X(1, 6);
  X << 1, 2, 3, 4, 5, 6;
  {
    Graph g = graph({-1, 2, 3});
    const auto scaled = g.node("Mul", {"x", g.constant({1, 10, 100}, {3})});  // along the last dimension
    g.node("Flatten", {g.node("Add", {scaled, g.constant({0, 1000}, {2, 1})})});
    Eigen::MatrixXd expected(1, 6);
    expected << 1, 20, 300, 1004, 1050, 1600;
    CHECK(g.load().network.predict(X) == expected);
  }
  for (const std::vector<std::int64_t>& target : {std::vector<std::int64_t>{-1, 6}, {0, -1}, {0, 6}}) {
    Graph g = graph({-1, 2, 3});
    g.node("Reshape", {"x", g.integers(target)});
    CHECK(g.load().network.predict(X) == X);
  }
  for (const std::vector<std::int64_t>& target :
       {std::vector<std::int64_t>{6, -1}, {-1, 3}, {1, 6}, {-1, 2, 2}, {6}, {0, 5}}) {
    Graph g = graph({-1, 2, 3});
    g.node("Reshape", {"x", g.integers(target)});
    CHECK(g.error().find("node 0 'n1' (Reshape): expected") != std::string::npos);
  }
  {
    Graph g = graph({-1, 2, 3});  // what is no row yet
    g.node("Softmax", {"x"});
    CHECK(g.error().find("(Softmax): expected a matrix") != std::string::npos);
  }
  {
    Graph g;  // no shape at all: the first weight tells
    g.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
    g.node("Gemm", {g.node("Relu", {"x"}), g.constant({1, 2, 3, 4, 5, 6}, {3, 2})});
    CHECK(g.load().network.inputs() == 3);
  }
}

TEST_CASE("one of several outputs", "[onnx]") {
  Graph g;
  const auto p = g.node("Sigmoid", {"x"});
  g.graph().add_output()->set_name(g.node("ArgMax", {p}));
  g.graph().add_output()->set_name(p);
  CHECK(g.error().find("output: expected one, or OnnxImportOptions::output, got 'v2', 'v1'") !=
        std::string::npos);
  CHECK(g.load({.output = "v1"}).layers.size() == 1);
  CHECK(g.error({.output = "v2"}).find("node 1 'n2' (ArgMax)") != std::string::npos);
  CHECK(!g.error({.output = "v3"}).empty());
}

TEST_CASE("what import_onnx refuses names the node and its operator", "[onnx]") {
  const auto check = [](const std::function<void(Graph&)>& make, const std::string& expected,
                        int opset = 17) {
    Graph g(3, opset);
    make(g);
    const std::string error = g.error();
    INFO(error);
    CHECK(error.find(expected) != std::string::npos);
  };
  using Attribute = onnx::AttributeProto;
  check(
      [](Graph& g) {
        g.node("Conv", {"x", g.constant({1})});
      },
      "node 0 'n1' (Conv): expected an operator of a chain");
  check([](Graph& g) { g.node("Gelu", {"x"}); },
        "node 0 'n1' (Gelu): expected an operator of operator set 17");
  check(
      [](Graph& g) {
        g.node("Relu", {"x"});
        g.last().set_domain("com.acme");
      },
      "(com.acme.Relu): expected an operator");
  check([](Graph& g) { g.node("Relu", {"x", "x"}); }, "node 0 'n1' (Relu): expected 1 inputs, got 2");
  check([](Graph& g) { g.node("Relu", {"y"}); }, "expected inputs that are defined before, got 'y'");
  check(
      [](Graph& g) {
        g.node("Relu", {"x"});
        g.integer("new", 1);
      },
      "expected no other attributes, got 'new'");
  check(
      [](Graph& g) {
        g.node("Elu", {"x"});
        g.integer("alpha", 1);
      },
      "expected attribute 'alpha' as FLOAT, got INT");
  check(
      [](Graph& g) {
        g.node("Elu", {"x"});
        g.number("alpha", 1);
        g.number("alpha", 2);
      },
      "each attribute once");
  check(
      [](Graph& g) {
        g.node("Elu", {"x"});
        g.number("alpha", -1);
      },
      "node 0 'n1' (Elu): not supported");
  check(
      [](Graph& g) {
        g.node("Elu", {"x"});
        g.number("alpha", std::nan(""));
      },
      "expected a finite number");
  check([](Graph& g) { g.node("Add", {"x", g.node("Relu", {"x"})}); }, "node 1 'n2' (Add): not supported");
  check([](Graph& g) { g.node("Mul", {"x", g.node("Tanh", {"x"})}); }, "node 1 'n2' (Mul): not supported");
  check([](Graph& g) { g.node("Exp", {"x"}); }, "node 0 'n1' (Exp): not supported");
  check([](Graph& g) { g.node("Log", {"x"}); }, "node 0 'n1' (Log): expected the logarithm");
  check(
      [](Graph& g) {
        g.node("Sub", {"x", "x"});
      },
      "node 0 'n1' (Sub): expected a scale other than 0, got 0");
  check([](Graph& g) { g.node("Div", {"x", g.constant({0})}); }, "expected a divisor other than 0");
  check(
      [](Graph& g) {
        g.node("Div", {g.constant({1, 2, 3}, {3}), "x"});
      },
      "(Div): expected a division by a constant");
  check(
      [](Graph& g) {
        g.node("Mul", {"x", g.constant({1, 0, 3}, {3})});
      },
      "expected a scale other than 0, got 0");
  check(
      [](Graph& g) {
        g.node("Mul", {"x", g.constant({1, 2}, {2})});
      },
      "expected a constant for samples × 3, got 2 of");
  check(
      [](Graph& g) {
        g.node("Mul", {"x", g.constant({1, 2, 3}, {3, 1})});
      },
      "expected a constant for samples × 3");
  check(
      [](Graph& g) {
        g.node("Mul", {"x", g.constant({2}, {1, 1, 1})});
      },
      "expected a constant for samples × 3");
  check([](Graph& g) { g.node("Clip", {"x", g.constant({2}), g.constant({1})}); }, "expected min < max");
  check(
      [](Graph& g) {
        g.node("Max", {"x", g.node("Neg", {"x"})});
      },
      "expected a constant as one of its inputs");
  check([](Graph& g) { g.node("Pow", {"x", g.constant({4})}); }, "expected an exponent of");
  check(
      [](Graph& g) {
        g.node("MatMul", {g.constant({1}, {1, 1}), "x"});
      },
      "expected a constant as its second input only");
  check([](Graph& g) { g.node("MatMul", {"x", "x"}); }, "expected a constant for input 1");
  check(
      [](Graph& g) {
        g.node("MatMul", {"x", g.constant({1, 2}, {2, 1})});
      },
      "expected a weight for 3 inputs");
  check(
      [](Graph& g) {
        g.node("MatMul", {"x", g.constant({1, 2, 3}, {3})});
      },
      "expected a matrix for input 1");
  check([](Graph& g) { g.node("MatMul", {"x", g.constant({}, {3, 0})}); }, "expected a weight for 3 inputs");
  check(
      [](Graph& g) {
        g.node("Gemm", {"x", g.constant({1, 2, 3}, {3, 1})});
        g.integer("transA", 1);
      },
      "expected transA = 0");
  check(
      [](Graph& g) {
        g.node("Gemm", {"x", g.constant({1, 2, 3}, {3, 1}), g.constant({1, 2}, {2})});
      },
      "expected a constant for samples × 1");
  check([](Graph& g) { g.node("Gemm", {"x", g.constant({1, 2, 1e39}, {3, 1})}); }, "expected finite numbers");
  check(
      [](Graph& g) {
        g.node("Softmax", {"x"});
        g.integer("axis", 0);
      },
      "expected an axis of 1 or −1");
  check(
      [](Graph& g) {
        g.node("Flatten", {"x"});
        g.integer("axis", 0);
      },
      "expected axis = 1");
  check([](Graph& g) { g.node("Transpose", {"x"}); }, "node 0 'n1' (Transpose): expected Flatten or Reshape");
  check(
      [](Graph& g) {
        g.node("Cast", {"x"});
        g.integer("to", onnx::TensorProto::INT32);
      },
      "(Cast): expected a cast");
  check(
      [](Graph& g) {
        g.node("PRelu", {"x", g.constant({1, 2, 1}, {3})});
      },
      "expected one slope for all columns");
  check([](Graph& g) { g.node("Dropout", {"x", "", g.constant({1})}); }, "expected training_mode false");
  check(
      [](Graph& g) {
        g.node("BatchNormalization", {"x", g.constant({1, 1, 1}, {3}), g.constant({0, 0, 0}, {3}),
                                      g.constant({0, 0, 0}, {3}), g.constant({1, -1, 1}, {3})});
      },
      "layer 0: BatchNorm: expected finite running means and variances");
  check(
      [](Graph& g) {
        g.node("BatchNormalization", {"x", g.constant({1, 1}, {2}), g.constant({0, 0, 0}, {3}),
                                      g.constant({0, 0, 0}, {3}), g.constant({1, 1, 1}, {3})});
      },
      "expected 3 numbers for input 1, got 2");
  check(  // statistics of the batch among the outputs: in training
      [](Graph& g) {
        g.node("BatchNormalization", {"x", g.constant({1, 1, 1}, {3}), g.constant({0, 0, 0}, {3}),
                                      g.constant({0, 0, 0}, {3}), g.constant({1, 1, 1}, {3})});
        g.graph().mutable_node(0)->add_output("");
        g.graph().mutable_node(0)->add_output("variance");
      },
      "(BatchNormalization): expected one output, as in inference, got more");
  check(
      [](Graph& g) {
        g.node("Add", {"x", g.constant({1}, std::vector<std::int64_t>(65, 1))});
      },
      "dims: expected at most 64, got 65");
  // So many that time grows with the product of both numbers where each output looks at all attributes: minutes.
  check(
      [](Graph& g) {
        g.node("Relu", {"x"});
        auto& node = *g.graph().mutable_node(0);
        for (int i = 0; i < 40'000; ++i) {
          node.add_output("more" + std::to_string(i));
          node.add_attribute()->set_name("a" + std::to_string(i));
        }
      },
      "(Relu): expected no other attributes, got");
  check([](Graph& g) { g.node("Identity", {g.constant({1})}); },
        "expected a value that depends on the input");
  check(
      [](Graph& g) {
        g.node("Relu", {"x"});
        g.node("Nonsense", {"x"});
        g.graph().add_output()->set_name("v1");
      },
      "node 1 'n2' (Nonsense)");
  check(
      [](Graph& g) {
        g.node("Relu", {"x"});
        g.last().set_output(0, "x");
      },
      "expected each value once, got 'x' twice");
  check(
      [](Graph& g) {
        g.node("Relu", {"x"});
        g.input("y", {-1, 3});
      },
      "input: expected one beside the constants");
  check(
      [](Graph& g) {
        g.node("Relu", {"x"});
        Graph::describe(*g.graph().add_output(), "v1", {-1, 4});
      },
      "output 'v1': expected samples × 3");
  check(
      [](Graph& g) {
        g.node("Relu", {"x"});
        g.model.add_opset_import()->set_version(9);
      },
      "expected the operators of ONNX once");
  check([](Graph& g) { g.node("Relu", {"x"}); }, "from 7 to 25, got 6", 6);
  check([](Graph& g) { g.node("Relu", {"x"}); }, "from 7 to 25, got 26", 26);
  check(
      [](Graph& g) {
        g.node("Relu", {"x"});
        g.graph().add_sparse_initializer();
      },
      "sparse_initializer: expected dense");
  check(
      [](Graph& g) {
        g.node("Relu", {"x"});
        g.model.add_functions()->set_name("Relu");
      },
      "functions: expected none");
  check(
      [](Graph& g) {
        g.node("Mul", {"x", g.constant({1, 2}, {3})});
      },
      "tensor 'c1': expected 3 numbers for 3 FLOAT, got 2");
  check(
      [](Graph& g) {
        g.node("Relu", {"x"});
        g.attribute("a", Attribute::INT).set_ref_attr_name("b");
      },
      "no other attributes");
}

TEST_CASE("what is made of a file is in proportion to it", "[onnx]") {
  Graph wide(1'000'000'000);
  wide.node("Relu", {"x"});
  CHECK(wide.error().find("numbers in the layers of a file of") != std::string::npos);
  // Many scalings of many columns, and one weight used again and again.
  Graph many(1'000'000);
  std::string value = "x";
  for (int i = 0; i < 100; ++i) value = many.node("Tanh", {many.node("Mul", {value, many.constant({2})})});
  CHECK(many.error().find("numbers in the layers of a file of") != std::string::npos);
  Graph shared(100);
  const auto W = shared.constant(std::vector<double>(10000, 0.5), {100, 100});
  value = "x";
  for (int i = 0; i < 1000; ++i) value = shared.node("MatMul", {value, W});
  CHECK(shared.error().find("numbers in the layers of a file of") != std::string::npos);
  // Expressions that would double with every node.
  Graph squares;
  value = "x";
  for (int i = 0; i < 60; ++i) value = squares.node("Mul", {value, value});
  CHECK(squares.error().find("got an expression that is no activation") != std::string::npos);
  // A long chain is none.
  Graph chain;
  value = "x";
  for (int i = 0; i < 2000; ++i) value = chain.node("Tanh", {value});
  CHECK(chain.load<float>().layers.size() == 2000);
}
