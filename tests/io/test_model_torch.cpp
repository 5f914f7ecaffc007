// Models and PyTorch: names, shapes and bytes are those of torch.nn.Sequential's state_dict, and such files are read.

#include "lamina/io/model.hpp"
#include "support/files.hpp"

using namespace lamina;
using Catch::Matchers::Message;

namespace {

/// A safetensors file as PyTorch writes it: tensors of floats and nothing of Lamina.
std::vector<std::byte> torch_file(std::map<std::string, Array> arrays) {
  files::Folder folder;
  write_safetensors(folder.path("a"), arrays, {{"format", "pt"}});
  return read_file(folder.path("a"));
}

Array floats(std::vector<std::size_t> shape, float first) {
  std::size_t size = 1;
  for (const std::size_t extent : shape) size *= extent;
  std::vector<float> values(size);
  for (std::size_t i = 0; i < size; ++i) values[i] = first + static_cast<float>(i) / 8;
  return make_array<float>(std::move(shape), values);
}

template <class Net>
std::string message_of(Net& net, ByteSpan file, const LoadOptions& options = {}) {
  const auto before = net.parameters();
  try {
    load(net, ModelFile(read_safetensors(file, "a.st")), options);
  } catch (const FormatError& error) {
    CHECK(net.parameters() == before);
    return error.what();
  }
  return "loaded";
}

}  // namespace

// torch.nn.Sequential(Linear(2, 3), ReLU(), BatchNorm1d(3), Dropout(), Linear(3, 2, bias=False), Linear(2, 2), Tanh(),
//                     LayerNorm(2), Softmax(1))
TEST_CASE("tensors are named and shaped as in the state_dict of torch.nn.Sequential", "[model][torch]") {
  DynamicNetwork<float> net(2);
  net.dense(3, "relu").batch_norm().dropout(0.5).dense(2, Identity{}, false).dense(2).activation("tanh");
  net.layer_norm().softmax();
  net.initialize(1);
  const TensorFile file(to_safetensors(net));
  const std::map<std::string, std::vector<std::size_t>> expected{{"0.weight", {3, 2}},
                                                                 {"0.bias", {3}},
                                                                 {"2.weight", {3}},
                                                                 {"2.bias", {3}},
                                                                 {"2.running_mean", {3}},
                                                                 {"2.running_var", {3}},
                                                                 {"2.num_batches_tracked", {}},
                                                                 {"4.weight", {2, 3}},
                                                                 {"5.weight", {2, 2}},
                                                                 {"5.bias", {2}},
                                                                 {"7.weight", {2}},
                                                                 {"7.bias", {2}}};
  std::map<std::string, std::vector<std::size_t>> got;
  for (const Tensor& tensor : file.tensors()) got[tensor.name] = tensor.shape;
  CHECK(got == expected);
  CHECK(file.metadata().at("format") == "pt");
  CHECK(file.at("2.num_batches_tracked").values<int>() == std::vector<int>{0});
  // Linear computes x·weightᵀ + bias.
  CHECK(file.at("0.weight").matrix<float>() == net.weights(0).transpose());
  CHECK(file.at("0.bias").matrix<float>().transpose() == net.bias(0));
  CHECK(file.at("0.weight").dtype == ElementType::f32);
  CHECK(file.at("2.weight").matrix<float>().transpose() == net.weights(1));
}

