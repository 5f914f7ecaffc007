// Files that say what cannot be: a FormatError that names the file and the place, and a network that is as it was.

#include "lamina/io/model.hpp"
#include "support/files.hpp"

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

namespace {

using Net = Network<float, Dense<2, 3, LeakyReLU>, Dropout<3>, Dense<3, 1, Identity, false>>;

Net some_network() {
  Net net(Dense<2, 3, LeakyReLU>(LeakyReLU{.slope = 0.25}), Dropout<3>(0.125),
          Dense<3, 1, Identity, false>());
  net.initialize(1);
  return net;
}

/// The file of a network with one entry of its metadata changed; without a value the entry is left out.
std::vector<std::byte> with(const char* key, std::optional<std::string> value) {
  const TensorFile file(to_safetensors(some_network(), {.extra = {{"a", "b"}}}));
  auto metadata = file.metadata();
  metadata.erase(std::string("lamina.") + key);
  if (value) metadata[std::string("lamina.") + key] = *value;
  return to_safetensors(file.tensors(), metadata);
}

std::string entry(const char* key) {
  return TensorFile(to_safetensors(some_network())).metadata().at(std::string("lamina.") + key);
}

/// The entry with `from` made `to`.
std::string changed(const char* key, const std::string& from, const std::string& to) {
  std::string text = entry(key);
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// What both ways of loading say.
std::string message_of(ByteSpan bytes) {
  std::string message = "loaded", other = "loaded";
  Net net = some_network();
  net.parameters().setConstant(9);
  const Net before = net;
  try {
    load(net, ModelFile(read_safetensors(bytes, "m")));
  } catch (const FormatError& error) {
    message = error.what();
    CHECK(net.parameters() == before.parameters());
    CHECK(net.layer<1>().rate() == before.layer<1>().rate());
  }
  try {
    load_network<float>(ModelFile(read_safetensors(bytes, "m")));
  } catch (const FormatError& error) {
    other = error.what();
  }
  CHECK(other == message);
  return message;
}

void refuses(const char* key, const std::string& value, const std::string& message) {
  INFO(value.substr(0, 300));
  CHECK(message_of(with(key, value)) == "m, lamina." + message);
}
void refuses_change(const char* key, const std::string& from, const std::string& to,
                    const std::string& message) {
  refuses(key, changed(key, from, to), message);
}

}  // namespace

TEST_CASE("the file that the others are made of is a good one", "[model][hostile]") {
  CHECK(message_of(with("extra", R"({"a": "b"})")) == "loaded");
  Net net;
  load(net, to_safetensors(some_network()));
  CHECK(net.layer<0>().activation().slope == 0.25);
  CHECK(net.layer<1>().rate() == 0.125);
}

TEST_CASE("metadata that are missing or of another format", "[model][hostile]") {
  CHECK(message_of(with("version", {})) == "m, lamina.version: expected it, got none");
  CHECK(message_of(with("scalar", {})) == "m, lamina.scalar: expected it, got none");
  CHECK(message_of(with("architecture", {})) == "m, lamina.architecture: expected it, got none");
  refuses("format", "2", "format: expected 1, got '2', written by version " LAMINA_VERSION_STRING);
  refuses("scalar", "F16", "scalar: expected F32 or F64, got 'F16'");
  refuses("version", "", "version: expected a version, got ''");
  // Without the format it is a file of someone else's.
  Net net;
  load(net, with("format", {}));
  CHECK(net.parameters() == some_network().parameters());
  CHECK_THROWS_WITH(
      load_network<float>(ModelFile(read_safetensors(with("format", {}), "m"))),
      ContainsSubstring("m: expected metadata of Lamina that say the layers of the model, got none"));
}

TEST_CASE("metadata that are no JSON, or too deep", "[model][hostile]") {
  for (const std::string text : {"", "[", "[1,]", "nul", "[1e999]", "{\"a\" 1}", "[\"\\ud800\"]", "[] []"}) {
    INFO(text);
    CHECK_THAT(message_of(with("architecture", text)),
               ContainsSubstring("m, lamina.architecture: expected JSON, got: "));
    CHECK_THAT(message_of(with("extra", text)), ContainsSubstring("m, lamina.extra: expected JSON, got: "));
  }
  refuses("architecture", entry("architecture") + std::string(1, '\0'),
          "architecture: expected JSON, got a zero byte");
  refuses("architecture", std::string(100'000, '['),
          "architecture: expected values nested 8 deep, got deeper ones");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  refuses("extra", deep, "extra: expected values nested 8 deep, got deeper ones");
  refuses("extra", R"({"a": "b", "a": "c"})", "extra: expected each key once, got 'a' twice");
  // So many that it takes longer than a test may, under sanitizers, where all are looked through after each.
  std::string many = "{";
  for (int i = 0; i < 80'000; ++i) many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":{}";
  refuses("extra", many + "}", "extra.0: expected a string, got an object");
}

TEST_CASE("layers that cannot be", "[model][hostile]") {
  refuses("architecture", "{}", "architecture: expected an array, got an object");
  refuses("architecture", "[]", "architecture: expected at least one layer, got none");
  refuses("architecture", "[7]", "architecture[0]: expected an object, got 7");
  refuses("architecture", "[{}]", "architecture[0]: expected the key 'kind', got none");
  const auto change = [](const std::string& from, const std::string& to, const std::string& message) {
    refuses_change("architecture", from, to, "architecture" + message);
  };
  change("\"dense\"", "\"conv\"",
         "[0].kind: expected dense, activation, dropout, batch_norm, layer_norm, normalization or softmax, "
         "got 'conv'");
  change("\"dense\"", "1", "[0].kind: expected a string, got 1");
  change("\"inputs\":2", "\"inputs\":0", "[0].inputs: expected an integer from 1 to 2147483647, got 0");
  change("\"inputs\":2", "\"inputs\":-2", "[0].inputs: expected an integer from 1 to 2147483647, got -2");
  change("\"inputs\":2", "\"inputs\":2.5", "[0].inputs: expected an integer from 1 to 2147483647, got 2.5");
  change("\"inputs\":2", "\"inputs\":\"2\"",
         "[0].inputs: expected an integer from 1 to 2147483647, got \"2\"");
  change("\"inputs\":2", "\"inputs\":18446744073709551615",
         "[0].inputs: expected an integer from 1 to 2147483647, got 18446744073709551615");
  change("\"inputs\":3,\"kind\":\"dropout\"", "\"inputs\":4,\"kind\":\"dropout\"",
         "[1].outputs: expected 4, as many as inputs, got 3");
  change("\"inputs\":3,\"kind\":\"dense\"", "\"inputs\":4,\"kind\":\"dense\"",
         "[2].inputs: expected 3, as many as the layer before has outputs, got 4");
  change("\"bias\":true", "\"bias\":1", "[0].bias: expected true or false, got 1");
  change("\"bias\":true,", "", "[0]: expected the key 'bias', got none");
  change("\"rate\":0.125", "\"rate\":\"no\"", "[1].options.rate: expected a number, got \"no\"");
  change("\"rate\":0.125", "\"rat\":0.125", "[1].options: expected the key 'rate', got none");
  change("\"rate\":0.125", "\"rate\":0.125,\"x\":1", "[1].options: expected 1 options, got 2");
  change(
      "\"bias\":true", "\"bias\":true,\"twist\":1",
      "[0]: expected no keys but kind, inputs, outputs, bias, activation, activation_options, got 'twist'");
}

TEST_CASE("options outside their domains, and activations that are not known", "[model][hostile]") {
  const auto message = [](const std::string& from, const std::string& to) {
    return message_of(with("architecture", changed("architecture", from, to)));
  };
  CHECK(message("\"rate\":0.125", "\"rate\":1") == "m, layer 1: Dropout: expected a rate in [0, 1), got 1");
  CHECK(message("\"slope\":0.25", "\"alpha\":0.25") ==
        "m, layer 0: activation leaky_relu: expected the option slope, got none");
  CHECK(message("\"slope\":0.25", "\"slope\":0.25,\"x\":1") ==
        "m, layer 0: activation leaky_relu: expected 1 options, got 2");
  CHECK_THAT(message("\"slope\":0.25", "\"slope\":1e300"),
             ContainsSubstring("m, layer 0: LeakyReLU: slope: expected 0 or a"));
  CHECK_THROWS_WITH(
      load_network<float>(with("architecture", changed("architecture", "leaky_relu", "lazy_relu"))),
      ContainsSubstring("layer 0: activation: expected one of identity") &&
          ContainsSubstring("got \"lazy_relu\""));
}

TEST_CASE("layers that are not those of the network are all named", "[model][hostile]") {
  DynamicNetwork<float> other(2);
  other.dense(4, "tanh", false).dense(1);
  const auto bytes = to_safetensors(some_network());
  const ModelFile file(read_safetensors(bytes, "m"));
  CHECK_THROWS_MATCHES(
      load(other, file), FormatError,
      Catch::Matchers::Message(
          "m: does not fit the network: expected 2 layers, got 3; layer 0: expected dense, 2 to 4, "
          "tanh, without a bias, got dense, 2 to 3, leaky_relu, with a bias; layer 1: expected "
          "dense, 4 to 1, identity, with a bias, got dropout, 3 to 3"));
  CHECK(other.size() == 2);
}

TEST_CASE("extents that overflow or that no tensor bears out", "[model][hostile]") {
  // 2^31 - 1 by 2^31 - 1, and 2·(2^31 - 1) normalised: nothing is made of them.
  const std::string dense =
      R"([{"kind":"dense","inputs":2147483647,"outputs":2147483647,"bias":true,"activation":"relu"}])";
  CHECK_THROWS_WITH(
      load_network<float>(with("architecture", dense)),
      ContainsSubstring("architecture: expected at most 1049344 outputs of all layers together for 12 "
                        "elements of tensors, got 2147483647"));
  const std::string few =
      R"([{"kind":"dense","inputs":2147483647,"outputs":1000000,"bias":true,"activation":"relu"}])";
  CHECK_THROWS_WITH(
      load_network<float>(to_safetensors({},
                                         [&] {
                                           auto metadata = TensorFile(with("architecture", few)).metadata();
                                           metadata.erase("lamina.golden");
                                           return metadata;
                                         }())),
      ContainsSubstring("tensor '0.weight': expected 1000000\u00d72147483647, got no such tensor"));
}

TEST_CASE("losses, names and extras that are of other types", "[model][hostile]") {
  refuses("loss", "[]", "loss: expected an object, got an array");
  refuses("loss", R"({"name": "mse"})", "loss: expected the key 'options', got none");
  refuses("loss", R"({"name": "mse", "options": {"a": 1}})", "loss.options.a: expected an array, got 1");
  refuses("loss", R"({"name": "mse", "options": {"a": [null]}})",
          "loss.options.a[0]: expected a number, got null");
  refuses("loss", R"({"name": 1, "options": {}})", "loss.name: expected a string, got 1");
  refuses("class_names", R"([1])", "class_names[0]: expected a string, got 1");
  refuses("class_names", R"(["a", "b", "c"])",
          "class_names: expected one for each of 1 outputs, or two, got 3");
  refuses("feature_names", R"(["a"])", "feature_names: expected one for each of 2 inputs, got 1");
  refuses("extra", R"([])", "extra: expected an object, got an array");
  refuses("extra", R"({"a": 1})", "extra.a: expected a string, got 1");
}

TEST_CASE("golden pairs of another shape, and a model that does not reproduce them", "[model][hostile]") {
  refuses("golden", "{}", "golden: expected the key 'inputs', got none");
  refuses("golden", R"({"inputs":[],"outputs":[],"tolerance":1})",
          "golden.inputs: expected 1 to 64 rows, got 0");
  refuses("golden", R"({"inputs":[[1,2]],"outputs":[],"tolerance":1})",
          "golden.outputs: expected 1 rows, got 0");
  refuses("golden", R"({"inputs":[[1]],"outputs":[[1]],"tolerance":1})",
          "golden.inputs[0]: expected 2 numbers, got 1");
  refuses("golden", R"({"inputs":[[1,"2"]],"outputs":[[1]],"tolerance":1})",
          "golden.inputs[0][1]: expected a number, got \"2\"");
  refuses("golden", R"({"inputs":[[1,2]],"outputs":[[1]],"tolerance":-1})",
          "golden.tolerance: expected a number from 0, got -1");
  refuses("golden", R"({"inputs":[[1,1e300]],"outputs":[[1]],"tolerance":1})",
          "golden.inputs: expected numbers that the network's scalar has");
  CHECK_THAT(message_of(with("golden", R"({"inputs":[[0,0]],"outputs":[[0.5]],"tolerance":0.25})")),
             ContainsSubstring(
                 "m, lamina.golden: expected output 0 of pair 0 to be 0.5 within 0.25, as it was when the "
                 "model was saved, got "));

  // One weight of another sign.
  Net net = some_network();
  const auto bytes = to_safetensors(net);
  const TensorFile file{std::vector<std::byte>(bytes)};
  net.parameters()[2] *= -1;
  const TensorFile changed{to_safetensors(net)};
  const auto forged = to_safetensors(changed.tensors(), file.metadata());
  CHECK_THAT(message_of(forged), ContainsSubstring("m, lamina.golden: expected output 0 of pair 0 to be "));
  load(net, forged, {.check_golden_pairs = false});
  CHECK(net.parameters()[2] == -some_network().parameters()[2]);
}

TEST_CASE("the tolerance of golden pairs is as coarse as the types on the way", "[model][hostile]") {
  DynamicNetwork<double> net(20);
  net.dense(50, "tanh").dense(50, "tanh").dense(3).initialize(3);
  const TensorFile file(to_safetensors(net));
  for (const ElementType type : {ElementType::f32, ElementType::f16, ElementType::bf16}) {
    INFO(name_of(type));
    files::Folder folder;
    std::map<std::string, Array> arrays;
    for (const Tensor& tensor : file.tensors())
      arrays[tensor.name] = make_array<double>(tensor.shape, tensor.values<double>()).rounded_to(type);
    write_safetensors(folder.path("a"), arrays, file.metadata());
    CHECK_NOTHROW(load_network<double>(folder.path("a")));
    CHECK_NOTHROW(load_network<float>(folder.path("a")));
  }
  // Doubles are held to some thousand of their own roundings.
  const auto golden = load_info(to_safetensors(net)).golden;
  CHECK(golden->tolerance < 1e-11);
  CHECK(golden->tolerance >= 1000 * 0x1p-52 * golden->outputs.cwiseAbs().maxCoeff());
}

TEST_CASE("a model's file that is cut off or has a byte changed is refused or is still a model",
          "[model][hostile]") {
  const auto bytes = to_safetensors(some_network(), {.extra = {{"a", "b"}}, .golden_pairs = 1});
  for (std::size_t length = 0; length < bytes.size(); length += 7)
    CHECK_THROWS_AS(load_network<float>(ByteSpan(bytes).first(length)), FormatError);
  Random random(1);
  int refused = 0;
  for (int i = 0; i < 400; ++i) {
    auto changed = bytes;
    changed[8 + random.below(changed.size() - 8)] = static_cast<std::byte>(random.below(256));
    try {
      const auto model = load_network<float>(changed);
      CHECK(model.network.parameters().allFinite());
    } catch (const FormatError&) {
      ++refused;
    }
  }
  CHECK(refused > 200);
}