TEST_CASE("a file of PyTorch loads into fixed, run-time and dynamic networks", "[model][torch]") {
  const auto file =
      torch_file({{"0.weight", floats({3, 2}, 1)},
                  {"0.bias", floats({3}, 10)},
                  {"2.weight", floats({3}, 20)},
                  {"2.bias", floats({3}, 30)},
                  {"2.running_mean", floats({3}, 40)},
                  {"2.running_var", floats({3}, 50)},
                  {"2.num_batches_tracked", make_array<std::int64_t>({}, std::vector<std::int64_t>{7})},
                  {"3.weight", floats({1, 3}, 60)}});
  const auto check = [&](auto net) {
    CHECK(load(net, file).layers.empty());
    Eigen::VectorXd theta(6 + 3 + 6 + 3);
    theta << 1, 1.125, 1.25, 1.375, 1.5, 1.625, 10, 10.125, 10.25, 20, 20.125, 20.25, 30, 30.125, 30.25, 60,
        60.125, 60.25;
    CHECK(net.parameters().template cast<double>() == theta);
    return net;
  };
  const auto fixed = check(Network<float, Dense<2, 3, ReLU>, BatchNorm<3>, Dense<3, 1, Identity, false>>());
  CHECK(fixed.layer<1>().running_mean()(2) == 40.25);
  CHECK(fixed.layer<1>().running_variance()(1) == 50.125);
  check(make_network<double>(Dense<Dynamic, Dynamic, ReLU>(2, 3), BatchNorm<Dynamic>(3, 0.2, 1e-3),
                             Dense<Dynamic, 1, Identity, false>(3, 1)));
  DynamicNetwork<float> dynamic(2);
  dynamic.dense(3, "relu").batch_norm(0.2, 1e-3).dense(1, Identity{}, false);
  dynamic = check(dynamic);
  // Options that the file does not have stay.
  CHECK(std::get<BatchNorm<Dynamic>>(dynamic.layer(1)).momentum() == 0.2);
}

TEST_CASE("a PyTorch model that is no Sequential is read by the names of its modules", "[model][torch]") {
  const auto file = torch_file({{"encoder.fc.weight", floats({3, 2}, 1)},
                                {"encoder.fc.bias", floats({3}, 2)},
                                {"head.weight", floats({1, 3}, 3)},
                                {"head.bias", floats({1}, 4)}});
  Network<float, Dense<2, 3, Tanh>, Dropout<3>, Dense<3, 1>> net;
  load(net, file, {.modules = {"encoder.fc", "head"}});
  CHECK(net.bias<2>()(0) == 4);
  CHECK(message_of(net, file, {.modules = {"encoder.fc", "heart"}}) ==
        "a.st: does not fit the network: layer 2 (dense), tensor 'heart.weight': expected 1\u00d73, got no "
        "such "
        "tensor; layer 2 (dense), tensor 'heart.bias': expected 1, got no such tensor; tensor 'head.bias': "
        "expected "
        "no such tensor, got 1; tensor 'head.weight': expected no such tensor, got 1\u00d73");
  CHECK_THROWS_MATCHES(load(net, file, {.modules = {"head"}}), OptionError,
                       Message("modules: expected a name for each of the 2 layers that have tensors, got 1"));
}

TEST_CASE("every mismatch between a file and a network is named, and the network stays", "[model][torch]") {
  Network<float, Dense<2, 3, ReLU>, BatchNorm<3>, Dense<3, 1>> net;
  net.initialize(4);
  CHECK(message_of(net, torch_file({{"0.weight", floats({2, 3}, 1)},
                                    {"0.bias", make_array<int>({3}, std::vector<int>{1, 2, 3})},
                                    {"2.weight", floats({4}, 20)},
                                    {"2.running_mean", floats({3}, 40)},
                                    {"2.running_var", floats({3}, 50)},
                                    {"2.num_batches_tracked", floats({2}, 1)},
                                    {"3.weight", floats({1, 3}, 60)},
                                    {"3.bias", floats({1}, 60)},
                                    {"4.weight", floats({1, 1}, 60)}})) ==
        "a.st: does not fit the network: "
        "layer 0 (dense), tensor '0.weight': expected 3\u00d72, got 2\u00d73; "
        "layer 0 (dense), tensor '0.bias': expected F16, BF16, F32 or F64, got I32; "
        "layer 1 (batch_norm), tensor '2.weight': expected 3, got 4; "
        "layer 1 (batch_norm), tensor '2.bias': expected 3, got no such tensor; "
        "layer 1 (batch_norm), tensor '2.num_batches_tracked': expected a single number, got 2; "
        "layer 1 (batch_norm), tensor '2.num_batches_tracked': expected an integer, got F32; "
        "tensor '4.weight': expected no such tensor, got 1\u00d71");
  // Of many no more than twenty.
  std::map<std::string, Array> many;
  for (int i = 0; i < 40; ++i) many["x" + std::to_string(i)] = floats({1}, 0);
  CHECK(message_of(net, torch_file(many)).ends_with("; and 28 more"));
}

TEST_CASE("a number that is not finite, or a running variance below 0, is named", "[model][torch]") {
  Network<float, BatchNorm<2>, Dense<2, 2>> net;
  const auto file = [](double weight, double variance) {
    return torch_file({{"0.weight", floats({2}, 1)},
                       {"0.bias", floats({2}, 1)},
                       {"0.running_mean", floats({2}, 1)},
                       {"0.running_var", make_array<double>({2}, std::vector<double>{1, variance})},
                       {"1.weight", make_array<double>({2, 2}, std::vector<double>{0, 0, weight, 0})},
                       {"1.bias", floats({2}, 1)}});
  };
  constexpr double inf = std::numeric_limits<double>::infinity();
  CHECK(message_of(net, file(1, 1)) == "loaded");
  const std::string at =
      "a.st, layer 1, tensor '1.weight', element [1, 0]: expected a finite number of the network's scalar, "
      "got ";
  CHECK(message_of(net, file(std::nan(""), 1)) == at + "nan");
  CHECK(message_of(net, file(-inf, 1)) == at + "-inf");
  CHECK(message_of(net, file(1e300, 1)) == at + "1e+300");  // a double beyond the floats
  CHECK(message_of(net, file(1, inf)) ==
        "a.st, layer 0, tensor '0.running_var', element [1]: expected a finite number of the network's "
        "scalar, got inf");
  CHECK(message_of(net, file(1, 1e60))
            .ends_with("expected a finite number of the network's scalar, got 1e+60"));
  Network<double, BatchNorm<2>, Dense<2, 2>> wide;
  CHECK(message_of(wide, file(1e300, 1e60)) == "loaded");
  CHECK(message_of(net, file(1, -1)) ==
        "a.st, layer 0: BatchNorm: expected finite running means and variances \u2265 0, got 1.125 and -1 at "
        "column 1");
}

TEST_CASE("models of the reference cases, in all four types, predict what they should",
          "[model][torch][oracle]") {
  LAMINA_NEEDS_ORACLE();
  int count = 0;
  const auto cases = oracle::load("safetensors", "cases").at("cases");
  for (const auto& c : cases) {
    const auto& expected = c.value("expected", oracle::json());
    if (!expected.is_object() || !expected.contains("X")) continue;
    INFO(c.at("name"));
    ++count;
    const std::string path = (oracle::directory() / "safetensors" / c.at("file").get<std::string>()).string();
    // The extents are the file's; the activation is in words.
    REQUIRE(expected.at("network").get<std::string>().find("tanh between the layers") != std::string::npos);
    const TensorFile file = read_safetensors(path);
    std::map<int, const Tensor*> layers;
    for (const Tensor& tensor : file.tensors())
      if (tensor.name.ends_with(".weight")) layers[std::stoi(tensor.name)] = &tensor;
    const auto X = oracle::matrix<double>(expected.at("X")),
               A = oracle::matrix<double>(expected.at("output"));
    const auto check = [&](auto net, double tolerance) {
      using Scalar = typename decltype(net)::Scalar;
      std::size_t left = layers.size();
      for (const auto& [number, tensor] : layers)
        net.dense(static_cast<Index>(tensor->shape[0]), --left > 0 ? AnyActivation("tanh") : AnyActivation());
      load(net, path);
      const Eigen::MatrixXd got = net.predict(X.template cast<Scalar>()).template cast<double>();
      CHECK((got - A).cwiseAbs().maxCoeff() <= tolerance);
    };
    const Index inputs = X.cols();
    // Some tens of roundings of terms of size 1 to 4.
    check(DynamicNetwork<double>(inputs), 1e-13);
    check(DynamicNetwork<float>(inputs), 2e-5);
  }
  CHECK(count >= 4);
}
